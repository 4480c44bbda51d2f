import type { DataRun } from '../host/host'

/** Runs that a list holds; what comes behind is asked for again when it is wanted. */
const MAX_RUNS = 65_536
const FIRST_CAPACITY = 64

/**
 * Where an export has data and where it reads as zero, for one part of it: runs that follow each
 * other without gaps, neighbours always different. Nine bytes a run.
 */
export class RunList {
  private ends = new Float64Array(FIRST_CAPACITY)
  private data = new Uint8Array(FIRST_CAPACITY)
  private count = 0
  private full = false

  /** `start`: where the first run begins, in bytes. */
  constructor(readonly start: number) {}

  /** The end of the last run, exclusive. */
  get end(): number {
    return this.count === 0 ? this.start : (this.ends[this.count - 1] ?? this.start)
  }

  /** Adds what follows. A list that is full takes nothing any more. */
  add(length: number, data: boolean): void {
    if (this.full) return
    const kind = data ? 1 : 0
    const { end } = this
    if (this.count > 0 && this.data[this.count - 1] === kind) {
      this.ends[this.count - 1] = end + length
    } else if (this.count === MAX_RUNS) {
      this.full = true
    } else {
      if (this.count === this.ends.length) this.grow()
      this.ends[this.count] = end + length
      this.data[this.count] = kind
      this.count += 1
    }
  }

  private grow(): void {
    const ends = new Float64Array(this.ends.length * 2)
    const data = new Uint8Array(this.data.length * 2)
    ends.set(this.ends)
    data.set(this.data)
    this.ends = ends
    this.data = data
  }

  /** The rest of the run that an offset lies in; undefined outside of the list. */
  at(offset: number): DataRun | undefined {
    if (offset < this.start || offset >= this.end) return undefined
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.ends[middle] ?? 0) > offset) high = middle
      else low = middle + 1
    }
    return { data: this.data[low] === 1, end: this.ends[low] ?? offset }
  }
}
