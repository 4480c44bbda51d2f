import type { ErrorData, JobKind, JobRequest } from '../../../engine'
import type { JobSnapshot, JobStatus } from '../../contract/jobs'

/** Jobs that move no data: over in a moment, so nobody should wait for a long one to begin them. */
const QUICK: ReadonlySet<JobKind> = new Set(['create', 'resize'])

/** Jobs that work in steps, with a look in between at whether they should rest. */
const PAUSABLE: ReadonlySet<JobKind> = new Set([
  'check',
  'flatten',
  'export',
  'export-overlay',
  'import-overlay',
  'commit',
  'rebase',
  'compare',
  'measure',
  'move',
])

/** Jobs whose files say how far they are: the same work again goes on from there. */
const GOES_ON: ReadonlySet<JobKind> = new Set(['flatten', 'check', 'commit', 'rebase'])

const ENDED: ReadonlySet<JobStatus> = new Set(['done', 'failed', 'cancelled', 'interrupted'])

/** The end of a job that was cancelled while it waited. */
export const NEVER_BEGUN: ErrorData = {
  code: 'job/cancelled',
  message: 'The job was cancelled before it began',
  details: {},
  state: 'unchanged',
}

export function isQuick(request: JobRequest): boolean {
  if (request.kind === 'rebase') return request.namesOnly
  // to look at the bitmap alone is a moment's work
  if (request.kind === 'measure') return !request.compareWithBase
  return QUICK.has(request.kind)
}

export function isPausable(kind: JobKind): boolean {
  return PAUSABLE.has(kind)
}

/** Whether the work of such a job is kept, for another start to go on with. */
export function isKept(kind: JobKind): boolean {
  return GOES_ON.has(kind)
}

export function hasEnded({ status }: JobSnapshot): boolean {
  return ENDED.has(status)
}

/** Whether what an error left behind can be taken up again, or was never begun. */
export function canGoOn(kind: JobKind, error: ErrorData): boolean {
  return GOES_ON.has(kind) && (error.state === 'resumable' || error === NEVER_BEGUN)
}

/** A job of an earlier start, which does not go on by itself; `kept`: its work is known. */
export function asOfNow(job: JobSnapshot, kept: boolean): JobSnapshot {
  if (hasEnded(job)) return job
  return { ...job, status: 'interrupted', ...(kept && { canGoOn: true }) }
}
