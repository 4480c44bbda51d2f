import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { type ByteRange, rangeEnd, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { alignDown, alignUp, MIB } from '../base/units'
import { BulkWriter } from './bulk-writer'
import { dataRanges } from './data-ranges'
import { LinuxDirectFile } from './direct-file'
import { ExtentRuns } from './extent-runs'
import { fileMark } from './file-mark'
import {
  type ByteLocks,
  type CopyPiece,
  type DataRanges,
  type DataRun,
  type DirectFile,
  ENDLESS,
  type FileMark,
  type FileStat,
  type HostFile,
} from './host'
import { ioError } from './io-error'
import { type LinuxCalls, linuxCalls } from './linux-calls'

const readAsync = promisify(fs.read)
const closeAsync = promisify(fs.close)
const truncateAsync = promisify(fs.ftruncate)
const syncAsync = promisify(fs.fdatasync)
const statAsync: (fd: number, options: { bigint: true }) => Promise<fs.BigIntStats> = promisify(
  fs.fstat,
)

/**
 * Up to here a read is tried in the page cache first; a longer one gains more from the thread pool
 * than it loses.
 */
const CACHED_READ_LIMIT = 256 * 1024
/** So much is asked of the device at once for reads that go on where the last one ended. */
const READ_AHEAD = 512 * 1024
/** One step of an in-kernel copy: the event loop gets a turn between two. */
const COPY_STEP = 8 * MIB
/** What file systems share is counted in blocks of this many bytes. */
const BLOCK = 4096
const ZERO_STEP = MIB
/** Turns of the event loop that a device is given to answer in: less than a millisecond. */
const LOOKS_AGAIN = 128
const NO_RUN: { readonly offset: number; readonly end: number } = { offset: 0, end: 0 }
/** So many reads in a row that it did not answer in that time, and no more looks are taken. */
const LATE_READS = 64

/**
 * Why a system call may be missing: then the portable way is taken, for this file, from then on.
 */
const NOT_HERE = new Set(['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'EXDEV', 'EBADF', 'ENODEV'])

/**
 * A file of the real host. Writes go to the page cache at once: meant for worker threads and the
 * command line.
 */
export class NodeFile implements HostFile {
  private readonly linux: LinuxCalls | undefined = linuxCalls()
  private canPunch = true
  private canSeek = true
  private canAsk: boolean | undefined
  private canCopy = true
  private closed = false
  /** Where the last read ended. */
  private readEnd = -1
  /** Up to where the device was asked ahead; 0 where it was not. */
  private aheadEnd = 0
  private turn: Promise<void> | undefined
  private lateReads = 0
  private bulk: BulkWriter | undefined
  private sender: LinuxDirectFile | undefined
  private extents: ExtentRuns | undefined
  /**
   * Where data was found last: to find its end takes the host the longer the more extents it lies
   * in, and whoever goes through a file asks again and again inside of it.
   */
  private data = NO_RUN
  /**
   * The same of a hole, where this file is only read, and only until the event loop's next turn:
   * others may write, and whoever learns of that learns it in a later turn.
   */
  private hole = NO_RUN

  constructor(
    readonly path: string,
    readonly fd: number,
    readonly identity: string,
    readonly writable: boolean,
  ) {}

  get locks(): ByteLocks | undefined {
    const { linux, fd, path } = this
    if (linux === undefined) return undefined
    return {
      share(byte) {
        if (linux.setByteLock(fd, byte, 'shared')) return
        throw new EngineError('in-use', `Cannot lock ${path}: another program holds it`, { path })
      },
      release(byte) {
        linux.setByteLock(fd, byte, 'none')
      },
      heldByOther: (byte) => linux.testByteLock(fd, byte),
    }
  }

  get direct(): DirectFile | undefined {
    const { linux, fd, path } = this
    if (linux !== undefined) this.sender ??= new LinuxDirectFile(path, fd, linux)
    return this.sender
  }

  get mark(): FileMark | undefined {
    return fileMark(this.fd, this.path)
  }

  async stat(): Promise<FileStat> {
    try {
      return fileStat(await statAsync(this.fd, { bigint: true }))
    } catch (error) {
      throw ioError('look at', this.path, error)
    }
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    const goesOn = offset === this.readEnd
    this.readEnd = offset + target.length
    if (!goesOn) this.aheadEnd = 0
    else if (this.readEnd > this.aheadEnd - READ_AHEAD / 2) this.readOnAhead()
    if (target.length <= CACHED_READ_LIMIT) {
      const read = this.linux?.readCached(this.fd, target, offset)
      if (read === target.length) return undefined
      if (this.linux !== undefined && read === undefined) {
        this.linux.prefetch(this.fd, offset, goesOn ? READ_AHEAD : target.length)
        if (goesOn) this.aheadEnd = offset + READ_AHEAD
        return this.readSoon(this.linux, target, offset)
      }
    }
    return this.readThrough(target, offset)
  }

  /** Asks for what follows what was asked for, so that the device is at work meanwhile. */
  private readOnAhead(): void {
    if (this.aheadEnd === 0) return
    this.linux?.prefetch(this.fd, this.aheadEnd, READ_AHEAD)
    this.aheadEnd += READ_AHEAD
  }

  /**
   * The device was asked; looks again a few times before it takes the thread pool: a fast device
   * has answered by then, and a slow one has got all that is wanted at once, where the pool would
   * ask for a few pieces at a time.
   */
  private async readSoon(linux: LinuxCalls, target: Uint8Array, offset: number): Promise<void> {
    const looks = this.lateReads < LATE_READS ? LOOKS_AGAIN : 0
    for (let n = 0; n < looks; n += 1) {
      await this.nextTurn()
      if (linux.readCached(this.fd, target, offset) !== target.length) continue
      this.lateReads = 0
      return
    }
    this.lateReads += 1
    await this.readThrough(target, offset)
  }

  /** One turn of the event loop, shared by all who wait for it. */
  private nextTurn(): Promise<void> {
    this.turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.turn = undefined
        resolve()
      })
    })
    return this.turn
  }

  private async readThrough(target: Uint8Array, offset: number): Promise<void> {
    try {
      let done = 0
      while (done < target.length) {
        const { bytesRead } = await readAsync(
          this.fd,
          target,
          done,
          target.length - done,
          offset + done,
        )
        if (bytesRead === 0) break
        done += bytesRead
      }
      target.fill(0, done)
    } catch (error) {
      throw ioError('read', this.path, error)
    }
  }

  write(source: Uint8Array, offset: number): MaybePromise<void> {
    try {
      let done = 0
      while (done < source.length) {
        done += fs.writeSync(this.fd, source, done, source.length - done, offset + done)
      }
    } catch (error) {
      throw ioError('write to', this.path, error)
    }
  }

  async punchHole(range: ByteRange): Promise<void> {
    const { size } = await this.stat()
    const length = Math.min(rangeEnd(range), size) - range.offset
    if (length <= 0) return
    this.data = NO_RUN
    if (this.linux !== undefined && this.canPunch) {
      try {
        this.linux.punchHole(this.fd, range.offset, length)
        return
      } catch (error) {
        if (!isMissingCall(error)) throw ioError('give back space of', this.path, error)
        this.canPunch = false
      }
    }
    await this.writeZeroes({ offset: range.offset, length })
  }

  punchesHoles(): boolean {
    if (this.linux === undefined || !this.writable || !this.canPunch) return false
    try {
      this.linux.punchHole(this.fd, fs.fstatSync(this.fd).size, BLOCK)
      return true
    } catch (error) {
      // what another failure means shows where a hole is really wanted
      this.canPunch = !isMissingCall(error)
      return false
    }
  }

  private async writeZeroes(range: ByteRange): Promise<void> {
    const zeroes = new Uint8Array(Math.min(ZERO_STEP, range.length))
    for (const step of splitRange(range, ZERO_STEP)) {
      await this.write(zeroes.subarray(0, step.length), step.offset)
    }
  }

  async copyFrom(pieces: readonly CopyPiece[]): Promise<void> {
    const { linux, fd } = this
    this.canCopy &&= linux?.copiesWithin(fd) === true
    const rest = this.canCopy ? await this.copyInKernel(pieces) : pieces
    if (rest.length === 0) return
    this.bulk ??= new BulkWriter(this, this.linux)
    await this.bulk.copy(rest)
  }

  /** Copies where the file system can do more than copy; what is left to be done. */
  private async copyInKernel(pieces: readonly CopyPiece[]): Promise<readonly CopyPiece[]> {
    const left: CopyPiece[] = []
    for (const piece of pieces) {
      for (const { offset, length } of blockwise(piece)) {
        const sourceOffset = piece.sourceOffset + (offset - piece.offset)
        const part = { source: piece.source, sourceOffset, offset, length }
        const done = this.copyRange(part)
        if (done < length) left.push(behind(part, done))
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    }
    return left
  }

  /** Bytes copied in the kernel; fewer where it cannot, or where the source has ended. */
  private copyRange({ source, sourceOffset, offset, length }: CopyPiece): number {
    const { linux, fd } = this
    let done = 0
    try {
      while (done < length && this.canCopy && linux !== undefined && source instanceof NodeFile) {
        const [from, to] = [sourceOffset + done, offset + done]
        const copied = linux.copyRange(source.fd, from, fd, to, length - done)
        if (copied === 0) break
        done += copied
      }
    } catch (error) {
      if (!isMissingCall(error)) throw ioError(`copy from ${source.path} to`, this.path, error)
      this.canCopy = false
    }
    return done
  }

  async truncate(size: number): Promise<void> {
    this.data = NO_RUN
    try {
      await truncateAsync(this.fd, size)
    } catch (error) {
      throw ioError('set the length of', this.path, error)
    }
  }

  async sync(): Promise<void> {
    try {
      await syncAsync(this.fd)
    } catch (error) {
      throw ioError('make durable', this.path, error)
    }
  }

  dataAt(offset: number): MaybePromise<DataRun> {
    if (this.linux !== undefined && this.canSeek) {
      try {
        return this.seekRun(this.linux, offset)
      } catch (error) {
        if (!isMissingCall(error)) throw ioError('look for holes in', this.path, error)
        this.canSeek = false
      }
    }
    return this.stat().then(({ size }) =>
      offset < size ? { data: true, end: size } : { data: false, end: ENDLESS },
    )
  }

  /** Each call costs more than all else that is done for a run: one a run where it can be. */
  private seekRun(linux: LinuxCalls, offset: number): DataRun {
    const { data, hole } = this
    if (offset >= data.offset && offset < data.end) return { data: true, end: data.end }
    if (offset >= hole.offset && offset < hole.end) return { data: false, end: hole.end }
    const known = this.extentsAt(linux, offset)
    if (known?.data === false) return this.foundHole(offset, known.end)
    if (known !== undefined) {
      this.data = { offset, end: known.end }
      return known
    }
    // where data ended, a hole begins; elsewhere, most who ask have reason to expect data
    if (offset === data.end && offset > 0) {
      const next = linux.seekData(this.fd, offset) ?? ENDLESS
      if (next > offset) return this.foundHole(offset, next)
    }
    const end = linux.seekHole(this.fd, offset)
    if (end !== undefined && end > offset) {
      this.data = { offset, end }
      return { data: true, end }
    }
    return this.foundHole(offset, linux.seekData(this.fd, offset) ?? ENDLESS)
  }

  async dataIn(range: ByteRange): Promise<DataRanges | undefined> {
    const { linux, fd } = this
    if (linux === undefined || !this.canAskExtents(linux)) return undefined
    try {
      return await dataRanges(fd, linux, range)
    } catch (error) {
      if (!isMissingCall(error)) throw ioError('look for holes in', this.path, error)
      this.canAsk = false
      return undefined
    }
  }

  private canAskExtents(linux: LinuxCalls): boolean {
    this.canAsk ??= !this.writable && linux.tellsExtents(this.fd)
    return this.canAsk
  }

  /** Many runs by one call, where the file system has one whose word can be taken. */
  private extentsAt(linux: LinuxCalls, offset: number): DataRun | undefined {
    if (!this.canAskExtents(linux)) return undefined
    this.extents ??= new ExtentRuns(this.fd, linux)
    try {
      return this.extents.at(offset)
    } catch (error) {
      if (!isMissingCall(error)) throw error
      this.canAsk = false
      return undefined
    }
  }

  private foundHole(offset: number, end: number): DataRun {
    if (!this.writable) {
      if (this.hole === NO_RUN) setImmediate(() => (this.hole = NO_RUN))
      this.hole = { offset, end }
    }
    return { data: false, end }
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.sender?.close()
    try {
      await this.bulk?.close()
      await closeAsync(this.fd)
    } catch (error) {
      throw ioError('close', this.path, error)
    }
  }
}

/**
 * A piece in steps of an in-kernel copy: what is no whole block stands apart, as only whole blocks
 * are shared.
 */
function* blockwise(piece: ByteRange): Generator<ByteRange> {
  const end = rangeEnd(piece)
  const from = Math.min(alignUp(piece.offset, BLOCK), end)
  const to = Math.max(from, alignDown(end, BLOCK))
  if (from > piece.offset) yield { offset: piece.offset, length: from - piece.offset }
  yield* splitRange({ offset: from, length: to - from }, COPY_STEP)
  if (end > to) yield { offset: to, length: end - to }
}

/** What is left of a piece of which `done` bytes are done. */
function behind({ source, sourceOffset, offset, length }: CopyPiece, done: number): CopyPiece {
  return {
    source,
    sourceOffset: sourceOffset + done,
    offset: offset + done,
    length: length - done,
  }
}

/** Node's stat in the engine's words. */
export function fileStat(stats: fs.BigIntStats): FileStat {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
    size: Number(stats.size),
    allocatedBytes: Number(stats.blocks) * 512,
    modifiedAt: Number(stats.mtimeMs),
    identity: `${String(stats.dev)}:${String(stats.ino)}`,
    fileSystem: String(stats.dev),
  }
}

function isMissingCall(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    NOT_HERE.has(error.code)
  )
}
