import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { type ByteRange, rangeEnd, splitRange } from '../base/byte-range'
import { throwFirstFailure } from '../base/settled'
import { alignDown, alignUp, KIB, MIB } from '../base/units'
import type { CopyPiece } from './host'
import { ioError } from './io-error'
import type { LinuxCalls } from './linux-calls'
import { WriteQueue } from './write-queue'

/** What direct writes are aligned to, in the file and in memory: no device has larger blocks. */
const BLOCK = 4 * KIB
/** What is put together in memory and written at once; the next one is read meanwhile. */
const WINDOW = 2 * MIB
const IN_FLIGHT = 4
/**
 * Smaller spans are left to the page cache, which puts many small writes in a good order: for the
 * device, each by itself takes nearly as long as a large one.
 */
const DIRECT_MIN = 128 * KIB
/** Bytes from which on a queue for direct writes is worth its 30 ms. */
const QUEUE_MIN = 64 * MIB

const writeAsync = promisify(fs.write)
const closeAsync = promisify(fs.close)

/** Bytes of the target that are written at once, and what they are put together from. */
interface Span extends ByteRange {
  readonly pieces: readonly CopyPiece[]
  /** What no piece covers of the blocks at their edges: written again as it is. */
  readonly gaps: readonly ByteRange[]
}

/** The file that is written to. */
interface Target {
  readonly path: string
  readonly fd: number
  read(target: Uint8Array, offset: number): unknown
  write(source: Uint8Array, offset: number): unknown
}

/**
 * Copies large amounts into one file. Pieces of other files are put together in memory to large
 * aligned writes, several of them under way at a time, past the page cache where the file system
 * can (O_DIRECT): what was written is on the device when the sync comes, and nothing else that the
 * machine keeps in memory is pushed out for it.
 *
 * Whole blocks between the first and the last piece are written, also where pieces cover a part of
 * them; at the two outer ends not a byte more than the pieces.
 */
export class BulkWriter {
  private readonly freeBuffers: Uint8Array[] = []
  /** A second descriptor of the file, for direct writes; undefined where it cannot be had. */
  private readonly directFd: number | undefined
  private canWriteDirect: boolean
  private directBytes = 0
  /** Undefined as long as it is not worth it. */
  private queue: WriteQueue | 'none' | undefined

  constructor(
    private readonly target: Target,
    private readonly linux: LinuxCalls | undefined,
  ) {
    this.directFd = linux === undefined ? undefined : openDirect(target.fd)
    this.canWriteDirect = this.directFd !== undefined
  }

  /** See HostFile.copyFrom. */
  async copy(pieces: readonly CopyPiece[]): Promise<void> {
    // all take from one iterator: each span is written once
    const left = spansOf(pieces)
    const works = Array.from({ length: IN_FLIGHT }, () => this.copySpans(left))
    throwFirstFailure(await Promise.allSettled(works))
  }

  private async copySpans(spans: IterableIterator<Span>): Promise<void> {
    const buffer = this.freeBuffers.pop() ?? this.makeBuffer()
    try {
      for (const span of spans) await this.copySpan(span, buffer)
    } finally {
      this.freeBuffers.push(buffer)
    }
  }

  async close(): Promise<void> {
    if (this.queue instanceof WriteQueue) await this.queue.close()
    if (this.directFd !== undefined) await closeAsync(this.directFd)
  }

  private async copySpan(span: Span, buffer: Uint8Array): Promise<void> {
    // aligned in memory as it is in the file
    const start = span.offset % BLOCK
    const bytes = buffer.subarray(start, start + span.length)
    const part = ({ offset, length }: ByteRange): Uint8Array =>
      bytes.subarray(offset - span.offset, offset - span.offset + length)
    for (const gap of span.gaps) await this.target.read(part(gap), gap.offset)
    for (const piece of span.pieces) await piece.source.read(part(piece), piece.sourceOffset)
    await this.writeSpan(span, bytes)
  }

  private async writeSpan(span: ByteRange, bytes: Uint8Array): Promise<void> {
    const { offset } = span
    const from = Math.min(alignUp(offset, BLOCK), rangeEnd(span))
    const to = Math.max(from, alignDown(rangeEnd(span), BLOCK))
    if (to - from < DIRECT_MIN) {
      await this.target.write(bytes, offset)
      return
    }
    if (from > offset) await this.target.write(bytes.subarray(0, from - offset), offset)
    await this.writeBlocks(bytes.subarray(from - offset, to - offset), from)
    if (to < rangeEnd(span)) await this.target.write(bytes.subarray(to - offset), to)
  }

  /** Writes whole blocks, directly where that is possible. */
  private async writeBlocks(bytes: Uint8Array, offset: number): Promise<void> {
    const done = await this.writeDirect(bytes, offset)
    await this.writeAll(bytes.subarray(done), offset + done)
  }

  /** Bytes written: fewer where the system does not take direct writes after all. */
  private async writeDirect(bytes: Uint8Array, offset: number): Promise<number> {
    if (this.directFd === undefined || !this.canWriteDirect) return 0
    try {
      return await this.queueOrWrite(this.directFd, bytes, offset)
    } catch (error) {
      if (!isNotTaken(error)) throw ioError('write to', this.target.path, error)
      this.canWriteDirect = false
      return 0
    }
  }

  private async queueOrWrite(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
    this.directBytes += bytes.length
    if (this.directBytes >= QUEUE_MIN) this.queue ??= WriteQueue.open() ?? 'none'
    if (this.queue instanceof WriteQueue) return await this.queue.write(fd, bytes, offset)
    const { bytesWritten } = await writeAsync(fd, bytes, 0, bytes.length, offset)
    return bytesWritten
  }

  private async writeAll(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const length = bytes.length - done
        const { bytesWritten } = await writeAsync(
          this.target.fd,
          bytes,
          done,
          length,
          offset + done,
        )
        done += bytesWritten
      }
    } catch (error) {
      throw ioError('write to', this.target.path, error)
    }
  }

  /** Memory for a window that starts anywhere in a block, itself at a block's start. */
  private makeBuffer(): Uint8Array {
    const memory = new Uint8Array(WINDOW + BLOCK)
    const address = this.linux?.addressOf(memory) ?? 0n
    const start = Number(BigInt(BLOCK) - (address % BigInt(BLOCK))) % BLOCK
    return memory.subarray(start, start + WINDOW)
  }
}

/** The same file once more, past the page cache; undefined where it cannot be had. */
function openDirect(fd: number): number | undefined {
  try {
    return fs.openSync(`/proc/self/fd/${String(fd)}`, fs.constants.O_WRONLY | fs.constants.O_DIRECT)
  } catch {
    return undefined
  }
}

function isNotTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EINVAL'
}

/** Pieces put together to writes of whole blocks, none across the border of a window. */
export function* spansOf(pieces: readonly CopyPiece[]): Generator<Span, undefined> {
  const [first, last] = [pieces[0], pieces[pieces.length - 1]]
  if (first === undefined || last === undefined) return
  const limits = { offset: first.offset, end: rangeEnd(last) }
  let open: OpenSpan | undefined
  for (const piece of pieces) {
    for (const part of splitRange(piece, WINDOW)) {
      const sourceOffset = piece.sourceOffset + (part.offset - piece.offset)
      if (open?.reaches(part.offset) !== true) {
        if (open !== undefined) yield open.closed(limits.end)
        open = new OpenSpan(Math.max(limits.offset, alignDown(part.offset, BLOCK)))
      }
      open.add({ ...part, source: piece.source, sourceOffset })
    }
  }
  if (open !== undefined) yield open.closed(limits.end)
}

/** A span that is still growing. */
class OpenSpan {
  private readonly pieces: CopyPiece[] = []
  private readonly gaps: ByteRange[] = []
  private end: number

  constructor(private readonly offset: number) {
    this.end = offset
  }

  /** Whether a piece that starts at `offset` goes on in a block, or right behind it. */
  reaches(offset: number): boolean {
    const sameWindow = Math.floor(offset / WINDOW) === Math.floor(this.offset / WINDOW)
    return sameWindow && offset <= alignUp(this.end, BLOCK)
  }

  add(piece: CopyPiece): void {
    this.fillTo(piece.offset)
    this.pieces.push(piece)
    this.end = rangeEnd(piece)
  }

  closed(limit: number): Span {
    this.fillTo(Math.min(limit, alignUp(this.end, BLOCK)))
    const { offset, end, pieces, gaps } = this
    return { offset, length: end - offset, pieces, gaps }
  }

  private fillTo(end: number): void {
    if (end > this.end) this.gaps.push({ offset: this.end, length: end - this.end })
    this.end = end
  }
}
