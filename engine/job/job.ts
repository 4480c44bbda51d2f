import { EngineError, type DataState, isEngineError } from '../base/errors'
import type { Host } from '../host/host'
import type { JobPlan, JobProgress, JobRequest, JobResult } from '../model/job'

/** What a job is given to be steered by and to tell how far it is. */
export interface JobControl {
  readonly signal: AbortSignal
  report(progress: JobProgress): void
  /** Resolves when a paused job may go on; undefined while it is not paused. */
  paused?(): Promise<void> | undefined
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

/**
 * The place between two steps of a job where it can be watched, paused and cancelled
 * (`job/cancelled`).
 */
export async function betweenSteps(
  control: JobControl,
  stopping: { readonly what: string; readonly state: DataState },
  progress: JobProgress,
): Promise<void> {
  throwIfCancelled(control.signal, stopping.what, stopping.state)
  control.report(progress)
  await control.paused?.()
  throwIfCancelled(control.signal, stopping.what, stopping.state)
}

/** The same error with the state that is left behind, where it does not tell one. */
export function withState(error: unknown, state: DataState): unknown {
  if (!isEngineError(error) || error.state !== undefined) return error
  const { code, message, details, cause } = error
  return new EngineError(code, message, details, { cause, state })
}
