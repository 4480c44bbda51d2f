import type { JobId, JobSnapshot } from '../../contract/jobs'
import type { AgreedNames } from '../agreed-names'
import type { EngineThreads } from '../engine-threads'
import type { LibraryParts } from '../library'
import type { Log } from '../log'
import { afterJob } from './after-job'
import { FileClaims } from './file-claims'
import { JobQueue, type StoredJob } from './job-queue'
import { hasEnded } from './job-rules'
import { Planner } from './planner'

export interface JobParts {
  readonly claims: FileClaims
  readonly queue: JobQueue
  readonly planner: Planner
}

export interface JobPartsOptions {
  readonly history: readonly StoredJob[]
  readonly agreed: AgreedNames
  readonly engine: EngineThreads
  readonly libraryParts: LibraryParts
  readonly limit: () => number
  readonly onChange: (job: JobSnapshot) => void
  readonly onRemoved: (ids: readonly JobId[]) => void
  /** The jobs are to be kept anew, and may write to other files than before. */
  readonly onTurn: (queue: JobQueue) => void
  readonly onEnded: (job: JobSnapshot) => void
  /** Moves a file to the trash of the desktop. */
  readonly trash: (path: string) => Promise<void>
  readonly log: Log
}

/** The queue and what goes with it: plans beforehand, and the library afterwards. */
export function createJobs(options: JobPartsOptions): JobParts {
  const { history, agreed, engine, libraryParts, limit, log } = options
  const claims = new FileClaims(() => queue.startWhatCan())
  const queue = new JobQueue({
    ...{ history, claims, limit },
    start: (request, report) => engine.run(request, report),
    onChange: options.onChange,
    onRemoved: options.onRemoved,
    onTurn: () => options.onTurn(queue),
    onEnded: (job, end) => {
      log.info(`Job ${end.kind} on ${end.path}: ${end.status}`, ...(end.error ? [end.error] : []))
      options.onEnded(end)
      if (end.error !== undefined) agreed.note(end.error)
      afterJob(job, end, { ...libraryParts, queue, trash: options.trash }).catch(
        (error: unknown) => {
          log.error(`After job ${end.kind} on ${end.path}`, error)
        },
      )
    },
  })
  for (const { error } of history) if (error !== undefined) agreed.note(error)
  settleInterrupted(history, libraryParts)
  const planner = new Planner({
    claims,
    plan: (request) => engine.call('plan', request),
    onProblem: (problem) => agreed.note(problem),
  })
  return { claims, queue, planner }
}

/**
 * What jobs left that were cut short by the end of the application: a flatten goes on from where it
 * was, a resize should be looked at, a commit has changed the base by our own doing.
 */
function settleInterrupted(history: readonly JobSnapshot[], { library }: LibraryParts): void {
  for (const job of history) {
    const { kind, imageId, path } = job
    if (imageId === undefined || hasEnded(job) || job.status === 'queued') continue
    if (kind === 'commit') library.forgetBase(imageId)
    if (kind !== 'resize') continue
    const message = `The application ended while ${path} was being resized`
    library.distrust(imageId, { code: 'internal', message, details: { path }, state: 'uncertain' })
  }
}
