import { isEngineError } from '../base/errors'
import type { Host } from '../host/host'
import type { JobPlan, JobRequest, JobResult } from '../model/job'
import { checkJob } from './check'
import { commitJob } from './commit'
import { compareJob } from './compare'
import { createJob } from './create'
import { exportJob } from './export'
import { exportOverlayJob } from './export-overlay'
import { flattenJob } from './flatten'
import { importOverlayJob } from './import-overlay'
import { type Job, type JobControl, withState } from './job'
import { measureJob } from './measure'
import { moveJob } from './move'
import { rebaseJob } from './rebase'
import { resizeJob } from './resize'

/**
 * What a job would do. Changes nothing. What keeps the job from starting is among the plan's
 * problems, never thrown; then the figures that could not be found are zero or absent.
 */
export async function planJob(host: Host, request: JobRequest): Promise<JobPlan> {
  try {
    return await withJob(request, (job, own) => job.plan(host, own))
  } catch (error) {
    if (!isEngineError(error)) throw error
    const { kind } = request
    const problems = [error.toData()]
    const nothing = { warnings: [], files: [], bytesToCopy: 0, spaceNeeded: 0, commandLine: '' }
    return { kind, problems, ...nothing }
  }
}

/**
 * Does a job. Errors are EngineErrors whose `state` says what is left behind; `job/cancelled` where
 * the signal was aborted.
 */
export async function runJob(
  host: Host,
  request: JobRequest,
  control: JobControl,
): Promise<JobResult> {
  return await withJob(request, async (job, own) => {
    try {
      return await job.run(host, own, control)
    } catch (error) {
      throw withState(error, job.stateWhenStopped)
    }
  })
}

/** Hands a request to `use` with the job of its kind. */
function withJob<Result>(
  request: JobRequest,
  use: <Request extends JobRequest>(job: Job<Request>, request: Request) => Result,
): Result {
  switch (request.kind) {
    case 'create':
      return use(createJob, request)
    case 'resize':
      return use(resizeJob, request)
    case 'check':
      return use(checkJob, request)
    case 'flatten':
      return use(flattenJob, request)
    case 'export':
      return use(exportJob, request)
    case 'export-overlay':
      return use(exportOverlayJob, request)
    case 'import-overlay':
      return use(importOverlayJob, request)
    case 'commit':
      return use(commitJob, request)
    case 'rebase':
      return use(rebaseJob, request)
    case 'move':
      return use(moveJob, request)
    case 'measure':
      return use(measureJob, request)
    case 'compare':
      return use(compareJob, request)
  }
}
