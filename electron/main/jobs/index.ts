import type { JobId, JobSnapshot } from '../../contract/jobs'
import type { EngineThreads } from '../engine-threads'
import type { LibraryParts } from '../library'
import type { Log } from '../log'
import { afterJob } from './after-job'
import { FileClaims } from './file-claims'
import { JobQueue, type StoredJob } from './job-queue'
import { Planner } from './planner'

export interface JobParts {
  readonly queue: JobQueue
  readonly planner: Planner
}

export interface JobPartsOptions {
  readonly history: readonly StoredJob[]
  readonly engine: EngineThreads
  readonly libraryParts: LibraryParts
  readonly limit: () => number
  readonly onChange: (job: JobSnapshot) => void
  readonly onRemoved: (ids: readonly JobId[]) => void
  /** The jobs are to be kept anew. */
  readonly onTurn: (queue: JobQueue) => void
  readonly onEnded: (job: JobSnapshot) => void
  readonly log: Log
}

/** The queue and what goes with it: plans beforehand, and the library afterwards. */
export function createJobs(options: JobPartsOptions): JobParts {
  const { history, engine, libraryParts, limit, log } = options
  const { library } = libraryParts
  const claims = new FileClaims(() => queue.startWhatCan())
  const queue = new JobQueue({
    ...{ history, claims, limit },
    start: (request, report) => engine.run(request, report),
    onChange: options.onChange,
    onRemoved: options.onRemoved,
    onTurn: () => {
      library.setBusy(queue.filesWritten())
      options.onTurn(queue)
    },
    onEnded: (job, end) => {
      log.info(`Job ${end.kind} on ${end.path}: ${end.status}`, ...(end.error ? [end.error] : []))
      options.onEnded(end)
      afterJob(job, end, { ...libraryParts, queue }).catch((error: unknown) => {
        log.error(`After job ${end.kind} on ${end.path}`, error)
      })
    },
  })
  distrustInterrupted(history, libraryParts)
  return { queue, planner: new Planner(claims, (request) => engine.call('plan', request)) }
}

/** A flatten goes on from where it was; a resize that was cut short should be looked at. */
function distrustInterrupted(history: readonly JobSnapshot[], { library }: LibraryParts): void {
  for (const { kind, status, imageId, path } of history) {
    if (kind !== 'resize' || imageId === undefined) continue
    if (status !== 'running' && status !== 'cancelling') continue
    const message = `The application ended while ${path} was being resized`
    library.distrust(imageId, { code: 'internal', message, details: { path }, state: 'uncertain' })
  }
}
