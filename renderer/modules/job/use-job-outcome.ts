import {
  CircleAlert,
  CircleCheck,
  CirclePause,
  CircleSlash,
  CircleX,
  Clock3,
  LoaderCircle,
  TriangleAlert,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { JobSnapshot, JobStatus } from '../../../electron/contract/jobs'
import type { CompareResult } from '../../../engine/model/job'
import { fileName, useErrorText } from '../../composables/use-error-text'
import { useFormat } from '../../composables/use-format'
import { useText } from '../../composables/use-text'
import { isEnded } from '../../stores/jobs.store'
import { verdict } from '../check/check-counts'
import { useJobTexts } from './use-job-texts'

export interface JobLook {
  readonly icon: Component
  readonly tone: 'busy' | 'ok' | 'warn' | 'danger' | 'soft'
}

const LOOKS: Readonly<Record<JobStatus, JobLook>> = {
  queued: { icon: Clock3, tone: 'soft' },
  running: { icon: LoaderCircle, tone: 'busy' },
  paused: { icon: CirclePause, tone: 'soft' },
  cancelling: { icon: LoaderCircle, tone: 'soft' },
  done: { icon: CircleCheck, tone: 'ok' },
  failed: { icon: CircleX, tone: 'danger' },
  cancelled: { icon: CircleSlash, tone: 'soft' },
  interrupted: { icon: TriangleAlert, tone: 'warn' },
}
const FOUND: JobLook = { icon: CircleAlert, tone: 'warn' }

interface JobOutcome {
  readonly look: (job: JobSnapshot) => JobLook
  /** How it ended, in a line; undefined while it has not. */
  readonly outcome: (job: JobSnapshot) => string | undefined
  /** When it began, or when it ended and how long it took. */
  readonly when: (job: JobSnapshot) => string | undefined
  /** What became of the file that was to go to the trash. */
  readonly trashed: (job: JobSnapshot) => string | undefined
  /** The file that it works on, or where it leads to. */
  readonly place: (job: JobSnapshot) => string
}

/** What there is to say of how a job went. */
export function useJobOutcome(): JobOutcome {
  const text = useText()
  const format = useFormat()
  const texts = useJobTexts()
  const describe = useErrorText()

  function look(job: JobSnapshot): JobLook {
    const check = job.result?.check
    const clean = check === undefined || ['clean', 'notices'].includes(verdict(check))
    const isSame = job.result?.compare?.identical !== false
    return clean && isSame ? LOOKS[job.status] : FOUND
  }

  function outcome(job: JobSnapshot): string | undefined {
    const { status, kind, error, result } = job
    if (result?.check !== undefined) return texts.findings(result.check)
    if (result?.compare !== undefined) return compared(result.compare)
    if (status === 'failed' && error !== undefined) {
      const { title, why } = describe(error)
      return `${title}. ${why}`
    }
    if (status === 'done' && kind === 'flatten') {
      const kept = job.trashed === undefined || job.trashed.error !== undefined
      return kept ? `${text('flattenDone')} ${text('overlayKept')}` : text('flattenDone')
    }
    if (status === 'done' && result?.bytesCopied !== undefined)
      return text('jobs.copied', { size: format.value.size(result.bytesCopied) })
    return isEnded(job) ? text(`jobStatus.${status}`) : undefined
  }

  function compared({ identical, ranges, more, differingBytes }: CompareResult): string {
    if (identical) return text('compareDone.same')
    const size = format.value.size(differingBytes)
    if (more) return text('compareDone.differMore', { size })
    return text.plural('compareDone.differ', ranges.length, { size })
  }

  function when({ startedAt, endedAt }: JobSnapshot): string | undefined {
    const { date, duration } = format.value
    if (endedAt === undefined)
      return startedAt === undefined ? undefined : text('jobs.startedAt', { time: date(startedAt) })
    const time = date(endedAt)
    if (startedAt === undefined) return time
    return text('jobs.endedAt', { time, duration: duration(endedAt - startedAt) })
  }

  function trashed({ trashed: told }: JobSnapshot): string | undefined {
    if (told === undefined) return undefined
    const name = fileName(told.path)
    return text(told.error === undefined ? 'trash.done' : 'trash.failed', { name })
  }

  function place({ kind, path, target }: JobSnapshot): string {
    if (kind === 'compare' && target) return text('jobs.withTarget', { target })
    if (kind !== 'rebase') return target ? text('jobs.toTarget', { target }) : path
    return target ? text('jobs.ontoTarget', { target }) : text('jobs.ontoNothing')
  }

  return { look, outcome, when, trashed, place }
}
