/**
 * Numbers that look random and are the same for the same seed, on every machine. Not for secrets.
 */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** The next number, 0 to 2^32 - 1 (splitmix32). */
  next(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0
    let word = this.state
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) >>> 0
  }

  /** A whole number from 0 (inclusive) to `limit` (exclusive); `limit` may be above 2^32. */
  below(limit: number): number {
    if (limit <= 0x100000000) return this.next() % limit
    return (this.next() * 0x200000 + (this.next() >>> 11)) % limit
  }

  /** A whole number, both ends inclusive. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1)
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x100000000
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const view = new DataView(bytes.buffer)
    const whole = length - (length % 4)
    for (let at = 0; at < whole; at += 4) view.setUint32(at, this.next())
    for (let at = whole; at < length; at += 1) bytes[at] = this.next()
    return bytes
  }

  /** Another generator, whose numbers have nothing to do with what this one gives later. */
  fork(): Random {
    return new Random(this.next())
  }
}
