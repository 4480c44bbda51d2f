import { type ByteRange, splitRange } from '../base/byte-range'
import { MIB } from '../base/units'
import type { Disk } from '../image/disk'

const STEP = MIB

/** Writes zeros that take space, where a hole would not do. */
export async function writeZeros(disk: Disk, range: ByteRange): Promise<void> {
  const zeros = new Uint8Array(Math.min(STEP, range.length))
  for (const { offset, length } of splitRange(range, STEP)) {
    await disk.write(zeros.subarray(0, length), offset)
    await nextTurn()
  }
}

/** Reads a range once, so that the host has it at hand. */
export async function prefetch(disk: Disk, range: ByteRange): Promise<void> {
  const buffer = new Uint8Array(Math.min(STEP, range.length))
  for (const { offset, length } of splitRange(range, STEP)) {
    await disk.read(buffer.subarray(0, length), offset)
    await nextTurn()
  }
}

/** Lets other requests in between two steps. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
