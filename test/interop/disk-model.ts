import { SECTOR_SIZE } from '../../engine/base/units'

/** What a disk holds, by the written rules alone: a flat array that knows nothing of files. */
export class DiskModel {
  private content: Uint8Array

  private constructor(content: Uint8Array) {
    this.content = content
  }

  /** A raw file, of which an overlay sees whole sectors. */
  static ofBase(bytes: Uint8Array): DiskModel {
    return new DiskModel(bytes.slice(0, bytes.length - (bytes.length % SECTOR_SIZE)))
  }

  /** A new overlay: what lies below, cut at its size or continued by zeros. */
  static overlayOn(below: DiskModel | undefined, size: number): DiskModel {
    const content = new Uint8Array(size)
    if (below !== undefined) content.set(below.content.subarray(0, size))
    return new DiskModel(content)
  }

  get size(): number {
    return this.content.length
  }

  get bytes(): Uint8Array {
    return this.content
  }

  write(source: Uint8Array, offset: number): void {
    this.content.set(source, offset)
  }

  zero(offset: number, length: number): void {
    this.content.fill(0, offset, offset + length)
  }

  /** What is added is zero, whatever lies below. */
  resize(size: number): void {
    const content = new Uint8Array(size)
    content.set(this.content.subarray(0, size))
    this.content = content
  }

  /** Takes what was read after a discard: each byte has to be as before, or zero. */
  acceptDiscard(found: Uint8Array, offset: number): void {
    for (const [index, byte] of found.entries()) {
      const before = this.content[offset + index]
      if (byte !== 0 && byte !== before) {
        throw new Error(`A discard changed byte ${String(offset + index)} to ${String(byte)}`)
      }
    }
    this.content.set(found, offset)
  }
}
