import * as fs from 'node:fs'
import { type DataRun, ENDLESS } from './host'
import type { LinuxCalls } from './linux-calls'

/** struct fiemap: u64 start, u64 length, u32 flags, u32 mapped, u32 room, 4 bytes reserved. */
const HEAD = 32
const MAPPED = 20
const ROOM = 24
/** struct fiemap_extent: u64 logical, u64 physical, u64 length, 16 bytes reserved, u32 flags. */
const EXTENT = 56
const EXTENT_LENGTH = 16
const EXTENT_FLAGS = 40
/** Has its blocks, but nothing was written to them, or is still on its way to them. */
const UNWRITTEN = 0x800

const FEWEST = 4
const MOST = 1024

/**
 * The runs of a file by FIEMAP, which tells of many extents at once: lseek(2) tells of one a call,
 * and finds each anew. Only for file systems whose answer is whole without a flush, see
 * `LinuxCalls.tellsExtents`, and for files that are only read.
 *
 * What was told holds until the event loop's next turn: others may write to the file, and whoever
 * learns of that learns it in a later turn.
 */
export class ExtentRuns {
  private bytes = new Uint8Array(HEAD + MOST * EXTENT)
  private view = new DataView(this.bytes.buffer)
  private known = false
  /** From where on the extents are known; their number, and the one that was looked at last. */
  private start = 0
  private count = 0
  private index = 0
  /** The last of those that follow it without a gap, all of them written. */
  private last = 0
  /** Whether they are all up to the file's end, and its length. */
  private whole = false
  private size = 0

  constructor(
    private readonly fd: number,
    private readonly linux: LinuxCalls,
  ) {}

  /** The run that starts at an offset; undefined where lseek(2) is to be asked. */
  at(offset: number): DataRun | undefined {
    if (!this.known || offset < this.start) this.ask(offset, FEWEST)
    if (!this.reaches(offset)) {
      // twice as many as were of use the last time
      this.ask(offset, Math.min(MOST, Math.max(FEWEST, 2 * this.index)))
    }
    return this.reaches(offset) ? this.run(offset) : undefined
  }

  private ask(offset: number, room: number): void {
    const { view } = this
    this.size = fs.fstatSync(this.fd).size
    this.bytes.fill(0, 0, HEAD)
    view.setBigUint64(0, BigInt(offset), true)
    view.setBigUint64(8, BigInt(Math.max(1, this.size - offset)), true)
    view.setUint32(ROOM, room, true)
    this.linux.fileExtents(this.fd, this.bytes)
    this.count = view.getUint32(MAPPED, true)
    this.whole = this.count < room
    this.start = offset
    this.index = 0
    if (!this.known) setImmediate(() => (this.known = false))
    this.known = true
  }

  /**
   * Goes to the extent that holds an offset, or is the next behind it, a few steps on or back.
   * False where it is not known, or not where its data ends.
   */
  private reaches(offset: number): boolean {
    const { count } = this
    while (this.index > 0 && this.endOf(this.index - 1) > offset) this.index -= 1
    while (this.index < count && this.endOf(this.index) <= offset) this.index += 1
    this.last = this.index
    while (this.last + 1 < count && this.joins(this.last + 1)) this.last += 1
    return this.whole || this.last + 1 < count
  }

  private joins(index: number): boolean {
    return this.startOf(index) === this.endOf(index - 1) && !this.isUnwritten(index)
  }

  private run(offset: number): DataRun | undefined {
    const { index, last, count, size } = this
    if (offset >= size || index === count) return { data: false, end: ENDLESS }
    if (this.isUnwritten(index)) return undefined
    const start = this.startOf(index)
    if (offset < start) return { data: false, end: start }
    const end = this.endOf(last)
    const isKnown = last + 1 === count || this.startOf(last + 1) > end
    return isKnown ? { data: true, end: Math.min(end, size) } : undefined
  }

  private startOf(index: number): number {
    return this.number(HEAD + index * EXTENT)
  }

  private endOf(index: number): number {
    return this.startOf(index) + this.number(HEAD + index * EXTENT + EXTENT_LENGTH)
  }

  private isUnwritten(index: number): boolean {
    return (this.view.getUint32(HEAD + index * EXTENT + EXTENT_FLAGS, true) & UNWRITTEN) !== 0
  }

  private number(at: number): number {
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32
  }
}
