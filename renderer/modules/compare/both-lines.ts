/** One byte of one of two disks. */
export interface ByteCell {
  /** Two hex digits; two blanks behind the end of the disk. */
  readonly hex: string
  readonly differs: boolean
}

/** The same few bytes of two disks. */
export interface BothLine {
  /** Offset of the first in hex digits. */
  readonly offset: string
  readonly one: readonly ByteCell[]
  readonly other: readonly ByteCell[]
  readonly differs: boolean
}

const PER_LINE = 8

/**
 * Bytes of two disks from the same place on, side by side. Where one has ended, nothing stands, and
 * only what is not zero differs.
 */
export function bothLines(one: Uint8Array, other: Uint8Array, start: number): BothLine[] {
  const length = Math.max(one.length, other.length)
  const digits = Math.max(4, (start + length).toString(16).length)
  const lines: BothLine[] = []
  for (let at = 0; at < length; at += PER_LINE) {
    const places = Array.from({ length: Math.min(PER_LINE, length - at) }, (_none, n) => at + n)
    const differs = places.map((place) => (one[place] ?? 0) !== (other[place] ?? 0))
    const side = (bytes: Uint8Array): ByteCell[] =>
      places.map((place, n) => ({ hex: hexOf(bytes[place]), differs: differs[n] === true }))
    lines.push({
      offset: (start + at).toString(16).padStart(digits, '0'),
      one: side(one),
      other: side(other),
      differs: differs.includes(true),
    })
  }
  return lines
}

function hexOf(byte: number | undefined): string {
  return byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')
}
