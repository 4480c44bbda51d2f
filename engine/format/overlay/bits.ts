/*
 * Bits in memory: bit n is bit n % 8, least significant first, of byte n / 8.
 */

/** Whether a bit is 1. */
export function testBit(bytes: Uint8Array, bit: number): boolean {
  return ((bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0
}

/**
 * How many bits from `bit` on, of at most `limit`, have the value. Looks at words of 32 bits: on
 * every machine that Node and Electron are made for, the first byte of one is its lowest.
 */
export function runOfBits(words: Int32Array, bit: number, limit: number, value: boolean): number {
  const same = value ? -1 : 0
  const end = bit + limit
  for (let at = bit; at < end; at = (at | 31) + 1) {
    const others = ((words[at >>> 5] ?? same) ^ same) >>> (at & 31)
    if (others === 0) continue
    const first = at + 31 - Math.clz32(others & -others)
    return Math.min(first, end) - bit
  }
  return limit
}

/** Sets or clears bits. */
export function fillBits(bytes: Uint8Array, bit: number, count: number, value: boolean): void {
  const end = bit + count
  let at = bit
  while (at < end) {
    const index = at >>> 3
    const low = at & 7
    const width = Math.min(8 - low, end - at)
    if (width === 8) {
      const last = end >>> 3
      bytes.fill(value ? 0xff : 0, index, last)
      at = last << 3
      continue
    }
    const mask = ((1 << width) - 1) << low
    const old = bytes[index] ?? 0
    bytes[index] = value ? old | mask : old & ~mask
    at += width
  }
}

/** Ones among the first `bits` bits. `bytes` is aligned to 4 and padded. */
export function countOnes(bytes: Uint8Array, bits: number): number {
  const whole = Math.floor(bits / 32)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, whole)
  let total = 0
  for (let at = 0; at < whole; at += 1) {
    const word = words[at] ?? 0
    if (word !== 0) total += popCount(word)
  }
  for (let bit = whole * 32; bit < bits; bit += 1) {
    if (((bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0) total += 1
  }
  return total
}

function popCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
