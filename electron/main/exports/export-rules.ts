import { EngineError, type ErrorData } from '../../../engine'
import { type ImageRecord, allFiles, ownFiles } from '../library/image-record'
import type { Library } from '../library/library'
import { readersOf } from '../library/readers'
import type { TouchedFiles } from '../jobs/file-claims'

/** The files that an export keeps from others. */
export function exportedFiles(record: ImageRecord, readOnly: boolean): TouchedFiles {
  if (readOnly) return { writes: [], reads: allFiles(record) }
  return { writes: ownFiles(record), reads: record.seen.filesBelow }
}

/**
 * The files after a snapshot: the new overlay's are written to, what was the top lies below it. A
 * flatten that was begun before it goes on in the former top.
 */
export function filesAfterSnapshot(
  before: TouchedFiles,
  overlay: readonly string[],
  flattening: boolean,
): TouchedFiles {
  return flattening
    ? { writes: [...overlay, ...before.writes], reads: before.reads }
    : { writes: overlay, reads: [...before.reads, ...before.writes] }
}

/** What keeps an image from being served; undefined where nothing does. */
export function exportObstacle(
  library: Library,
  record: ImageRecord,
  readOnly: boolean,
): ErrorData | undefined {
  const known = library.obstacle(record.id)
  if (known !== undefined) return known
  return readOnly ? undefined : breaksReaders(library, record)
}

/** What stands on an image would not be what it is any more once a client has written to it. */
function breaksReaders(library: Library, record: ImageRecord): ErrorData | undefined {
  const { path } = record
  const [first, ...more] = readersOf(library, ownFiles(record))
  if (first === undefined) return undefined
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  const message = `Writing to ${path} would break ${first.path}${others}, which stand on it`
  const details = { path, count: more.length + 1 }
  return new EngineError('chain/breaks-others', message, details, { state: 'unchanged' }).toData()
}
