import type { ByteRange } from '../base/byte-range'

/** struct fiemap: u64 start, u64 length, u32 flags, u32 mapped, u32 room, 4 bytes reserved. */
const HEAD = 32
const LENGTH = 8
const MAPPED = 20
const ROOM = 24
/** struct fiemap_extent: u64 logical, u64 physical, u64 length, 16 bytes reserved, u32 flags. */
const EXTENT = 56
const EXTENT_LENGTH = 16
const EXTENT_FLAGS = 40
/** Has its blocks, but nothing was written to them, or is still on its way to them. */
const UNWRITTEN = 0x800

/** The memory of one FIEMAP: what is asked, and the extents that are told, ascending. */
export class Fiemap {
  readonly bytes: Uint8Array
  private readonly view: DataView

  /** `most`: extents that there is room for. */
  constructor(most: number) {
    this.bytes = new Uint8Array(HEAD + most * EXTENT)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes it a question for at most `room` extents that share a byte with a range. */
  ask({ offset, length }: ByteRange, room: number): void {
    const { bytes, view } = this
    bytes.fill(0, 0, HEAD)
    view.setBigUint64(0, BigInt(offset), true)
    view.setBigUint64(LENGTH, BigInt(length), true)
    view.setUint32(ROOM, room, true)
  }

  /** Extents that were told. */
  get count(): number {
    return this.view.getUint32(MAPPED, true)
  }

  startOf(index: number): number {
    return this.number(HEAD + index * EXTENT)
  }

  endOf(index: number): number {
    return this.startOf(index) + this.number(HEAD + index * EXTENT + EXTENT_LENGTH)
  }

  isUnwritten(index: number): boolean {
    return (this.view.getUint32(HEAD + index * EXTENT + EXTENT_FLAGS, true) & UNWRITTEN) !== 0
  }

  private number(at: number): number {
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32
  }
}
