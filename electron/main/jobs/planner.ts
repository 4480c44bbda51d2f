import pLimit from 'p-limit'
import { EngineError, type ErrorData, type JobPlan, type JobRequest } from '../../../engine'
import type { FileClaims } from './file-claims'
import type { ResolvedJob } from './job-requests'

export interface PlannerOptions {
  readonly claims: FileClaims
  readonly plan: (request: JobRequest) => Promise<JobPlan>
  /** Told of what the engine says against a job. */
  readonly onProblem: (problem: ErrorData) => void
}

/**
 * Works out plans, one at a time: for some of them the engine opens an image as the job will, which
 * two cannot do at once. While it does, no job that touches the same files begins.
 */
export class Planner {
  private readonly limit = pLimit(1)

  constructor(private readonly options: PlannerOptions) {}

  /** `obstacle` is what is known against the job before it is looked at. */
  async work({ request, files }: ResolvedJob, obstacle?: ErrorData): Promise<JobPlan> {
    const { claims, plan, onProblem } = this.options
    return await this.limit(async () => {
      if (obstacle !== undefined) return refused(request, obstacle)
      if (claims.conflicts(files)) return refused(request, inUse(request.path))
      const release = claims.claim(files)
      try {
        const found = await plan(request)
        found.problems.forEach(onProblem)
        return found
      } finally {
        release()
      }
    })
  }
}

function inUse(path: string): ErrorData {
  const message = `A job of this application is working on ${path} or on what lies below it`
  return new EngineError('in-use', message, { path }, { state: 'unchanged' }).toData()
}

function refused({ kind }: JobRequest, problem: ErrorData): JobPlan {
  const nothing = { warnings: [], files: [], bytesToCopy: 0, spaceNeeded: 0, commandLine: '' }
  return { kind, problems: [problem], ...nothing }
}
