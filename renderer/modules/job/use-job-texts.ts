import type { JobSnapshot } from '../../../electron/contract/jobs'
import type { CheckResult } from '../../../engine/model/image'
import { useClock } from '../../composables/use-clock'
import { fileName } from '../../composables/use-error-text'
import { useFormat } from '../../composables/use-format'
import { useText } from '../../composables/use-text'
import { useJobs } from '../../stores/jobs.store'
import { countFindings } from '../check/check-counts'

const STALLED_MS = 10_000

interface JobTexts {
  /** "Flatten vm.add-cow" */
  readonly name: (job: JobSnapshot) => string
  /** "Copying 42 %", "Paused 42 %", or what it does where that cannot be counted. */
  readonly percent: (job: JobSnapshot) => string
  /** "12 GiB of 40 GiB" */
  readonly amount: (job: JobSnapshot) => string | undefined
  /** "210 MiB/s · 2 min left", or that nothing moves. */
  readonly pace: (job: JobSnapshot) => string
  /** What a check found, in a few words. */
  readonly findings: (check: CheckResult) => string
  /** What is on disk now, after a job that did not come to its end. */
  readonly left: (job: JobSnapshot) => string | undefined
}

/** Whether it can be told how far a job is. A check has but one phase, and that is counted. */
export function isCounted(job: JobSnapshot): boolean {
  return job.progress !== undefined && (job.kind === 'check' || job.progress.phase !== 'preparing')
}

/** What there is to say of a job. Follows the clock, as "no progress for 20 s" must. */
export function useJobTexts(): JobTexts {
  const text = useText()
  const format = useFormat()
  const jobs = useJobs()
  const clock = useClock()

  function name(job: JobSnapshot): string {
    return text(`jobKinds.${job.kind}`, { name: fileName(job.path) })
  }

  function percent(job: JobSnapshot): string {
    if (job.progress === undefined) return text(`jobStatus.${job.status}`)
    const { phase, current, total } = job.progress
    if (job.status === 'paused' && isCounted(job))
      return text('jobs.pausedAt', { percent: format.value.percent(current, total) })
    if (job.status !== 'running') return text(`jobStatus.${job.status}`)
    const what = text(`jobPhases.${job.kind === 'check' ? 'checking' : phase}`)
    return isCounted(job) ? `${what} ${format.value.percent(current, total)}` : what
  }

  function amount(job: JobSnapshot): string | undefined {
    if (job.progress === undefined || job.progress.total === 0) return undefined
    return text('jobs.progress', {
      current: format.value.size(job.progress.current),
      total: format.value.size(job.progress.total),
    })
  }

  function pace(job: JobSnapshot): string {
    if (job.status !== 'running') return ''
    const still = clock.value - (jobs.movedAt.get(job.id) ?? clock.value)
    if (still >= STALLED_MS) return text('status.stalled', { time: format.value.duration(still) })
    const parts: string[] = []
    if (job.speed !== undefined) parts.push(format.value.speed(job.speed))
    if (job.timeLeft !== undefined)
      parts.push(text('status.timeLeft', { time: format.value.duration(job.timeLeft) }))
    return parts.join(' · ')
  }

  function findings(check: CheckResult): string {
    const counts = countFindings(check)
    const parts: string[] = []
    if (counts.corruption > 0) parts.push(text.plural('checkDone.corruptions', counts.corruption))
    if (counts.leak > 0) parts.push(text.plural('checkDone.leaks', counts.leak))
    if (counts.notice > 0) parts.push(text.plural('checkDone.notices', counts.notice))
    if (counts.repaired > 0) parts.push(text.plural('checkDone.repaired', counts.repaired))
    return parts.length === 0 ? text('checkDone.clean') : parts.join(' · ')
  }

  function left(job: JobSnapshot): string | undefined {
    if (job.error?.state !== undefined) return text(`dataStates.${job.error.state}`)
    if (job.status === 'cancelled') return text(`jobLeft.${job.kind}`)
    if (job.status === 'interrupted') return text(`jobInterrupted.${job.kind}`)
    return undefined
  }

  return { name, percent, amount, pace, findings, left }
}
