import { randomUUID } from 'node:crypto'
import {
  EngineError,
  type ErrorData,
  type JobProgress,
  type JobRequest,
  type JobResult,
  toErrorData,
} from '../../../engine'
import type { JobId, JobSnapshot, JobStatus } from '../../contract/jobs'
import type { ImageId } from '../../contract/library'
import { type FileClaims, type TouchedFiles, conflict } from './file-claims'
import type { ResolvedJob } from './job-requests'
import { NEVER_BEGUN, asOfNow, canGoOn, hasEnded, isKept, isPausable, isQuick } from './job-rules'
import { type Pace, SpeedMeter } from './speed-meter'

/** Ended jobs that are remembered. */
const MAX_HISTORY = 500
/** How often speed and time left are worked out anew while no progress comes. */
const TICK_MS = 1000

export interface RunningJob {
  readonly done: Promise<JobResult>
  readonly cancel: () => void
  /** Lets the job rest at its next step, or go on. */
  readonly setPaused: (paused: boolean) => void
}

/** A job as it is kept between two starts: with its work, where it can go on with that. */
export interface StoredJob extends JobSnapshot {
  readonly work?: ResolvedJob
}

export interface JobQueueOptions {
  /** Jobs of earlier starts; those that had not ended become `interrupted`. */
  readonly history: readonly StoredJob[]
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
  meter: SpeedMeter
  pace: Pace
  running?: RunningJob
}

/**
 * All jobs: those that wait, in the order in which they came, those that run, and those that ended.
 * A job waits while as many run as may (unless it is a quick one), and while another one that
 * touches the same files runs or waits before it. A paused job keeps its files, but not its turn.
 */
export class JobQueue {
  /** Oldest first; without speed and time left, which are of the moment. */
  private readonly jobs = new Map<JobId, JobSnapshot>()
  private readonly work = new Map<JobId, Work>()
  /** What ended jobs can go on with. */
  private readonly unfinished = new Map<JobId, ResolvedJob>()
  private ticker: NodeJS.Timeout | undefined
  private idleWaiters: (() => void)[] = []

  constructor(private readonly options: JobQueueOptions) {
    for (const { work, ...job } of options.history) {
      this.jobs.set(job.id, asOfNow(job, work !== undefined))
      if (work !== undefined) this.unfinished.set(job.id, work)
    }
  }

  snapshots(): readonly JobSnapshot[] {
    return [...this.jobs.values()].map((job) => ({ ...job, ...this.work.get(job.id)?.pace }))
  }

  /** All that the next start has to know. */
  stored(): readonly StoredJob[] {
    return [...this.jobs.values()].map(withoutRanges).map((job) => {
      const work = this.unfinished.get(job.id) ?? this.work.get(job.id)?.job
      return work !== undefined && isKept(job.kind) ? { ...job, work } : job
    })
  }

  /** Jobs that have not ended. */
  active(): readonly JobSnapshot[] {
    return this.snapshots().filter((job) => !hasEnded(job))
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
    return this.enqueue(randomUUID(), job)
  }

  /** What a job that ended before its goal can go on with; `invalid-argument` where it cannot. */
  leftBy(id: JobId): ResolvedJob {
    const job = this.unfinished.get(id)
    if (job !== undefined) return job
    throw new EngineError('invalid-argument', 'This job cannot go on', {}, { state: 'unchanged' })
  }

  /** Lets a job that ended before its goal go on, as the same job. Errors: those of `leftBy`. */
  goOn(id: JobId): void {
    const job = this.leftBy(id)
    this.unfinished.delete(id)
    // it stands at the end of the line, as one that has just come
    this.jobs.delete(id)
    this.enqueue(id, job)
  }

  private enqueue(id: JobId, job: ResolvedJob): JobId {
    const { request, imageId } = job
    this.work.set(id, { job, meter: new SpeedMeter(), pace: {} })
    this.set({
      id,
      kind: request.kind,
      status: 'queued',
      ...(isPausable(request.kind) && { canPause: true }),
      // what is made has no id yet
      ...(request.kind !== 'create' && { imageId }),
      path: request.path,
      ...targetOf(job),
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
        const hasTurn = isQuick(request) || this.runningLong() < this.options.limit()
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

  /** Lets a running job rest, and others take its turn. Does nothing to one that has no steps. */
  pause(id: JobId): void {
    const work = this.work.get(id)
    const job = this.jobs.get(id)
    if (work?.running === undefined || job?.status !== 'running' || job.canPause !== true) return
    work.running.setPaused(true)
    work.pace = {}
    this.update(id, { status: 'paused' })
    this.options.onTurn()
    this.startWhatCan()
  }

  /** Lets a paused job go on at once, even where as many run as may. */
  resume(id: JobId): void {
    const work = this.work.get(id)
    if (work?.running === undefined || this.jobs.get(id)?.status !== 'paused') return
    work.meter = new SpeedMeter()
    work.running.setPaused(false)
    this.update(id, { status: 'running' })
    this.options.onTurn()
  }

  cancelAll(): void {
    for (const id of [...this.work.keys()].reverse()) this.cancel(id)
  }

  /** Takes jobs that have ended out of the list; they stay part of the history of their images. */
  clear(ids: readonly JobId[]): void {
    const ended = ids.filter((id) => this.jobs.has(id) && !this.work.has(id))
    for (const id of ended) this.update(id, { cleared: true })
    if (ended.length > 0) this.options.onTurn()
  }

  /** Names the image that came of a job, as soon as the library knows it. */
  setImage(id: JobId, imageId: ImageId): void {
    if (this.jobs.has(id)) this.update(id, { imageId })
  }

  /** Keeps what became of the file that was to go to the trash after a job. */
  setTrashed(id: JobId, trashed: NonNullable<JobSnapshot['trashed']>): void {
    if (this.jobs.has(id)) this.update(id, { trashed })
    this.options.onTurn()
  }

  /** Hands the history of an image on to the one that stands in its place. */
  reassign(from: ImageId, to: ImageId): void {
    for (const job of this.jobs.values()) {
      if (job.imageId === from) this.update(job.id, { imageId: to })
    }
  }

  private running(): readonly Work[] {
    return [...this.work.values()].filter((work) => work.running !== undefined)
  }

  private runningLong(): number {
    const busy = [...this.jobs.values()].filter((job) => {
      const work = this.work.get(job.id)
      if (work?.running === undefined || job.status === 'paused') return false
      return !isQuick(work.job.request)
    })
    return busy.length
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
    const goesOn = 'error' in outcome && canGoOn(work.job.request.kind, outcome.error)
    if (goesOn) this.unfinished.set(id, work.job)
    const told = { status, endedAt: Date.now(), ...outcome }
    const end = this.update(id, goesOn ? { ...told, canGoOn: true } : told)
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
    // the step in which it was paused may still come to its end
    if (this.jobs.get(id)?.status === 'running') work.pace = work.meter.pace(Date.now())
    this.update(id, { progress })
  }

  private tick(): void {
    for (const [id, work] of this.work) {
      if (this.jobs.get(id)?.status !== 'running') continue
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
    const ended = this.snapshots().filter((job) => hasEnded(job))
    const dropped = ended.slice(0, -MAX_HISTORY).map((job) => job.id)
    for (const id of dropped) {
      this.jobs.delete(id)
      this.unfinished.delete(id)
    }
    if (dropped.length > 0) this.options.onRemoved(dropped)
  }
}

/** What a job makes, leads to or looks at, beside the image it works on. */
function targetOf({ request, otherId }: ResolvedJob): Pick<JobSnapshot, 'target' | 'otherId'> {
  if ('target' in request) return { target: request.target }
  if (request.kind === 'compare')
    return { target: request.other, ...(otherId !== undefined && { otherId }) }
  return request.kind === 'rebase' ? { target: request.backingFile } : {}
}

/** Where two disks differ may be very long, and is of use only while both are as they were. */
function withoutRanges(job: JobSnapshot): JobSnapshot {
  const { result } = job
  if (result?.compare === undefined || result.compare.ranges.length === 0) return job
  return { ...job, result: { ...result, compare: { ...result.compare, ranges: [], more: true } } }
}
