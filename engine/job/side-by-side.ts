import { type ByteRange, clipRange, rangeEnd, splitRange } from '../base/byte-range'
import { giveTurn } from '../base/event-loop'
import { alignDown, MIB } from '../base/units'
import type { DiskExtent, Readable } from '../format/layer'

const READ_STEP = MIB

/** A run over which both of two disks have one extent each. */
export interface PairedRun extends ByteRange {
  readonly left: DiskExtent
  readonly right: DiskExtent
}

/**
 * Goes through a range of two disks at once, ascending, without gaps. What lies behind the end of
 * one reads as zero.
 */
export async function* pairedRuns(
  left: Readable,
  right: Readable,
  range: ByteRange,
): AsyncGenerator<PairedRun> {
  for (let at = range.offset; at < rangeEnd(range);) {
    const turn = giveTurn()
    if (turn !== undefined) await turn
    const rest = { offset: at, length: rangeEnd(range) - at }
    const one = await extentOf(left, rest)
    const other = await extentOf(right, { offset: at, length: one.length })
    yield { offset: at, length: other.length, left: one, right: other }
    at += other.length
  }
}

async function extentOf(disk: Readable, range: ByteRange): Promise<DiskExtent> {
  const inside = clipRange(range, disk.size)
  if (inside.length > 0) return await disk.extentAt(inside)
  return { length: range.length, content: 'zero', depth: undefined, source: undefined }
}

/** Whether both sides are known to read the same without being read. */
export function surelyEqual({ left, right }: PairedRun): boolean {
  if (left.content === 'zero' && right.content === 'zero') return true
  if (left.source === undefined || right.source === undefined) return false
  const sameFile = left.source.file.identity === right.source.file.identity
  return sameFile && left.source.offset === right.source.offset
}

/** Reads the same ranges of two disks, and says where they differ. */
export class SideBySide {
  private readonly one = Buffer.alloc(READ_STEP)
  private readonly other = Buffer.alloc(READ_STEP)

  constructor(
    private readonly left: Readable,
    private readonly right: Readable,
    /** What is told apart: bytes, counted from the start of the disk. */
    private readonly unit: number,
  ) {}

  /** The differing units of a range, cut at its ends, neighbours in one; ascending. */
  async *differences(range: ByteRange): AsyncGenerator<ByteRange> {
    for (const step of splitRange(range, READ_STEP)) {
      await readOrZero(this.left, this.one, step)
      await readOrZero(this.right, this.other, step)
      if (this.equal(0, step.length)) continue
      yield* this.differingUnits(step)
    }
  }

  private *differingUnits(step: ByteRange): Generator<ByteRange> {
    let start: number | undefined
    for (let at = step.offset; at < rangeEnd(step);) {
      const next = Math.min(alignDown(at, this.unit) + this.unit, rangeEnd(step))
      if (!this.equal(at - step.offset, next - step.offset)) start ??= at
      else if (start !== undefined) {
        yield { offset: start, length: at - start }
        start = undefined
      }
      at = next
    }
    if (start !== undefined) yield { offset: start, length: rangeEnd(step) - start }
  }

  private equal(from: number, to: number): boolean {
    return this.one.compare(this.other, from, to, from, to) === 0
  }
}

async function readOrZero(disk: Readable, buffer: Buffer, range: ByteRange): Promise<void> {
  const { length } = clipRange(range, disk.size)
  if (length > 0) await disk.read(buffer.subarray(0, length), range.offset)
  buffer.fill(0, Math.max(0, length), range.length)
}
