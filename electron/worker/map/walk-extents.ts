import { type ByteRange, type Disk, EngineError, type Extent } from '../../../engine'

/** A cancel is looked for after as many extents. */
const LOOK_UP_EVERY = 1024

/**
 * All extents of a disk, in order, as fast as they can be found. Errors: `job/cancelled`, and those
 * of reading a layer's metadata.
 */
export async function walkDisk(
  disk: Disk,
  visit: (extent: Extent) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let visited = 0
  await disk.walk((found) => {
    visit(plainExtent(found))
    visited += 1
    if (visited % LOOK_UP_EVERY === 0 && signal?.aborted === true) throw cancelled(disk)
  })
}

/**
 * The extents of a range, in order, for as long as the visitor says `true`. Errors: those of
 * reading a layer's metadata.
 */
export async function walkRange(
  disk: Disk,
  range: ByteRange,
  visit: (extent: Extent) => boolean,
): Promise<void> {
  for await (const found of disk.extents(range)) if (!visit(plainExtent(found))) return
}

/** An extent without the file that it lies in, which nobody outside of the engine can use. */
function plainExtent({
  offset,
  length,
  content,
  depth,
}: Omit<Extent, 'depth'> & { readonly depth: number | undefined }): Extent {
  return depth === undefined ? { offset, length, content } : { offset, length, content, depth }
}

function cancelled({ top: { path } }: Disk): EngineError {
  const message = `The map of ${path} was not made: another one is wanted`
  return new EngineError('job/cancelled', message, { path }, { state: 'unchanged' })
}
