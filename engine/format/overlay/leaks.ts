import { type ByteRange, rangeEnd } from '../../base/byte-range'
import { giveTurn } from '../../base/event-loop'
import { alignDown, alignUp } from '../../base/units'
import type { OverlayStorage } from './overlay-storage'

/**
 * Host file systems give blocks back in pieces of this many bytes; a smaller rest of a block is no
 * leak.
 */
const HOST_BLOCK = 4096

/** The whole host blocks of an unallocated run that hold data in the image file. */
export async function* leaks(overlay: OverlayStorage, run: ByteRange): AsyncGenerator<ByteRange> {
  for (let at = run.offset; at < rangeEnd(run);) {
    await giveTurn()
    const { data, end } = await overlay.image.dataAt(at)
    const next = Math.min(end, rangeEnd(run))
    const offset = alignUp(at, HOST_BLOCK)
    const length = alignDown(next, HOST_BLOCK) - offset
    if (data && length > 0) yield { offset, length }
    at = next
  }
}

/** Gives back what the image file holds in those parts of a range that are not allocated. */
export async function punchLeaks(overlay: OverlayStorage, range: ByteRange): Promise<void> {
  for (let at = range.offset; at < rangeEnd(range);) {
    const rest = { offset: at, length: rangeEnd(range) - at }
    const { length, allocated } = await overlay.allocationAt(rest)
    if (!allocated) {
      for await (const leak of leaks(overlay, { offset: at, length })) {
        await overlay.image.punchHole(leak)
      }
    }
    at += length
  }
  await overlay.syncImage()
}
