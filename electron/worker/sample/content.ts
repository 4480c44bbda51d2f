import { FIRST_CLUSTER, type SampleFile } from './fat16'

/* What is on the sample disk: a little of everything, spread out so that one sees something. */

const KIB = 1024

/** What the base holds. */
export function baseFiles(): readonly SampleFile[] {
  return [
    file('README.TXT', text(BASE_README), FIRST_CLUSTER),
    file('NOTES.TXT', text('Monday: made this disk.'), 40),
    file('WAVES.BMP', picture(480, waves), 300),
    file('ARCHIVE1.BIN', noise(3 * KIB * KIB, 1), 3000),
    file('RINGS.BMP', picture(640, rings), 9000),
    file('ARCHIVE2.BIN', noise(5 * KIB * KIB, 2), 14_000),
    file('ARCHIVE3.BIN', noise(1 * KIB * KIB, 3), 26_000),
  ]
}

/**
 * What the overlay makes of it: two texts changed, one archive changed in its middle, a picture
 * more.
 */
export function overlayFiles(): readonly SampleFile[] {
  return baseFiles()
    .map((old) => ({ ...old, content: changed(old) }))
    .concat(file('STRIPES.BMP', picture(512, stripes), 20_000))
}

const BASE_README = `This disk is the base.

An overlay is a thin layer on a base disk. Whoever writes to the overlay sees the changes;
the base stays, bit for bit, as it is. One base can carry any number of overlays.

This is what you read in the base. In the overlay, this file says something else.
`

const OVERLAY_README = `This disk is an overlay.

It shows the same files as its base, but for what was changed here: this text, the notes, a
piece of ARCHIVE2.BIN, and the picture STRIPES.BMP, which the base does not have. Only these
changes are stored in the overlay; all else is read from the base.

Flatten the overlay, and its image file alone is the whole disk: a plain raw disk that needs
neither the base nor the overlay any more.
`

function changed({ name, content }: SampleFile): Uint8Array {
  switch (name) {
    case 'README.TXT':
      return text(OVERLAY_README)
    case 'NOTES.TXT':
      return text('Monday: made this disk.\nTuesday: made an overlay on it, and wrote this line.')
    case 'ARCHIVE2.BIN': {
      const copy = content.slice()
      copy.set(noise(1 * KIB * KIB, 4), 2 * KIB * KIB)
      return copy
    }
    default:
      return content
  }
}

function file(name: string, content: Uint8Array, cluster: number): SampleFile {
  return { name, content, cluster }
}

/** With the line ends that every system of such a disk understands. */
function text(lines: string): Uint8Array {
  return new TextEncoder().encode(lines.replaceAll('\n', '\r\n'))
}

/** Bytes without a pattern, the same for the same seed (Marsaglia's xorshift32). */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}

/** Brightness of red, green and blue, each 0 to 1, at a place: 0 to 1 from the left, from below. */
type Painter = (x: number, y: number) => readonly [number, number, number]

const waves: Painter = (x, y) => {
  const height = 0.5 + 0.2 * Math.sin(x * 12) + 0.1 * Math.sin(x * 31)
  return y < height ? [0.1, 0.3 + y / 2, 0.6 + y / 3] : [0.95, 0.9 - y / 4, 0.8]
}
const rings: Painter = (x, y) => {
  const wave = 0.5 + 0.5 * Math.cos(80 * Math.hypot(x - 0.5, y - 0.5))
  return [wave, 0.6 * wave + 0.2, 0.4]
}
const stripes: Painter = (x, y) => (((x + y) * 10) % 2 < 1 ? [0.9, 0.5, 0.2] : [0.2, 0.25, 0.3])

/** A square picture as an uncompressed BMP of 24 bits a pixel; `side` a multiple of four. */
function picture(side: number, paint: Painter): Uint8Array {
  const header = 54
  const bytes = new Uint8Array(header + side * side * 3)
  const view = new DataView(bytes.buffer)
  bytes.set([0x42, 0x4d])
  view.setUint32(2, bytes.length, true)
  view.setUint32(10, header, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, side, true)
  view.setInt32(22, side, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [red, green, blue] = paint((pixel % side) / side, Math.floor(pixel / side) / side)
    const colours = [blue, green, red].map((value) => Math.min(255, Math.round(value * 255)))
    bytes.set(colours, header + pixel * 3)
  }
  return bytes
}
