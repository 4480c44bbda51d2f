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
    const leak = wholeBlocks(at, next)
    if (data && leak.length > 0) yield leak
    at = next
  }
}

/** The whole host blocks between two offsets; of length 0 where there are none. */
export function wholeBlocks(from: number, to: number): ByteRange {
  const offset = alignUp(from, HOST_BLOCK)
  return { offset, length: Math.max(0, alignDown(to, HOST_BLOCK) - offset) }
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
