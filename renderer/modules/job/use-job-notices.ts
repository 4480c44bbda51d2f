import { onScopeDispose } from 'vue'
import type { JobSnapshot } from '../../../electron/contract/jobs'
import { listen } from '../../bridge'
import { fileName } from '../../composables/use-error-text'
import { useText } from '../../composables/use-text'
import { useDialogs } from '../../stores/dialogs.store'
import { isEnded, useJobs } from '../../stores/jobs.store'
import { useNotices } from '../../stores/notices.store'
import { useView } from '../../stores/view.store'
import { jobFailure } from './job-failure'
import { useJobOutcome } from './use-job-outcome'
import { useJobTexts } from './use-job-texts'

/**
 * Tells when a job begins and how it ends, unless a dialog does or the person is looking at the
 * jobs.
 */
export function useJobNotices(): void {
  const text = useText()
  const texts = useJobTexts()
  const outcome = useJobOutcome()
  const jobs = useJobs()
  const notices = useNotices()
  const dialogs = useDialogs()
  const view = useView()

  function told(job: JobSnapshot): boolean {
    return jobs.isAttended(job.id) || view.page === 'jobs'
  }

  function detail(job: JobSnapshot): string | undefined {
    if (job.result?.check !== undefined) return texts.findings(job.result.check)
    return job.kind === 'flatten' && job.status === 'done' ? text('flattenDone') : undefined
  }

  function announceEnd(job: JobSnapshot): void {
    const name = texts.name(job)
    if (job.status === 'done')
      notices.add({
        ...{ tone: 'ok', about: job.id },
        ...{ text: text('notices.done', { job: name }), detail: detail(job) },
      })
    const failure = job.status === 'failed' ? jobFailure(job, text) : undefined
    if (failure !== undefined)
      notices.add({
        tone: 'danger',
        about: job.id,
        text: failure.title,
        detail: fileName(job.path),
        action: { label: text('jobs.errorDetails'), run: () => dialogs.fail(failure) },
      })
  }

  /** Said wherever one is: a file of one's own went away, or did not. */
  function announceTrash(job: JobSnapshot): void {
    const words = outcome.trashed(job)
    const error = job.trashed?.error
    if (words === undefined) return
    const failure = error && { error, title: text('failure.commands.trash') }
    notices.add({
      tone: failure === undefined ? 'ok' : 'danger',
      text: words,
      action: failure && { label: text('jobs.errorDetails'), run: () => dialogs.fail(failure) },
    })
  }

  const silence = listen('job.changed', (job) => {
    const before = jobs.jobs.get(job.id)
    jobs.apply(job)
    if (before?.trashed === undefined) announceTrash(job)
    if (told(job) || !isEnded(job) || (before !== undefined && isEnded(before))) return
    announceEnd(job)
  })
  onScopeDispose(silence)
}
