import type { ByteRange } from '../base/byte-range'
import type { MaybePromise } from '../base/maybe-promise'
import type { FormatName } from '../model/image'

/**
 * The host as the engine sees it: files and directories, nothing else. Every access of the engine
 * to the outside goes through here, so that the tests can put a simulated host below it that loses,
 * tears and refuses what a real one may.
 *
 * All errors are EngineErrors: `file/missing`, `file/exists`, `file/not-a-file`, `io/denied`,
 * `io/no-space`, `in-use`, `io/failed`. Offsets and lengths are bytes. Paths are absolute.
 */
export interface Host {
  /** Memory for the bitmap of each overlay that is opened, in bytes; 4 MiB where absent. */
  readonly cacheBytes?: number
  /**
   * Opens an existing file, or with `create` makes a new one and fails with `file/exists` where
   * there is one.
   */
  open(path: string, options: OpenOptions): Promise<HostFile>
  /** The path of a file without symbolic links. `file/missing` where there is none. */
  realPath(path: string): Promise<string>
  /** What is at a path, links followed; undefined where nothing is. */
  stat(path: string): Promise<FileStat | undefined>
  /**
   * Gives a file its final name, in the same directory, in one step and never over another:
   * `file/exists` where the name is taken. Durable after `syncDirectory`. Where the host has no
   * call for just that, who is killed in it may leave both names.
   */
  publish(path: string, finalPath: string): Promise<void>
  /**
   * Puts a file in the place of another in one step: whoever opens the name finds the one or the
   * other, whole. It gets the other's permissions, and its owner where the system lets it.
   */
  replace(path: string, finalPath: string): Promise<void>
  /**
   * Gives a file a second name on the same file system: `file/exists` where the name is taken,
   * `not-supported` where the file system cannot. Durable after `syncDirectory`.
   */
  link(path: string, secondPath: string): Promise<void>
  /** Gives a file another name in one step, in the place of what is there. */
  rename(path: string, newPath: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes the names in a directory durable: after files were made, renamed or removed there. */
  syncDirectory(directory: string): Promise<void>
  /** Bytes that can still be stored in a directory; undefined where the host does not say. */
  freeSpace(directory: string): Promise<number | undefined>
  /**
   * Opens the disk inside of an image, for reading, by way of another program that knows its format
   * and is not to open any other file by a name in it but those that openNamedFiles of the format
   * layer has looked at. Absent where there is no such program. Errors: `format/needs-program`,
   * `format/corrupt`, `in-use`.
   */
  openInside?(path: string, format: string): Promise<HostFile>
  /** Whether a name that an image holds may be opened. Absent: every one may. */
  mayFollow?(name: NameInImage): Promise<boolean>
  /**
   * The format of a file that somebody has settled: where no overlay states one, it stands instead
   * of a guess by the first bytes. Absent: none is settled.
   */
  settledFormat?(path: string): Promise<FormatName | undefined>
}

/** A name that stands in an image, and what it leads to. */
export interface NameInImage {
  /** An absolute path, or a URI. */
  readonly target: string
  /** The path of the image. */
  readonly namedBy: string
  /** Whether the format of that image was guessed by its first bytes, which a guest may write. */
  readonly guessed: boolean
}

export interface OpenOptions {
  readonly access: 'read' | 'write'
  readonly create?: boolean
  /**
   * With `create`: is called with the new file before anybody can find it by its name, where the
   * host can make a file without one, and right after that elsewhere.
   */
  readonly prepare?: (file: HostFile) => void
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  /** Length in bytes. */
  readonly size: number
  /** Bytes that the file's blocks take on the host. */
  readonly allocatedBytes: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
  /** Equal for two paths exactly where both lead to the same file. */
  readonly identity: string
  /** Differs for two paths that cannot have hard links to one file; absent where not known. */
  readonly fileSystem?: string
}

/** Whether a file holds data at an offset or reads as zero by a hole, up to `end` (exclusive). */
export interface DataRun {
  readonly data: boolean
  readonly end: number
}

/**
 * Ascending ranges of data with holes between them: the start of each and its end (exclusive), one
 * behind the other.
 */
export type DataRanges = Float64Array

/** An open file. Reads and writes of one file may be under way side by side. */
export interface HostFile {
  readonly path: string
  readonly identity: string
  readonly writable: boolean

  stat(): Promise<FileStat>
  /** Fills `target` from the file; what lies past its end reads as zero. */
  read(target: Uint8Array, offset: number): MaybePromise<void>
  /**
   * Writes all of `source`; the file grows where that passes its end. In the host's cache, not yet
   * durable.
   */
  write(source: Uint8Array, offset: number): MaybePromise<void>
  /**
   * Afterwards the range reads as zero, its blocks given back where the host can. The length stays
   * as it is.
   */
  punchHole(range: ByteRange): Promise<void>
  /**
   * Whether `punchHole` gives blocks back, and does not write zeros. Asks the file system by
   * punching behind the end: nobody may be writing to the file.
   */
  punchesHoles(): boolean
  /**
   * Copies bytes of other files, ascending, none over another. What lies past a source's end is
   * copied as zero. Between the first and the last piece nobody else may write while it is under
   * way: of a block that they cover in part, the rest may be written again as it is.
   */
  copyFrom(pieces: readonly CopyPiece[]): Promise<void>
  /** Sets the length; what is added reads as zero. */
  truncate(size: number): Promise<void>
  /** All that was written, punched and truncated before this call is durable afterwards. */
  sync(): Promise<void>
  /** The run that starts at an offset. Past the end of the file all is one hole that never ends. */
  dataAt(offset: number): MaybePromise<DataRun>
  /**
   * Where the data of a range lies, as `dataAt` would have told it at some moment of the call, but
   * in one go, and without keeping the event loop from its work. Absent or undefined where the host
   * cannot, does not know all of it for certain, or has the file open for writing.
   */
  dataIn?(range: ByteRange): Promise<DataRanges | undefined>
  /**
   * Advisory locks on single bytes, all shared, that go with this open file and with the process;
   * undefined where the host has none. See image/locks for what the bytes mean.
   */
  readonly locks: ByteLocks | undefined
  /** Absent where the host has none. */
  readonly mark?: FileMark | undefined
  /** Absent where the host has none of it. */
  readonly direct?: DirectFile | undefined
  close(): Promise<void>
}

/** Bytes of another file, from `sourceOffset` on, and where they go. */
export interface CopyPiece extends ByteRange {
  readonly source: HostFile
  readonly sourceOffset: number
}

/** What can be known of a file, and done with it, without waiting for a device. */
export interface DirectFile {
  /** Whether a range is known to read as zero, as no data is stored for any of it. */
  isHole(range: ByteRange): boolean
  /** Whether a range is in the host's memory as a whole. False where that cannot be told. */
  inMemory(range: ByteRange): boolean
  /**
   * Has the host send bytes to a socket, by its descriptor, past our memory. Returns how many the
   * socket has taken: fewer where it is full, has failed, or the file ends. They are not copied
   * before the peer receives them: of what is written to them until then it may see any part.
   */
  send(socket: number, range: ByteRange): number
  /** Fills `target` as `read` of HostFile does, but always at once: for what is in memory. */
  readNow(target: Uint8Array, offset: number): void
}

export interface ByteLocks {
  /** Takes a shared lock on a byte; `in-use` where another holds it exclusively. */
  share(byte: number): void
  release(byte: number): void
  /** Whether another open file holds a lock on the byte. */
  heldByOther(byte: number): boolean
}

/** A word that stands beside a file's content, and goes with the file where that is renamed. */
export interface FileMark {
  /** False where the file system does not keep it. */
  set(word: string): boolean
  get(): string | undefined
  clear(): void
}

/** The end of a hole that never ends. */
export const ENDLESS = Number.MAX_SAFE_INTEGER
