import type { Readable } from '../format/layer'

/**
 * A part of a disk in which something is looked for. What is read there was written by a guest: it
 * may be anything, so every access is checked, and nothing is read that lies outside.
 */
export class Region {
  constructor(
    private readonly disk: Pick<Readable, 'read'>,
    /** Bytes from the start of the disk. */
    readonly offset: number,
    /** Bytes. */
    readonly size: number,
  ) {}

  /** Bytes of the region; undefined where they do not lie in it, all of them. */
  async block(offset: number, length: number): Promise<Block | undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.size) return undefined
    const bytes = new Uint8Array(length)
    await this.disk.read(bytes, this.offset + offset)
    return new Block(bytes)
  }
}

const utf8 = new TextDecoder('utf-8')
const utf16 = new TextDecoder('utf-16le')

/** Bytes with the numbers and texts in them. Offsets must lie within, as the caller fixes them. */
export class Block {
  private readonly view: DataView

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get length(): number {
    return this.bytes.length
  }

  u8(at: number): number {
    return this.view.getUint8(at)
  }

  u16(at: number): number {
    return this.view.getUint16(at, true)
  }

  u32(at: number): number {
    return this.view.getUint32(at, true)
  }

  u32be(at: number): number {
    return this.view.getUint32(at, false)
  }

  /** Not exact above 2^53, where no size of a disk lies; the caller's bounds refuse those. */
  u64(at: number): number {
    return Number(this.view.getBigUint64(at, true))
  }

  u64be(at: number): number {
    return Number(this.view.getBigUint64(at, false))
  }

  /** Whether the bytes at an offset are these ASCII characters. */
  has(at: number, text: string): boolean {
    return this.ascii(at, text.length) === text
  }

  /** Bytes as characters, one each. */
  ascii(at: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + length))
  }

  /** A text up to its first NUL, without control characters and spaces around it. */
  text(at: number, length: number): string {
    return printable(utf8.decode(this.bytes.subarray(at, at + length)))
  }

  utf16(at: number, length: number): string {
    return printable(utf16.decode(this.bytes.subarray(at, at + length)))
  }

  hex(at: number, length: number): string {
    return Buffer.from(this.bytes.subarray(at, at + length)).toString('hex')
  }

  /** A number of eight bytes, all its 16 digits. */
  u64Hex(at: number): string {
    return this.view.getBigUint64(at, true).toString(16).toUpperCase().padStart(16, '0')
  }

  /** A UUID whose bytes stand in the order in which they are written. */
  uuid(at: number): string {
    return dashed(this.hex(at, 16))
  }

  /** A GUID as in a GPT: its first three fields are little-endian. */
  guid(at: number): string {
    const bytes = this.bytes.subarray(at, at + 16)
    const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    const hex = order.map((n) => (bytes[n] ?? 0).toString(16).padStart(2, '0')).join('')
    return dashed(hex).toUpperCase()
  }
}

function dashed(hex: string): string {
  const cuts = [0, 8, 12, 16, 20, 32]
  return cuts
    .slice(1)
    .map((end, n) => hex.slice(cuts[n], end))
    .join('-')
}

function printable(text: string): string {
  const end = text.indexOf('\0')
  return (end === -1 ? text : text.slice(0, end)).replace(/\p{Cc}/gu, '').trim()
}
