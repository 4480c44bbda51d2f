/**
 * Bytes `offset` (inclusive) to `offset + length` (exclusive). Both are safe integers, not
 * negative.
 */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** The first offset behind the range. */
export function rangeEnd(range: ByteRange): number {
  return range.offset + range.length
}

/** The part of a range that lies below `end`; of length 0 where there is none. */
export function clipRange(range: ByteRange, end: number): ByteRange {
  const length = Math.max(0, Math.min(rangeEnd(range), end) - range.offset)
  return { offset: range.offset, length }
}

/** Whether two ranges share a byte. */
export function rangesOverlap(a: ByteRange, b: ByteRange): boolean {
  return a.offset < rangeEnd(b) && b.offset < rangeEnd(a)
}

/** A range cut into pieces of at most `limit` bytes that end at multiples of `limit`, ascending. */
export function* splitRange(range: ByteRange, limit: number): Generator<ByteRange> {
  let offset = range.offset
  const end = rangeEnd(range)
  while (offset < end) {
    const length = Math.min(limit - (offset % limit), end - offset)
    yield { offset, length }
    offset += length
  }
}
