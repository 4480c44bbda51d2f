import { basename } from 'node:path'
import { EngineError, type JobRequest } from '../../../engine'
import type { WindowJobPlan } from '../../contract/jobs'
import type { ImageId } from '../../contract/library'
import { type ImageRecord, ownFiles } from '../library/image-record'
import type { Library } from '../library/library'
import { brokenByCommit, readersOf } from '../library/readers'
import type { ResolvedJob } from './job-requests'

/** What the library has to say to the plan of a job: see WindowJobPlan. */
export function libraryPlan(
  library: Library,
  { request, imageId }: ResolvedJob,
): Pick<WindowJobPlan, 'affected' | 'unproven'> {
  const affected = affectedBy(library, request, library.record(imageId))
  const unproven =
    request.kind === 'rebase' && request.namesOnly && request.expectedBase === undefined
  return {
    ...(affected && { affected: affected.map(({ id, path }) => ({ id, path })) }),
    ...(unproven && { unproven }),
  }
}

function affectedBy(
  library: Library,
  request: JobRequest,
  image: ImageRecord,
): readonly ImageRecord[] | undefined {
  if (request.kind === 'commit') return brokenByCommit(library, image)
  if (request.kind === 'move') return brokenByMove(library, request, image)
  return request.kind === 'flatten' ? readersOf(library, [image.path]) : undefined
}

/**
 * Refuses a job that would break images nobody said yes to, with `chain/breaks-others`: a commit of
 * what others read, a move of what others stand on, a trip to the trash for what others stand on.
 */
export function refuseBreaking(library: Library, job: ResolvedJob): void {
  const { request, imageId, accepted = [] } = job
  const image = library.record(imageId)
  if (request.kind === 'flatten' && job.trashOverlay === true) {
    const error = breaksOthers(library, image)
    if (error !== undefined) throw error
  }
  if (request.kind !== 'commit' && request.kind !== 'move') return
  const affected = affectedBy(library, request, image) ?? []
  const broken = affected.filter(({ id }) => !accepted.includes(id))
  if (broken.length > 0) throw refusal(`Cannot ${request.kind} ${image.path}`, image, broken)
}

/** The images that would not find a file any more that is moved away. */
function brokenByMove(
  library: Library,
  { copy, target, targetImage }: JobRequest & { kind: 'move' },
  image: ImageRecord,
): readonly ImageRecord[] {
  const leaving = ownFiles(image).filter((file) => file !== target && file !== targetImage)
  return copy ? [] : readersOf(library, leaving)
}

/** Refuses to read an image as another format where others read it, or a job writes to it. */
export function refuseOtherFormat(library: Library, id: ImageId): void {
  const image = library.record(id)
  const readers = readersOf(library, [image.path])
  if (readers.length > 0) {
    throw refusal(`Cannot read ${image.path} as another format`, image, readers)
  }
  if (!library.isHeld(image)) return
  const message = `A job of this application is working on ${image.path}`
  throw new EngineError('in-use', message, { path: image.path }, { state: 'unchanged' })
}

/** Why the add-cow file of an overlay cannot be taken away; undefined where nobody needs it. */
export function breaksOthers(library: Library, image: ImageRecord): EngineError | undefined {
  const readers = readersOf(library, [image.path])
  if (readers.length === 0) return undefined
  return refusal(`Cannot move ${image.path} to the trash`, image, readers)
}

function refusal(
  failing: string,
  { path }: ImageRecord,
  others: readonly ImageRecord[],
): EngineError {
  const count = others.length
  const first = basename(others[0]?.path ?? '')
  const message =
    count === 1
      ? `${failing}: ${first} would be broken`
      : `${failing}: ${String(count)} other images would be broken, ${first} among them`
  return new EngineError(
    'chain/breaks-others',
    message,
    { path, count, first },
    { state: 'unchanged' },
  )
}
