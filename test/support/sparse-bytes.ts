import { ENDLESS, type DataRun } from '../../engine/host/host'

/**
 * Bytes that the simulated file system gives out together: what was never written between is a
 * hole.
 */
export const BLOCK_SIZE = 4096

/**
 * The bytes of a file, kept by blocks, with holes. A block is never changed once it is stored, so a
 * clone shares all blocks and costs no copy.
 */
export class SparseBytes {
  private readonly blocks: Map<number, Uint8Array>
  /** The indices of all blocks, ascending; undefined while nobody asked since the last change. */
  private order: number[] | undefined
  private size = 0

  constructor(from?: SparseBytes) {
    this.blocks = new Map(from?.blocks)
    this.order = from?.order
    this.size = from?.size ?? 0
  }

  /** Length in bytes. */
  get length(): number {
    return this.size
  }

  /** Bytes that the blocks take. */
  get allocatedBytes(): number {
    return this.blocks.size * BLOCK_SIZE
  }

  clone(): SparseBytes {
    return new SparseBytes(this)
  }

  /** Fills `target`; holes, and what lies past the end, read as zero. */
  read(target: Uint8Array, offset: number): void {
    for (let done = 0; done < target.length;) {
      const at = offset + done
      const inBlock = at % BLOCK_SIZE
      const length = Math.min(BLOCK_SIZE - inBlock, target.length - done)
      const block = this.blocks.get((at - inBlock) / BLOCK_SIZE)
      if (block === undefined) target.fill(0, done, done + length)
      else target.set(block.subarray(inBlock, inBlock + length), done)
      done += length
    }
  }

  /** Stores `source`, growing the file where it passes the end. */
  write(source: Uint8Array, offset: number): void {
    for (let done = 0; done < source.length;) {
      const at = offset + done
      const inBlock = at % BLOCK_SIZE
      const length = Math.min(BLOCK_SIZE - inBlock, source.length - done)
      this.change((at - inBlock) / BLOCK_SIZE, inBlock, source.subarray(done, done + length))
      done += length
    }
    if (source.length > 0) this.size = Math.max(this.size, offset + source.length)
  }

  private change(index: number, inBlock: number, part: Uint8Array): void {
    const old = this.blocks.get(index)
    const block = old === undefined ? new Uint8Array(BLOCK_SIZE) : old.slice()
    block.set(part, inBlock)
    this.blocks.set(index, block)
    if (old === undefined) this.order = undefined
  }

  /** Makes a range zero: whole blocks become holes. The length stays. */
  punch(offset: number, length: number): void {
    const end = Math.min(offset + length, this.size)
    if (end <= offset) return
    // The last block of the file goes whole where the range reaches the end.
    const wholeEnd = end === this.size ? Infinity : Math.floor(end / BLOCK_SIZE)
    const order = this.sorted()
    for (let i = lowerBound(order, Math.floor(offset / BLOCK_SIZE)); i < order.length; i += 1) {
      const index = order[i] ?? 0
      const start = index * BLOCK_SIZE
      if (start >= end) break
      if (start >= offset && index < wholeEnd) {
        this.blocks.delete(index)
        this.order = undefined
        continue
      }
      const from = Math.max(offset, start) - start
      const to = Math.min(end, start + BLOCK_SIZE) - start
      this.change(index, from, new Uint8Array(to - from))
    }
  }

  /** Sets the length; what is added reads as zero. */
  truncate(size: number): void {
    if (size < this.size) this.punch(size, this.size - size)
    this.size = size
  }

  /** As HostFile.dataAt. */
  dataAt(offset: number): DataRun {
    if (offset >= this.size) return { data: false, end: ENDLESS }
    const order = this.sorted()
    let i = lowerBound(order, Math.floor(offset / BLOCK_SIZE))
    const first = order[i]
    if (first === undefined) return { data: false, end: ENDLESS }
    if (first * BLOCK_SIZE > offset) return { data: false, end: first * BLOCK_SIZE }
    let next = first
    for (; order[i] === next; i += 1) next += 1
    return { data: true, end: Math.min(next * BLOCK_SIZE, this.size) }
  }

  /** All bytes in one piece; for files that are small. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.size)
    this.read(bytes, 0)
    return bytes
  }

  private sorted(): readonly number[] {
    this.order ??= [...this.blocks.keys()].sort((a, b) => a - b)
    return this.order
  }
}

/** Where the first entry that is not below `value` stands in an ascending list. */
function lowerBound(list: readonly number[], value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
