import type { ErrorData, JobRequest } from '../../../engine'
import { toErrorData } from '../../../engine'
import type { JobSnapshot } from '../../contract/jobs'
import type { ImageId } from '../../contract/library'
import type { Adder } from '../library/adder'
import type { Library } from '../library/library'
import { brokenByCommit } from '../library/readers'
import type { Scanner } from '../library/scanner'
import type { JobQueue } from './job-queue'
import type { ResolvedJob } from './job-requests'
import { NEVER_BEGUN } from './job-rules'
import { breaksOthers } from './breaking'

export interface AfterJobParts {
  readonly library: Library
  readonly scanner: Scanner
  readonly adder: Adder
  readonly queue: Pick<JobQueue, 'setImage' | 'setTrashed' | 'reassign'>
  /** Moves a file to the trash of the desktop; rejects where there is none that takes it. */
  readonly trash: (path: string) => Promise<void>
}

/** Brings what a job did into the library, however it ended. */
export async function afterJob(
  job: ResolvedJob,
  end: JobSnapshot,
  parts: AfterJobParts,
): Promise<void> {
  const { request, imageId, files } = job
  const { library, adder, queue } = parts
  const check = end.result?.check
  if (check !== undefined) library.checked(imageId, end.endedAt ?? Date.now(), check)
  if (end.error?.state === 'uncertain' && files.writes.length > 0 && request.kind !== 'create') {
    if (request.kind !== 'export') library.distrust(imageId, end.error)
  }
  if (hasOtherBase(request, end)) library.forgetBase(imageId)
  if (request.kind === 'move' && !request.copy && end.status === 'done') {
    library.moved(imageId, request.target, request.targetImage)
  }
  lookAgain(job, parts)
  if (request.kind === 'move' && isHalfDone(end)) await addOne(adder, request.target)
  if (end.status !== 'done') return
  if (job.trashOverlay === true) await trashOverlay(job, end, parts)

  const made = madeFile(request)
  if (made === undefined) return
  // whatever the disk begins with, this is what was made
  if (request.kind === 'export') library.settle(made, 'raw')
  const id = await addOne(adder, made)
  if (id !== undefined && isNewOverlay(request)) queue.setImage(end.id, id)
}

/** All that reads what was written; what a commit broke must not pass for what it was. */
function lookAgain(
  { request, imageId, files }: ResolvedJob,
  { library, scanner }: AfterJobParts,
): void {
  const touched = new Set(library.using([...files.writes, request.path]))
  const broken =
    request.kind === 'commit' && library.has(imageId)
      ? brokenByCommit(library, library.record(imageId)).map(({ id }) => id)
      : []
  for (const id of broken) touched.delete(id)
  scanner.request(touched, keepsContent(request))
  if (broken.length > 0) scanner.request(broken, false)
}

/** Whether a job may have ended with what it makes there, and more to be done. */
function isHalfDone({ error }: JobSnapshot): boolean {
  return error?.state === 'resumable' || error?.state === 'uncertain'
}

/** Whether what the image stands on is something else by our own doing. */
function hasOtherBase({ kind }: JobRequest, { status, error }: JobSnapshot): boolean {
  if (kind === 'commit') return error?.message !== NEVER_BEGUN.message
  return kind === 'rebase' && status === 'done'
}

/** Whether what stands on the image reads the same bytes afterwards. */
function keepsContent(request: JobRequest): boolean {
  switch (request.kind) {
    case 'flatten':
    case 'check':
    case 'compare':
    case 'measure':
    case 'commit':
    case 'move':
      return true
    case 'rebase':
      return !request.namesOnly || request.expectedBase !== undefined
    case 'resize':
      return !request.shrink
    case 'create':
    case 'export':
    case 'export-overlay':
    case 'import-overlay':
      return false
  }
}

/** Whether the job is part of the history of what it made, and of nothing else. */
function isNewOverlay({ kind }: JobRequest): boolean {
  return kind === 'create' || kind === 'import-overlay'
}

function madeFile(request: JobRequest): string | undefined {
  if (request.kind === 'create') return request.path
  if (request.kind === 'move') return request.copy ? request.target : undefined
  return 'target' in request ? request.target : undefined
}

async function addOne(adder: Adder, path: string): Promise<ImageId | undefined> {
  const { added, known } = await adder.add([path])
  return [...added, ...known][0]
}

/**
 * Takes the add-cow file of a flattened overlay away: its image file is the disk, and stands in the
 * list in its place. Whatever goes wrong, no data is lost by it; the job says what became of it.
 */
async function trashOverlay(
  { request: { path }, imageId }: ResolvedJob,
  { id }: JobSnapshot,
  { library, adder, queue, trash }: AfterJobParts,
): Promise<void> {
  const imagePath = library.has(imageId) ? library.record(imageId).seen.imagePath : undefined
  try {
    const needed = library.has(imageId) ? breaksOthers(library, library.record(imageId)) : undefined
    if (needed !== undefined) throw needed
    await trash(path)
  } catch (error) {
    queue.setTrashed(id, { path, error: trashError(path, error) })
    return
  }
  queue.setTrashed(id, { path })
  library.forget([imageId])
  if (imagePath !== undefined) library.settle(imagePath, 'raw')
  const disk = imagePath === undefined ? undefined : await addOne(adder, imagePath)
  if (disk !== undefined) queue.reassign(imageId, disk)
}

function trashError(path: string, thrown: unknown): ErrorData {
  const error = toErrorData(thrown)
  if (error.code !== 'internal') return error
  const message = `Cannot move ${path} to the trash: ${error.message}`
  return { code: 'io/failed', message, details: { path }, state: 'unchanged' }
}
