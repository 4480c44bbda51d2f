import { type ByteRange, splitRange } from '../base/byte-range'
import { EngineError, type DataState, isEngineError } from '../base/errors'
import { throwFirstFailure } from '../base/settled'
import { GIB, MIB } from '../base/units'
import type { Host } from '../host/host'
import type { JobPlan, JobProgress, JobRequest, JobResult } from '../model/job'

/** How much a job does at a time, in bytes. */
export interface JobPace {
  /** Between two looks at the control. A multiple of each cluster of what the job writes. */
  readonly step: number
  /**
   * Copied bytes after which a job that changes an image in place makes everything durable, at the
   * end of a step: what a crash may make it copy again.
   */
  readonly durableEvery: number
}

const USUAL_PACE: JobPace = { step: 32 * MIB, durableEvery: GIB }

/** What a job is given to be steered by and to tell how far it is. */
export interface JobControl {
  readonly signal: AbortSignal
  report(progress: JobProgress): void
  /** Resolves when a paused job may go on; undefined while it is not paused. */
  paused?(): Promise<void> | undefined
  /** Steps of 32 MiB, made durable every GiB, where absent. */
  readonly pace?: JobPace
}

/** How much a job does at a time. */
export function paceOf({ pace = USUAL_PACE }: JobControl): JobPace {
  return pace
}

/**
 * The one shape of all jobs. `plan` changes nothing, and throws what would keep the job from
 * starting; `run` looks at the same things again, as time has passed.
 */
export interface Job<Request extends JobRequest> {
  /** What an error or a cancel leaves behind where it does not say itself. */
  readonly stateWhenStopped: DataState
  plan(host: Host, request: Request): Promise<JobPlan>
  run(host: Host, request: Request, control: JobControl): Promise<JobResult>
}

/** Stops a job that was cancelled, with `job/cancelled`. To be called between two steps. */
export function throwIfCancelled(signal: AbortSignal, what: string, state: DataState): void {
  if (!signal.aborted) return
  throw new EngineError('job/cancelled', `${what} was cancelled`, {}, { state })
}

/** What a job that is stopped between two steps says of itself. */
export interface Stopping {
  /** As the start of a sentence. */
  readonly what: string
  readonly state: DataState
}

/**
 * The place between two steps of a job where it can be watched, paused and cancelled
 * (`job/cancelled`).
 */
export async function betweenSteps(
  control: JobControl,
  stopping: Stopping,
  progress: JobProgress,
): Promise<void> {
  throwIfCancelled(control.signal, stopping.what, stopping.state)
  control.report(progress)
  await control.paused?.()
  throwIfCancelled(control.signal, stopping.what, stopping.state)
}

/** The steps of a disk of `total` bytes, ascending. Can be stopped before each; see above. */
export async function* stepsOf(
  control: JobControl,
  stopping: Stopping,
  { phase, total }: Pick<JobProgress, 'phase' | 'total'>,
): AsyncGenerator<ByteRange> {
  for (const range of splitRange({ offset: 0, length: total }, paceOf(control).step)) {
    await betweenSteps(control, stopping, { phase, current: range.offset, total })
    yield range
  }
}

/**
 * Copies a disk of `total` bytes in steps, ascending, two of them under way at a time: the device
 * has work while one ends and the next one begins. Where one fails no other is begun, and that
 * one's error is thrown when the other has ended. Can be stopped between two steps as betweenSteps
 * says.
 */
export async function overlappingSteps(
  control: JobControl,
  stopping: Stopping,
  total: number,
  work: (range: ByteRange) => Promise<void>,
): Promise<void> {
  // both take from one generator: each range is done once, and none any more where one fails
  const ranges = splitRange({ offset: 0, length: total }, paceOf(control).step)
  const goOn = async (): Promise<void> => {
    for (const range of ranges) {
      await betweenSteps(control, stopping, { phase: 'copying', current: range.offset, total })
      await work(range)
    }
  }
  throwFirstFailure(await Promise.allSettled([goOn(), goOn()]))
}

/** The same error with the state that is left behind, where it does not tell one. */
export function withState(error: unknown, state: DataState): unknown {
  if (!isEngineError(error) || error.state !== undefined) return error
  const { code, message, details, cause } = error
  return new EngineError(code, message, details, { cause, state })
}
