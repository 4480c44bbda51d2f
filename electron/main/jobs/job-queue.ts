import { randomUUID } from 'node:crypto'
import {
  EngineError,
  type ErrorData,
  type JobKind,
  type JobProgress,
  type JobRequest,
  type JobResult,
  toErrorData,
} from '../../../engine'
import type { JobId, JobSnapshot, JobStatus } from '../../contract/jobs'
import type { ImageId } from '../../contract/library'
import { type FileClaims, type TouchedFiles, conflict } from './file-claims'
import type { ResolvedJob } from './job-requests'
import { type Pace, SpeedMeter } from './speed-meter'

/** Ended jobs that are remembered. */
const MAX_HISTORY = 500
/** How often speed and time left are worked out anew while no progress comes. */
const TICK_MS = 1000

export interface RunningJob {
  readonly done: Promise<JobResult>
  readonly cancel: () => void
}

export interface JobQueueOptions {
  /** Jobs of earlier starts; those that had not ended become `interrupted`. */
  readonly history: readonly JobSnapshot[]
  readonly claims: FileClaims
  readonly start: (request: JobRequest, report: (progress: JobProgress) => void) => RunningJob
  /** Long jobs that may run at the same time, at least 1. */
  readonly limit: () => number
  readonly onChange: (job: JobSnapshot) => void
  readonly onRemoved: (ids: readonly JobId[]) => void
  /** A job was added, began, ended or is to end; unlike `onChange`, not for mere progress. */
  readonly onTurn: () => void
  readonly onEnded: (job: ResolvedJob, end: JobSnapshot) => void
}

/** A job that has not ended. */
interface Work {
  readonly job: ResolvedJob
  readonly meter: SpeedMeter
  pace: Pace
  running?: RunningJob
}

/** Jobs that move no data: over in a moment, so nobody should wait for a long one to begin them. */
const QUICK: ReadonlySet<JobKind> = new Set(['create', 'resize'])

const ENDED: ReadonlySet<JobStatus> = new Set(['done', 'failed', 'cancelled', 'interrupted'])

/**
 * All jobs: those that wait, in the order in which they came, those that run, and those that ended.
 * A job waits while as many run as may (unless it is a quick one), and while another one that
 * touches the same files runs or waits before it.
 */
export class JobQueue {
  /** Oldest first; without speed and time left, which are of the moment. */
  private readonly jobs = new Map<JobId, JobSnapshot>()
  private readonly work = new Map<JobId, Work>()
  private ticker: NodeJS.Timeout | undefined
  private idleWaiters: (() => void)[] = []

  constructor(private readonly options: JobQueueOptions) {
    for (const job of options.history) this.jobs.set(job.id, asOfNow(job))
  }

  snapshots(): readonly JobSnapshot[] {
    return [...this.jobs.values()].map((job) => ({ ...job, ...this.work.get(job.id)?.pace }))
  }

  /** Jobs that have not ended. */
  active(): readonly JobSnapshot[] {
    return this.snapshots().filter((job) => !ENDED.has(job.status))
  }

  /** Resolves when no job waits or runs. */
  async whenIdle(): Promise<void> {
    if (this.work.size === 0) return
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve))
  }

  /** The files that running jobs write to. */
  filesWritten(): ReadonlySet<string> {
    return new Set(this.running().flatMap((work) => work.job.files.writes))
  }

  add(job: ResolvedJob): JobId {
    const id = randomUUID()
    const { request, imageId } = job
    this.work.set(id, { job, meter: new SpeedMeter(), pace: {} })
    this.set({
      id,
      kind: request.kind,
      status: 'queued',
      // what is made has no id yet
      ...(request.kind !== 'create' && { imageId }),
      path: request.path,
      ...(request.kind === 'export' && { target: request.target }),
      createdAt: Date.now(),
    })
    this.options.onTurn()
    this.startWhatCan()
    return id
  }

  /** Starts jobs that wait for nothing any more: after files were released or the limit raised. */
  startWhatCan(): void {
    const before: TouchedFiles[] = []
    for (const [id, work] of this.work) {
      const { files, request } = work.job
      if (work.running === undefined) {
        const hasTurn = QUICK.has(request.kind) || this.runningLong() < this.options.limit()
        const free = !before.some((earlier) => conflict(earlier, files))
        if (hasTurn && free && !this.options.claims.conflicts(files)) this.start(id, work)
      }
      before.push(files)
    }
  }

  /** Ends a job that waits, and asks one that runs to stop. Does nothing to one that has ended. */
  cancel(id: JobId): void {
    const work = this.work.get(id)
    if (work === undefined) return
    if (work.running === undefined) {
      this.end(id, work, 'cancelled', { error: NEVER_BEGUN })
      this.startWhatCan()
    } else {
      this.update(id, { status: 'cancelling' })
      this.options.onTurn()
      work.running.cancel()
    }
  }

  cancelAll(): void {
    for (const id of [...this.work.keys()].reverse()) this.cancel(id)
  }

  /** Forgets jobs that have ended; others stay. */
  clear(ids: readonly JobId[]): void {
    const ended = ids.filter((id) => this.jobs.has(id) && !this.work.has(id))
    for (const id of ended) this.jobs.delete(id)
    if (ended.length > 0) this.options.onRemoved(ended)
  }

  /** Names the image that came of a job, as soon as the library knows it. */
  setImage(id: JobId, imageId: ImageId): void {
    if (this.jobs.has(id)) this.update(id, { imageId })
  }

  private running(): readonly Work[] {
    return [...this.work.values()].filter((work) => work.running !== undefined)
  }

  private runningLong(): number {
    return this.running().filter(({ job }) => !QUICK.has(job.request.kind)).length
  }

  private start(id: JobId, work: Work): void {
    const { request, files } = work.job
    const release = this.options.claims.claim(files)
    const running = this.options.start(request, (progress) => this.report(id, work, progress))
    work.running = running
    this.update(id, { status: 'running', startedAt: Date.now() })
    this.options.onTurn()
    this.ticker ??= setInterval(() => this.tick(), TICK_MS)
    void this.finish(id, work, running).finally(release)
  }

  private async finish(id: JobId, work: Work, running: RunningJob): Promise<void> {
    try {
      const result = await running.done
      this.end(id, work, 'done', { result })
    } catch (thrown) {
      const error = toErrorData(thrown)
      this.end(id, work, error.code === 'job/cancelled' ? 'cancelled' : 'failed', { error })
    }
  }

  private end(
    id: JobId,
    work: Work,
    status: JobStatus,
    outcome: { result: JobResult } | { error: ErrorData },
  ): void {
    this.work.delete(id)
    if (this.running().length === 0) {
      clearInterval(this.ticker)
      this.ticker = undefined
    }
    const end = this.update(id, { status, endedAt: Date.now(), ...outcome })
    this.dropOldest()
    this.options.onTurn()
    this.options.onEnded(work.job, end)
    if (this.work.size > 0) return
    for (const resolve of this.idleWaiters) resolve()
    this.idleWaiters = []
  }

  private report(id: JobId, work: Work, progress: JobProgress): void {
    if (!this.work.has(id)) return
    work.meter.add(progress, Date.now())
    work.pace = work.meter.pace(Date.now())
    this.update(id, { progress })
  }

  private tick(): void {
    for (const [id, work] of this.work) {
      if (work.running === undefined) continue
      work.pace = work.meter.pace(Date.now())
      this.update(id, {})
    }
  }

  private update(id: JobId, change: Partial<JobSnapshot>): JobSnapshot {
    const job = this.jobs.get(id)
    if (job === undefined) throw new EngineError('internal', `There is no job ${id}`)
    return this.set({ ...job, ...change })
  }

  private set(job: JobSnapshot): JobSnapshot {
    this.jobs.set(job.id, job)
    this.options.onChange({ ...job, ...this.work.get(job.id)?.pace })
    return job
  }

  private dropOldest(): void {
    const ended = this.snapshots().filter((job) => ENDED.has(job.status))
    this.clear(ended.slice(0, -MAX_HISTORY).map((job) => job.id))
  }
}

const NEVER_BEGUN: ErrorData = {
  code: 'job/cancelled',
  message: 'The job was cancelled before it began',
  details: {},
  state: 'unchanged',
}

/** A job of an earlier start, which cannot go on by itself. */
function asOfNow(job: JobSnapshot): JobSnapshot {
  return ENDED.has(job.status) ? job : { ...job, status: 'interrupted' }
}
