import * as path from 'node:path'
import { assert } from '../../engine/base/assert'
import { EngineError } from '../../engine/base/errors'
import type { MaybePromise } from '../../engine/base/maybe-promise'
import type { FileStat, Host, HostFile, OpenOptions } from '../../engine/host/host'
import { type CallKind, CallLimitError, type Errno, failure, type HostCall } from './host-call'
import { applyNameChange, type FileSystemState, type LogEntry, type NameChange } from './host-log'
import type { Random } from './random'
import { SimulatedFile } from './simulated-file'
import { SparseBytes } from './sparse-bytes'

export interface SimulatedHostOptions {
  /**
   * With it, calls take effect and complete late, side by side, in an order that the seed decides.
   */
  readonly random?: Random
  /** Which calls fail, and how. A write that fails may have written a part. */
  readonly fail?: (call: HostCall) => Errno | undefined
  /** As between two file systems. */
  readonly noLinks?: boolean
  /** Whether files that are only read tell of all data in a range in one go; true where absent. */
  readonly tellsDataIn?: boolean
  /** More calls than this are taken for an endless loop. */
  readonly callLimit?: number
}

/** Turns of the queue of promises that a call may take: mostly a few, at times long. */
const LONGEST_DELAYS = [4, 4, 40]

/**
 * A host in memory, with one ordered log of every change to all of its files and names. See
 * crash-states.ts for what is left of them after a crash. Directories need not be made. What a real
 * system would call a fault of the program (using a closed file, writing to one that is open for
 * reading) is an AssertionError.
 */
export class SimulatedHost implements Host {
  readonly log: LogEntry[] = []
  /** How many files are open. */
  openCount = 0
  /** Every path that was opened. */
  readonly openedPaths = new Set<string>()
  /** All locks on bytes: the open file by its lock. */
  readonly byteLocks = new Map<string, Set<SimulatedFile>>()
  /** The longest read or write so far, in bytes. */
  longestTransfer = 0
  calls = 0
  /** Which program is running: files that an earlier one opened do nothing any more. */
  program = 0
  private readonly names: Map<string, number>
  private readonly files: Map<number, SparseBytes>
  private clock = 1_700_000_000_000

  constructor(
    state: FileSystemState,
    private readonly options: SimulatedHostOptions = {},
  ) {
    this.names = new Map(state.names)
    this.files = new Map([...state.files].map(([number, bytes]) => [number, bytes.clone()]))
  }

  get tellsDataIn(): boolean {
    return this.options.tellsDataIn ?? true
  }

  /** All files and names as they are now. Later changes do not show in it. */
  snapshot(): FileSystemState {
    const files = new Map([...this.files].map(([number, bytes]) => [number, bytes.clone()]))
    return { names: new Map(this.names), files }
  }

  /**
   * Ends the program that used the host, in the middle of what it does: its locks are gone, what it
   * wrote is there, and what it is still waiting for never comes.
   */
  endProgram(): void {
    this.program += 1
    this.byteLocks.clear()
    this.openCount = 0
  }

  /** The bytes at a path; undefined where nothing is. */
  bytesAt(filePath: string): SparseBytes | undefined {
    const number = this.names.get(filePath)
    return number === undefined ? undefined : this.files.get(number)
  }

  get paths(): string[] {
    return [...this.names.keys()].sort()
  }

  async open(filePath: string, options: OpenOptions): Promise<HostFile> {
    await this.late()
    this.enter('open', 'open', filePath)
    this.openedPaths.add(filePath)
    const number = this.names.get(filePath)
    if (options.create === true && number !== undefined) throw failure('make', filePath, 'EEXIST')
    if (options.create !== true && number === undefined) throw failure('open', filePath, 'ENOENT')
    const file = number ?? this.makeFile(filePath)
    const bytes = this.files.get(file)
    assert(bytes !== undefined, 'a name without a file')
    this.openCount += 1
    const opened = new SimulatedFile(this, filePath, file, bytes, options.access === 'write')
    options.prepare?.(opened)
    return opened
  }

  private makeFile(filePath: string): number {
    const file = Math.max(0, ...this.files.keys()) + 1
    this.files.set(file, new SparseBytes())
    this.changeNames({ kind: 'link', path: filePath, file })
    return file
  }

  async realPath(filePath: string): Promise<string> {
    await this.late()
    this.enter('real-path', 'look at', filePath)
    this.numberOf(filePath)
    return filePath
  }

  async stat(filePath: string): Promise<FileStat | undefined> {
    await this.late()
    this.enter('stat', 'look at', filePath)
    const number = this.names.get(filePath)
    if (number !== undefined) return this.statOf(number)
    const prefix = filePath.endsWith('/') ? filePath : `${filePath}/`
    const isDirectory = [...this.names.keys()].some((name) => name.startsWith(prefix))
    if (!isDirectory) return undefined
    const identity = `directory:${filePath}`
    return { kind: 'directory', size: 0, allocatedBytes: 0, modifiedAt: this.clock, identity }
  }

  /** What stat says of a file. */
  statOf(file: number): FileStat {
    const bytes = this.files.get(file)
    assert(bytes !== undefined, 'a file that is not there')
    const { length, allocatedBytes } = bytes
    const identity = `sim:${String(file)}`
    return { kind: 'file', size: length, allocatedBytes, modifiedAt: this.clock, identity }
  }

  async publish(filePath: string, finalPath: string): Promise<void> {
    await this.late()
    this.enter('publish', 'make', finalPath)
    if (this.names.has(finalPath)) throw failure('make', finalPath, 'EEXIST')
    this.changeNames({ kind: 'link', path: finalPath, file: this.numberOf(filePath) })
    await this.late()
    this.changeNames({ kind: 'unlink', path: filePath })
  }

  async replace(filePath: string, finalPath: string): Promise<void> {
    await this.late()
    this.enter('replace', 'rename', filePath)
    const file = this.numberOf(filePath)
    this.changeNames({ kind: 'rename', path: filePath, to: finalPath, file })
  }

  async link(filePath: string, secondPath: string): Promise<void> {
    await this.late()
    this.enter('link', 'link', secondPath)
    if (this.names.has(secondPath)) throw failure('make', secondPath, 'EEXIST')
    if (this.options.noLinks === true) {
      throw new EngineError('not-supported', `${secondPath} is on another file system`)
    }
    this.changeNames({ kind: 'link', path: secondPath, file: this.numberOf(filePath) })
  }

  async rename(filePath: string, newPath: string): Promise<void> {
    await this.late()
    this.enter('rename', 'rename', filePath)
    const file = this.numberOf(filePath)
    this.changeNames({ kind: 'rename', path: filePath, to: newPath, file })
  }

  async remove(filePath: string): Promise<void> {
    await this.late()
    this.enter('remove', 'remove', filePath)
    this.numberOf(filePath)
    this.changeNames({ kind: 'unlink', path: filePath })
  }

  private numberOf(filePath: string): number {
    const file = this.names.get(filePath)
    if (file === undefined) throw failure('find', filePath, 'ENOENT')
    return file
  }

  private changeNames(change: NameChange): void {
    this.record(change)
    applyNameChange(this.names, change)
  }

  async syncDirectory(directory: string): Promise<void> {
    this.enter('sync-directory', 'make the names durable in', directory)
    const covers = this.log.length
    await this.late()
    this.log.push({ kind: 'sync-directory', directory: path.resolve(directory), covers })
  }

  freeSpace(): Promise<number | undefined> {
    return Promise.resolve(undefined)
  }

  /** Adds to the log; what changes a file also gives it a new time of change. */
  record(entry: LogEntry): void {
    this.log.push(entry)
    this.clock += 1
  }

  /** Counts a call, and throws where it is to fail. */
  enter(kind: CallKind, action: string, filePath: string): void {
    const errno = this.count(kind, filePath)
    if (errno !== undefined) throw failure(action, filePath, errno)
  }

  /** Counts a call, and says how it is to fail. */
  count(kind: CallKind, filePath: string): Errno | undefined {
    const index = this.calls
    this.calls += 1
    const { callLimit = Infinity, fail } = this.options
    if (index >= callLimit) throw new CallLimitError(`more than ${String(callLimit)} host calls`)
    return fail?.({ index, kind, path: filePath })
  }

  /** Waits for a number of turns that the seed decides; none without a seed. */
  async late(): Promise<void> {
    for (let turns = this.turns(); turns > 0; turns -= 1) await Promise.resolve()
  }

  /** Does something at once, or, with a seed, perhaps some turns later. */
  maybeLate<T>(effect: () => T): MaybePromise<T> {
    const turns = this.turns()
    if (turns === 0) return effect()
    return this.after(turns, effect)
  }

  private async after<T>(turns: number, effect: () => T): Promise<T> {
    for (let left = turns; left > 1; left -= 1) await Promise.resolve()
    const value = effect()
    await this.late()
    return value
  }

  private turns(): number {
    const { random } = this.options
    if (random === undefined || random.chance(0.3)) return 0
    return random.between(1, random.pick(LONGEST_DELAYS))
  }
}
