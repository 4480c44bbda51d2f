import type { ByteRange } from '../base/byte-range'
import type { MaybePromise } from '../base/maybe-promise'
import type { CopyPiece, HostFile } from '../host/host'
import type { CheckResult, FormatName, LayerInfo } from '../model/image'

/**
 * Whether a layer decides a run of bytes, or leaves it to what lies below. Length in bytes, at
 * least 1.
 */
export interface Allocation {
  readonly length: number
  readonly allocated: boolean
}

/**
 * A run of one layer, with what it reads as and, for plain bytes in a host file, where they lie.
 */
export interface LayerExtent extends Allocation {
  /** Only where allocated. `zero`: reads as zeros for certain; `data`: may still be zeros. */
  readonly content: 'data' | 'zero'
  readonly source: FileSource | undefined
}

/** Bytes of a host file, from `offset` on. */
export interface FileSource {
  readonly file: HostFile
  readonly offset: number
}

/** A run of bytes that are zeros (without a source), or lie as they are in a host file. */
export interface PlainRun {
  readonly length: number
  readonly source: FileSource | undefined
}

/** A backing file as a layer names it. */
export interface BackingReference {
  readonly name: string
  /** As the layer stores it; undefined where it does not. */
  readonly format: string | undefined
}

/**
 * A disk, or what lies below a layer of it, for reading. Ranges lie within `size`; what a caller
 * wants to know beyond reads as zero, and the caller clips.
 */
export interface Readable {
  /** Bytes. */
  readonly size: number
  read(target: Uint8Array, offset: number): MaybePromise<void>
  /** The run that starts at range.offset, at most as long as the range. */
  extentAt(range: ByteRange): MaybePromise<DiskExtent>
}

/** A run of a whole disk. */
export interface DiskExtent {
  readonly length: number
  readonly content: 'data' | 'zero'
  /** The layer that serves it, 0 = top of the chain; undefined where none does. */
  readonly depth: number | undefined
  readonly source: FileSource | undefined
}

/** The file of a layer, and what for. */
export interface LayerFile {
  readonly role: 'metadata' | 'data'
  readonly file: HostFile
}

/**
 * One layer of a disk: what one format driver opened, without what lies below. All ranges lie
 * within `size`.
 */
export interface Layer {
  /** The file that names the layer. Absolute. */
  readonly path: string
  readonly format: FormatName
  /** Virtual size in bytes, a multiple of a sector where the layer is no raw file. */
  readonly size: number
  /** Bytes that are allocated together. */
  readonly clusterSize: number
  readonly files: readonly LayerFile[]
  readonly backing: BackingReference | undefined
  /** Whether the layer decides, from range.offset on. */
  allocationAt(range: ByteRange): MaybePromise<Allocation>
  /** The same, with what it reads as. */
  extentAt(range: ByteRange): MaybePromise<LayerExtent>
  /**
   * The run that starts at range.offset, of a range that the layer decides all of. Undefined where
   * it is no plain one, or cannot be told at once; absent where that is always so.
   */
  plainRunAt?(range: ByteRange): PlainRun | undefined
  /** Reads a range that the layer decides all of. */
  read(target: Uint8Array, offset: number): MaybePromise<void>
  info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>>
  close(): Promise<void>
}

/**
 * A layer that takes writes. `below` is what lies under it: where the rest of a cluster that is
 * written in part comes from. After a failed sync every further write and flush fails with the same
 * error: what the host lost cannot be told.
 */
export interface WritableLayer extends Layer {
  write(source: Uint8Array, offset: number, below: Readable): MaybePromise<void>
  /**
   * The same as writes of bytes of host files, ascending, in one go. Nothing else may be under way
   * between the first and the last of them.
   */
  copyIn(pieces: readonly CopyPiece[], below: Readable): Promise<void>
  /** Afterwards the range reads as zero. */
  writeZeroes(range: ByteRange, below: Readable): Promise<void>
  /** Advice that the content is not needed: afterwards the range reads as before or as zero. */
  discard(range: ByteRange): Promise<void>
  /** All that was completed before is durable afterwards. */
  flush(): Promise<void>
  /**
   * Sets the virtual size, durably. What is added reads as zero; what is cut off is gone. A crash
   * leaves the old or the new size. No other request may be under way.
   */
  resize(size: number, below: Readable): Promise<void>
}

/** The names in the header of an overlay, as they are stored. */
export interface OverlayNames {
  readonly imageName: string
  readonly backing: BackingReference | undefined
}

/** A copy-on-write layer. */
export interface OverlayLayer extends WritableLayer {
  /** Bytes that the layer decides, within the virtual size. */
  countAllocated(): Promise<number>
  /**
   * Brings what lies below into the layer wherever the range is not allocated yet. Returns the
   * bytes that were copied (zeros are not copied). The content of the disk does not change. Crash:
   * every cluster is as before or brought in. With `verify`, what was copied is read again and
   * compared before it counts: `verify/mismatch`.
   */
  populate(range: ByteRange, below: Readable, options: { verify: boolean }): Promise<number>
  /**
   * Looks whether everything is allocated. Where it is, neither the bitmap nor what lies below is
   * asked any more, until that changes. Takes as long as the bitmap is set from its start on.
   */
  noteWhereComplete(): Promise<void>
  /**
   * Makes the image file alone the disk: as long as the disk is, everything durable, and, where the
   * format can, the metadata saying that nothing below is needed. All must be allocated.
   */
  seal(): Promise<void>
  /**
   * Gives up what the layer has of a range of whole clusters (or up to the end of the disk), which
   * must read the same below, durably: first the bits, durably, then the blocks of the image file.
   * Crash: every cluster is here or given up. Not for a layer that decides everything by a flag.
   */
  release(range: ByteRange): Promise<void>
  /** `invalid-argument` where the header has no room for the names. */
  checkNames(names: OverlayNames): Promise<void>
  /**
   * Writes a whole add-cow file, the same as this one but for the names, to an empty file. Durable.
   * Nothing else may be under way. Errors: those of checkNames.
   */
  writeRenamed(target: HostFile, names: OverlayNames): Promise<void>
  /** Looks for what is wrong and mends what is asked for. Nothing else may be under way. */
  check(options: CheckOptions): Promise<CheckResult>
}

export interface CheckOptions {
  readonly repair: 'none' | 'leaks' | 'all'
  /**
   * Undefined where it is not known, or may share files with the layer: then no data is a leak, as
   * somebody may read it.
   */
  readonly below: Readable | undefined
  readonly signal: AbortSignal
  /**
   * Called now and then with the bytes of the virtual size looked at; the check rests for as long
   * as what it returns.
   */
  readonly report: (current: number) => MaybePromise<void>
}
