import { assert } from '../../engine/base/assert'
import { type ByteRange, rangeEnd, splitRange } from '../../engine/base/byte-range'
import { andThen, type MaybePromise } from '../../engine/base/maybe-promise'
import type {
  ByteLocks,
  CopyPiece,
  DataRanges,
  DataRun,
  FileStat,
  HostFile,
} from '../../engine/host/host'
import { type CallKind, failure } from './host-call'
import { applyChange, type FileChange } from './host-log'
import type { SimulatedHost } from './simulated-host'
import type { SparseBytes } from './sparse-bytes'

const SECTOR = 512
const COPY_STEP = 1 << 20
const BLOCK = 4096

/** An open file of a simulated host. */
export class SimulatedFile implements HostFile {
  readonly identity: string
  private readonly program: number
  private closed = false

  constructor(
    private readonly host: SimulatedHost,
    readonly path: string,
    private readonly file: number,
    private readonly bytes: SparseBytes,
    readonly writable: boolean,
  ) {
    this.identity = `sim:${String(file)}`
    this.program = host.program
  }

  get locks(): ByteLocks {
    const key = (byte: number): string => `${this.identity}:${String(byte)}`
    const { byteLocks } = this.host
    return {
      share: (byte) => {
        byteLocks.set(key(byte), (byteLocks.get(key(byte)) ?? new Set()).add(this))
      },
      release: (byte) => {
        byteLocks.get(key(byte))?.delete(this)
      },
      heldByOther: (byte) => [...(byteLocks.get(key(byte)) ?? [])].some((other) => other !== this),
    }
  }

  async stat(): Promise<FileStat> {
    this.enter('stat', 'look at')
    await this.late()
    return this.host.statOf(this.file)
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    this.enter('read', 'read')
    assert(Number.isSafeInteger(offset) && offset >= 0, `a read at ${String(offset)}`)
    this.noteTransfer(target.length)
    return this.maybeLate(() => {
      this.bytes.read(target, offset)
    })
  }

  write(source: Uint8Array, offset: number): MaybePromise<void> {
    const call = this.host.calls
    const errno = this.host.count('write', this.path)
    this.assertWritable()
    assert(Number.isSafeInteger(offset) && offset >= 0, `a write at ${String(offset)}`)
    this.noteTransfer(source.length)
    return this.maybeLate(() => {
      const done = errno === undefined ? source.length : doneOfFailed(offset, source.length, call)
      const bytes = source.slice(0, done)
      if (bytes.length > 0) this.change({ kind: 'write', file: this.file, offset, bytes })
      if (errno !== undefined) throw failure('write to', this.path, errno)
    })
  }

  async punchHole({ offset, length }: ByteRange): Promise<void> {
    this.enter('punch', 'give back space of')
    this.assertWritable()
    await this.late()
    if (Math.min(offset + length, this.bytes.length) <= offset) return
    this.change({ kind: 'punch', file: this.file, offset, length })
    await this.late()
  }

  punchesHoles(): boolean {
    return true
  }

  /** As a real file may: of a block that pieces cover in part, the rest is written again. */
  async copyFrom(pieces: readonly CopyPiece[]): Promise<void> {
    if (pieces.length === 0) return
    this.enter('copy', 'copy to')
    this.assertWritable()
    let run: CopyPiece[] = []
    for (const piece of pieces) {
      const last = run.at(-1)
      const end = last === undefined ? 0 : last.offset + last.length
      assert(piece.offset >= end, 'pieces of a copy are not in order')
      if (last !== undefined && Math.ceil(end / BLOCK) * BLOCK < piece.offset) {
        await this.copyRun(run)
        run = []
      }
      for (const part of splitRange(piece, COPY_STEP)) {
        const sourceOffset = piece.sourceOffset + (part.offset - piece.offset)
        run.push({ source: piece.source, sourceOffset, ...part })
        if ((part.offset + part.length) % COPY_STEP !== 0) continue
        await this.copyRun(run)
        run = []
      }
    }
    await this.copyRun(run)
  }

  private async copyRun(pieces: readonly CopyPiece[]): Promise<void> {
    const [first, last] = [pieces[0], pieces.at(-1)]
    if (first === undefined || last === undefined) return
    const buffer = new Uint8Array(last.offset + last.length - first.offset)
    await this.late()
    this.bytes.read(buffer, first.offset)
    for (const { source, sourceOffset, offset, length } of pieces) {
      const at = offset - first.offset
      await source.read(buffer.subarray(at, at + length), sourceOffset)
    }
    await this.write(buffer, first.offset)
  }

  async truncate(size: number): Promise<void> {
    this.enter('truncate', 'set the length of')
    this.assertWritable()
    assert(Number.isSafeInteger(size) && size >= 0, `a length of ${String(size)}`)
    await this.late()
    this.change({ kind: 'truncate', file: this.file, size })
    await this.late()
  }

  async sync(): Promise<void> {
    const errno = this.host.count('sync', this.path)
    this.assertOpen()
    const covers = this.host.log.length
    await this.late()
    const kind = errno === undefined ? 'sync' : 'failed-sync'
    this.host.log.push({ kind, file: this.file, covers })
    if (errno !== undefined) throw failure('make durable', this.path, errno)
    await this.late()
  }

  dataAt(offset: number): MaybePromise<DataRun> {
    this.enter('data-at', 'look for holes in')
    assert(Number.isSafeInteger(offset) && offset >= 0, `holes at ${String(offset)}`)
    return this.maybeLate(() => this.bytes.dataAt(offset))
  }

  /** Of a file that is only read, as the real host. */
  async dataIn(range: ByteRange): Promise<DataRanges | undefined> {
    if (this.writable || !this.host.tellsDataIn) return undefined
    this.enter('data-at', 'look for holes in')
    await this.late()
    const found: number[] = []
    for (let at = range.offset; at < rangeEnd(range);) {
      const { data, end } = this.bytes.dataAt(at)
      const next = Math.min(end, rangeEnd(range))
      if (data) found.push(at, next)
      at = next
    }
    return Float64Array.from(found)
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.host.openCount -= 1
    for (const holders of this.host.byteLocks.values()) holders.delete(this)
    this.host.enter('close', 'close', this.path)
    await this.late()
  }

  private async late(): Promise<void> {
    await this.host.late()
    if (this.program !== this.host.program) await never()
  }

  private maybeLate<T>(effect: () => T): MaybePromise<T> {
    if (this.program !== this.host.program) return never()
    const done = this.host.maybeLate(() =>
      this.program === this.host.program ? { value: effect() } : undefined,
    )
    return andThen(done, (result): MaybePromise<T> =>
      result === undefined ? never() : result.value,
    )
  }

  private change(change: FileChange): void {
    this.host.record(change)
    applyChange(this.bytes, change)
  }

  private enter(kind: CallKind, action: string): void {
    this.assertOpen()
    this.host.enter(kind, action, this.path)
  }

  private noteTransfer(length: number): void {
    this.host.longestTransfer = Math.max(this.host.longestTransfer, length)
  }

  private assertOpen(): void {
    assert(!this.closed, `${this.path} was used after it had been closed`)
  }

  private assertWritable(): void {
    this.assertOpen()
    assert(this.writable, `${this.path} was written to, but is open for reading`)
  }
}

/** What a program that has ended waits for. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

/**
 * How much a write that failed has done: nothing, some whole sectors, or all of it; which one, the
 * call's number says.
 */
function doneOfFailed(offset: number, length: number, call: number): number {
  const middle = Math.floor((offset + length / 2) / SECTOR) * SECTOR
  return [Math.max(0, middle - offset), length, 0][call % 3] ?? 0
}
