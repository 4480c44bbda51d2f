import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'
import { alignDown } from '../../engine/base/units'

const SECTOR = 512

/** What a sector may hold: one value where it is certain. */
type Values = readonly Uint8Array[]

/**
 * A small disk of which an operation may have failed: each sector has the values that it may hold,
 * now and after a crash.
 */
export class SectorModel {
  /** What a read may give. */
  private live: Values[] = []
  /** What may be there after a crash, or after an end without a flush. */
  private durable: Values[] = []
  sizes: number[] = []

  /** Starts with a content that is certain and durable. */
  constructor(content: Uint8Array) {
    for (let at = 0; at < content.length; at += SECTOR) {
      this.live.push([content.slice(at, at + SECTOR)])
    }
    this.durable = [...this.live]
    this.sizes = [content.length]
  }

  /**
   * New bytes for a range; where it `failed`, each sector may hold what it held. Discarding goes
   * without bytes.
   */
  change(range: ByteRange, bytes: Uint8Array, failed: boolean): void {
    for (let at = alignDown(range.offset, SECTOR); at < rangeEnd(range); at += SECTOR) {
      const index = at / SECTOR
      const before = this.live[index] ?? []
      const after = before.map((value) => overlaid(value, at, bytes, range.offset))
      this.live[index] = failed ? merged(before, after) : after
      this.durable[index] = merged(this.durable[index] ?? [], after)
    }
  }

  /** A flush that was acknowledged. */
  flushed(): void {
    this.durable = [...this.live]
  }

  /** An end without a flush that was acknowledged: from now on reads give what survived. */
  cutOff(): void {
    this.live = [...this.durable]
  }

  /** A new size: what is added is zero. Where it `failed`, the size is the old or the new one. */
  resize(size: number, failed: boolean): void {
    const [before = 0] = this.sizes
    const zero = [new Uint8Array(SECTOR)]
    for (let index = Math.min(size, before) / SECTOR; index * SECTOR < Math.max(size, before);) {
      const old = this.live[index] ?? zero
      const now = failed ? merged(old, zero) : zero
      this.live[index] = now
      this.durable[index] = failed ? merged(this.durable[index] ?? zero, zero) : now
      index += 1
    }
    if (!failed) this.flushed()
    this.sizes = failed ? [...new Set([...this.sizes, size])] : [size]
  }

  /** Takes what was read for certain, once `wrong` had nothing against it. */
  narrow(content: Uint8Array): void {
    this.sizes = [content.length]
    for (let at = 0; at < content.length; at += SECTOR) {
      this.live[at / SECTOR] = [content.slice(at, at + SECTOR)]
    }
  }

  /** What is wrong with a content that was read, now or after a crash; empty = nothing. */
  wrong(content: Uint8Array, when: 'now' | 'after a crash'): string[] {
    const values = when === 'now' ? this.live : this.durable
    const wrong: string[] = []
    if (!this.sizes.includes(content.length)) {
      wrong.push(`the size is ${String(content.length)}, not one of ${this.sizes.join(', ')}`)
    }
    for (let at = 0; at < content.length; at += SECTOR) {
      const sector = content.subarray(at, at + SECTOR)
      const allowed = values[at / SECTOR] ?? []
      if (allowed.some((value) => Buffer.compare(value, sector) === 0)) continue
      wrong.push(`the sector at ${String(at)} is neither old nor new, ${when}`)
    }
    return wrong
  }
}

/** A sector with the part of a range that lies in it. */
function overlaid(
  sector: Uint8Array,
  sectorOffset: number,
  bytes: Uint8Array,
  offset: number,
): Uint8Array {
  const result = sector.slice()
  const from = Math.max(sectorOffset, offset)
  const to = Math.min(sectorOffset + SECTOR, offset + bytes.length)
  result.set(bytes.subarray(from - offset, to - offset), from - sectorOffset)
  return result
}

function merged(a: Values, b: Values): Values {
  return [...a, ...b.filter((value) => !a.some((other) => Buffer.compare(value, other) === 0))]
}
