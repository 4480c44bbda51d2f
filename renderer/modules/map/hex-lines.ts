/** One line of a hex dump. */
export interface HexLine {
  /** Offset of its first byte in the disk, in hex digits. */
  readonly offset: string
  /** Two digits a byte, with a wider gap after each eighth. */
  readonly hex: string
  /** The same bytes as ASCII; a point for what cannot be shown. */
  readonly text: string
}

/** Bytes as lines of so many; `start` is the offset of the first in the disk. */
export function hexLines(bytes: Uint8Array, start: number, perLine: 8 | 16): HexLine[] {
  const digits = Math.max(4, (start + bytes.length).toString(16).length)
  const lines: HexLine[] = []
  for (let at = 0; at < bytes.length; at += perLine) {
    const part = bytes.subarray(at, at + perLine)
    lines.push({
      offset: (start + at).toString(16).padStart(digits, '0'),
      hex: [...part].map(hexByte).join(''),
      text: [...part].map(asciiOf).join(''),
    })
  }
  return lines
}

function hexByte(byte: number, place: number): string {
  const gap = place === 0 ? '' : place % 8 === 0 ? '  ' : ' '
  return gap + byte.toString(16).padStart(2, '0')
}

function asciiOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
}
