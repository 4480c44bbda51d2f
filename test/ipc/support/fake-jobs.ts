import type { JobSnapshot } from '../../../electron/contract/jobs'
import { FileClaims, type TouchedFiles } from '../../../electron/main/jobs/file-claims'
import { JobQueue, type StoredJob } from '../../../electron/main/jobs/job-queue'
import type { ResolvedJob } from '../../../electron/main/jobs/job-requests'
import { EngineError, type ErrorData, type JobProgress, type JobRequest } from '../../../engine'

/** A job that a test runs by hand. */
export interface FakeRun {
  readonly request: JobRequest
  report(progress: JobProgress): void
  finish(): void
  fail(error: ErrorData): void
  cancelled: boolean
  paused: boolean
}

/** A queue whose jobs do nothing but what the test says. */
export class FakeJobs {
  readonly runs: FakeRun[] = []
  readonly changes: JobSnapshot[] = []
  readonly removed: string[] = []
  readonly ended: JobSnapshot[] = []
  turns = 0
  limit = 1
  readonly claims = new FileClaims(() => this.queue.startWhatCan())
  readonly queue: JobQueue

  constructor(history: readonly StoredJob[] = []) {
    this.queue = new JobQueue({
      history,
      claims: this.claims,
      limit: () => this.limit,
      start: (request, report) => this.start(request, report),
      onChange: (job) => this.changes.push(job),
      onRemoved: (ids) => this.removed.push(...ids),
      onTurn: () => (this.turns += 1),
      onEnded: (_job, end) => this.ended.push(end),
    })
  }

  /** The run of the job on a path, which must have begun. */
  run(path: string): FakeRun {
    const run = this.runs.findLast(({ request }) => request.path === path)
    if (run === undefined) throw new Error(`No job on ${path} was started`)
    return run
  }

  status(id: string): string | undefined {
    return this.job(id)?.status
  }

  job(id: string): JobSnapshot | undefined {
    return this.queue.snapshots().find((job) => job.id === id)
  }

  private start(
    request: JobRequest,
    report: (progress: JobProgress) => void,
  ): {
    done: Promise<{ kind: JobRequest['kind']; path: string }>
    cancel: () => void
    setPaused: (paused: boolean) => void
  } {
    const { kind, path } = request
    const { promise, resolve, reject } = withResolvers<{ kind: JobRequest['kind']; path: string }>()
    const run: FakeRun = {
      request,
      report,
      finish: () => resolve({ kind, path }),
      fail: (error) => reject(EngineError.fromData(error)),
      cancelled: false,
      paused: false,
    }
    this.runs.push(run)
    return {
      done: promise,
      cancel: () => (run.cancelled = true),
      setPaused: (paused) => (run.paused = paused),
    }
  }
}

function withResolvers<Value>(): {
  promise: Promise<Value>
  resolve: (value: Value) => void
  reject: (error: Error) => void
} {
  let resolve: (value: Value) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A flatten of an overlay that stands on some files. */
export function flattenOf(path: string, ...reads: string[]): ResolvedJob {
  const files: TouchedFiles = { writes: [path, `${path}.data`], reads }
  return { request: { kind: 'flatten', path, verify: false }, imageId: `id of ${path}`, files }
}

export function exportOf(path: string, target: string): ResolvedJob {
  const request = { kind: 'export', path, target, verify: false } as const
  return { request, imageId: `id of ${path}`, files: { writes: [target], reads: [path] } }
}

/** A job that only reads. */
export function checkOf(path: string, ...reads: string[]): ResolvedJob {
  const files: TouchedFiles = { writes: [], reads: [path, ...reads] }
  return { request: { kind: 'check', path, repair: 'none' }, imageId: `id of ${path}`, files }
}

export const CANCELLED: ErrorData = {
  code: 'job/cancelled',
  message: 'The flatten was cancelled',
  details: {},
  state: 'resumable',
}
