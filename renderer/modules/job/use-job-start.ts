import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { JobId, JobSnapshot, WindowJobRequest } from '../../../electron/contract/jobs'
import type { ImageId } from '../../../electron/contract/library'
import { useAttempt } from '../../composables/use-attempt'
import { useText } from '../../composables/use-text'
import { isEnded, useJobs } from '../../stores/jobs.store'
import { useNotices } from '../../stores/notices.store'
import { useView } from '../../stores/view.store'
import { useJobTexts } from './use-job-texts'

/** A job that is still queued after this waits for another one. */
const QUEUE_MS = 400

export interface JobStart {
  /** The job that was last started here, as it is now. */
  readonly job: ComputedRef<JobSnapshot | undefined>
  /** From the press of the button until the job is started or, with `run`, until it has ended. */
  readonly busy: Readonly<Ref<boolean>>
  /**
   * Starts a job and waits for its end; undefined where it could not be started or the caller is
   * gone by then.
   */
  readonly run: (request: WindowJobRequest) => Promise<JobSnapshot | undefined>
  /** Starts a job and leaves it to the jobs page; tells whether it could be started. */
  readonly launch: (request: WindowJobRequest) => Promise<boolean>
}

/**
 * Starts jobs from a dialog. While it waits for one, the dialog tells how it ends, and nobody else
 * does.
 */
export function useJobStart(imageId: () => ImageId | undefined): JobStart {
  const jobs = useJobs()
  const attempt = useAttempt()
  const notices = useNotices()
  const view = useView()
  const text = useText()
  const texts = useJobTexts()
  const jobId = shallowRef<JobId>()
  const busy = ref(false)
  const releases: (() => void)[] = []
  let gone = false
  const isGone = (): boolean => gone

  async function start(request: WindowJobRequest): Promise<JobId | undefined> {
    if (busy.value) return undefined
    busy.value = true
    const id = await attempt('start', () => jobs.start(request), imageId())
    if (id === undefined) busy.value = false
    return id
  }

  async function run(request: WindowJobRequest): Promise<JobSnapshot | undefined> {
    const id = await start(request)
    if (id === undefined || isGone()) return undefined
    jobId.value = id
    releases.push(jobs.attend(id))
    const ended = await jobs.whenEnded(id)
    busy.value = false
    return isGone() ? undefined : ended
  }

  async function launch(request: WindowJobRequest): Promise<boolean> {
    const id = await start(request)
    busy.value = false
    // every job is queued at first, most of them only for a moment
    if (id !== undefined) setTimeout(announce, QUEUE_MS, id)
    return id !== undefined
  }

  function announce(id: JobId): void {
    const started = jobs.jobs.get(id)
    if (started === undefined || isEnded(started)) return
    const key = started.status === 'queued' ? 'notices.queued' : 'notices.started'
    notices.add({
      tone: 'info',
      about: id,
      text: text(key, { job: texts.name(started) }),
      action: { label: text('notices.showJobs'), run: () => (view.page = 'jobs') },
    })
  }

  onScopeDispose(() => {
    gone = true
    for (const release of releases) release()
  })

  return {
    job: computed(() => (jobId.value === undefined ? undefined : jobs.jobs.get(jobId.value))),
    busy,
    run,
    launch,
  }
}
