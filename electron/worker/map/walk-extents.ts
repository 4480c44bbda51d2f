import { type ByteRange, type Disk, EngineError, type Extent } from '../../../engine'

/** A cancel is looked for after as many extents. */
const LOOK_UP_EVERY = 1024

/**
 * All extents of a range, in order. The walk goes on as long as the visitor says `true`. Errors:
 * `job/cancelled`, and those of reading a layer's metadata.
 */
export async function walkExtents(
  disk: Disk,
  range: ByteRange,
  visit: (extent: Extent) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  let visited = 0
  for await (const { offset, length, content, depth } of disk.extents(range)) {
    const extent =
      depth === undefined ? { offset, length, content } : { offset, length, content, depth }
    if (!visit(extent)) return
    visited += 1
    if (visited % LOOK_UP_EVERY === 0 && signal?.aborted === true) throw cancelled(disk)
  }
}

function cancelled({ top: { path } }: Disk): EngineError {
  const message = `The map of ${path} was not made: another one is wanted`
  return new EngineError('job/cancelled', message, { path }, { state: 'unchanged' })
}
