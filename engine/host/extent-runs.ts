import * as fs from 'node:fs'
import { Fiemap } from './fiemap'
import { type DataRun, ENDLESS } from './host'
import type { LinuxCalls } from './linux-calls'

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
  private readonly told = new Fiemap(MOST)
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
    const { told } = this
    this.size = fs.fstatSync(this.fd).size
    told.ask({ offset, length: Math.max(1, this.size - offset) }, room)
    this.linux.fileExtents(this.fd, told.bytes)
    this.count = told.count
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
    const { count, told } = this
    while (this.index > 0 && told.endOf(this.index - 1) > offset) this.index -= 1
    while (this.index < count && told.endOf(this.index) <= offset) this.index += 1
    this.last = this.index
    while (this.last + 1 < count && this.joins(this.last + 1)) this.last += 1
    return this.whole || this.last + 1 < count
  }

  private joins(index: number): boolean {
    const { told } = this
    return told.startOf(index) === told.endOf(index - 1) && !told.isUnwritten(index)
  }

  private run(offset: number): DataRun | undefined {
    const { index, last, count, size, told } = this
    if (offset >= size || index === count) return { data: false, end: ENDLESS }
    if (told.isUnwritten(index)) return undefined
    const start = told.startOf(index)
    if (offset < start) return { data: false, end: start }
    const end = told.endOf(last)
    const isKnown = last + 1 === count || told.startOf(last + 1) > end
    return isKnown ? { data: true, end: Math.min(end, size) } : undefined
  }
}
