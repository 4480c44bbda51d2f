/**
 * Pieces that are apart from each other, in one answer: far more than any server has a reason for.
 */
const MAX_PIECES = 1024

/**
 * Which bytes of a read have come. A server may send them in any order, but each one once: else the
 * sum of what it sends would say that all is there while something is not.
 */
export class Coverage {
  /** Ascending, apart from each other; starts inclusive, ends exclusive. */
  private readonly starts: number[] = []
  private readonly ends: number[] = []

  /** False where a byte was there already, or the pieces are too many. */
  add(start: number, end: number): boolean {
    let index = this.starts.length
    while (index > 0 && (this.starts[index - 1] ?? 0) >= start) index -= 1
    const before = index > 0 ? (this.ends[index - 1] ?? 0) : -1
    const behind = this.starts[index] ?? Infinity
    if (before > start || behind < end) return false
    if (before === start && behind === end) {
      this.ends.splice(index - 1, 1)
      this.starts.splice(index, 1)
    } else if (before === start) {
      this.ends[index - 1] = end
    } else if (behind === end) {
      this.starts[index] = start
    } else {
      this.starts.splice(index, 0, start)
      this.ends.splice(index, 0, end)
    }
    return this.starts.length <= MAX_PIECES
  }

  isWhole(length: number): boolean {
    return this.starts.length === 1 && this.starts[0] === 0 && this.ends[0] === length
  }
}
