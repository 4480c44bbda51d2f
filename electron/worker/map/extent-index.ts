/** Offsets that are remembered at most: half a MiB, however many extents there are. */
const MAX_MARKS = 65_536

/**
 * Finds an extent by its number, or by an offset, without keeping all of them: it remembers where
 * every n-th begins, and n doubles whenever there would be too many.
 */
export class ExtentIndex {
  private marks: number[] = []
  private stride = 1
  private total = 0

  constructor(private readonly maxMarks = MAX_MARKS) {}

  /** How many extents there are. */
  get count(): number {
    return this.total
  }

  /** Takes in the next extent, by the offset at which it begins. */
  add(offset: number): void {
    if (this.total % this.stride === 0) {
      if (this.marks.length === this.maxMarks) this.thinOut()
      if (this.total % this.stride === 0) this.marks.push(offset)
    }
    this.total += 1
  }

  private thinOut(): void {
    this.marks = this.marks.filter((_offset, place) => place % 2 === 0)
    this.stride *= 2
  }

  /** The last remembered extent that is not behind number `index`. */
  before(index: number): { readonly index: number; readonly offset: number } {
    const place = Math.min(Math.floor(index / this.stride), this.marks.length - 1)
    return this.markAt(Math.max(0, place))
  }

  /** The last remembered extent that does not begin behind `offset`. */
  beforeOffset(offset: number): { readonly index: number; readonly offset: number } {
    let low = 0
    let high = this.marks.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.marks[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return this.markAt(low)
  }

  private markAt(place: number): { readonly index: number; readonly offset: number } {
    return { index: place * this.stride, offset: this.marks[place] ?? 0 }
  }
}
