import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'

const SECTOR = 512

/**
 * An operation of a workload: when it was begun and ended, and what it made of the sectors that it
 * touched.
 */
export interface Operation {
  /** Turns of the workload's clock: what ended before another began has a lower number. */
  readonly begun: number
  readonly ended: number
  /** Length of the host's log when it began, and when it had ended. */
  readonly logBegun: number
  readonly logEnded: number
  /** Only for what makes durable all that had ended before it began. */
  readonly flushes?: boolean
  /** Sectors by their first byte: what they hold afterwards. */
  readonly sectors: ReadonlyMap<number, Uint8Array>
  /** The virtual size afterwards, where it changes it. */
  readonly size?: number
}

/**
 * What a disk may read as after a crash: its certain content, and what single sectors may hold
 * instead.
 */
export interface Allowed {
  readonly sizes: readonly number[]
  readonly certain: Canvas
  readonly alternatives: ReadonlyMap<number, readonly Uint8Array[]>
}

/** The bytes of a few windows of a disk. Everything outside of them is zero and stays so. */
export class Canvas {
  private readonly bytes: Uint8Array

  constructor(
    readonly windows: readonly ByteRange[],
    from?: Canvas,
  ) {
    const total = windows.reduce((sum, { length }) => sum + length, 0)
    this.bytes = from === undefined ? new Uint8Array(total) : from.bytes.slice()
  }

  clone(): Canvas {
    return new Canvas(this.windows, this)
  }

  /** The memory of a range that lies in one window. */
  part(range: ByteRange): Uint8Array {
    let start = 0
    for (const window of this.windows) {
      if (range.offset >= window.offset && rangeEnd(range) <= rangeEnd(window)) {
        const at = start + range.offset - window.offset
        return this.bytes.subarray(at, at + range.length)
      }
      start += window.length
    }
    throw new Error(`bytes ${String(range.offset)} and on lie in no window`)
  }

  equals(other: Canvas): boolean {
    return Buffer.compare(this.bytes, other.bytes) === 0
  }

  /** Makes all that lies behind `size` zero. */
  cut(size: number): void {
    for (const window of this.windows) {
      const offset = Math.max(size, window.offset)
      const length = rangeEnd(window) - offset
      if (length > 0) this.part({ offset, length }).fill(0)
    }
  }
}

/**
 * All operations of a workload, and what they allow a disk to be after a crash at some point of the
 * log.
 */
export class History {
  /** Those whose effect is not certain yet. */
  private open: Operation[] = []
  private readonly certain: Canvas
  private certainSize: number

  /** `content` is what the disk reads as at first; all of it durable. */
  constructor(content: Canvas, size: number) {
    this.certain = content.clone()
    this.certainSize = size
  }

  /**
   * Adds an operation. In the order in which they were begun; of those for one sector each begins
   * when the last ended.
   */
  add(operation: Operation): void {
    this.open.push(operation)
  }

  /**
   * What a crash may leave when the log had `length` entries. To be asked with ascending lengths.
   */
  allowedAt(length: number): Allowed {
    this.settleUpTo(length)
    const sizes = [this.certainSize]
    const alternatives = new Map<number, Uint8Array[]>()
    for (const { logBegun, size, sectors } of this.open) {
      if (logBegun > length) continue
      if (size !== undefined) sizes.push(size)
      for (const [sector, bytes] of sectors) {
        const others = alternatives.get(sector)
        if (others === undefined) alternatives.set(sector, [bytes])
        else others.push(bytes)
      }
    }
    return { sizes, certain: this.certain, alternatives }
  }

  /** Makes certain what a flush that had been acknowledged by then covers. */
  private settleUpTo(length: number): void {
    let covered = -1
    for (const { flushes, logEnded, begun } of this.open) {
      if (flushes === true && logEnded <= length) covered = Math.max(covered, begun)
    }
    this.open = this.open.filter((operation) => {
      const { flushes, ended, logEnded } = operation
      const isCertain = ended < covered || (flushes === true && logEnded <= length)
      if (isCertain) this.settle(operation)
      return !isCertain
    })
  }

  private settle({ sectors, size }: Operation): void {
    for (const [offset, bytes] of sectors) {
      this.certain.part({ offset, length: SECTOR }).set(bytes)
    }
    if (size === undefined) return
    this.certainSize = size
    this.certain.cut(size)
  }
}
