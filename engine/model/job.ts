import type { ErrorData } from '../base/errors'
import type { CheckResult, Fingerprint, FormatName, OverlayFormat } from './image'

/** What a job is asked to do. Paths are absolute; sizes are bytes. */
export type JobRequest =
  | CreateRequest
  | ResizeRequest
  | CheckRequest
  | FlattenRequest
  | ExportRequest
  | CommitRequest
  | RebaseRequest
  | ExportOverlayRequest
  | ImportOverlayRequest
  | CompareRequest
  | MeasureRequest
  | MoveRequest

export type JobKind = JobRequest['kind']

/**
 * Make an overlay. Names are written as given; a relative one counts from the directory of `path`.
 */
export interface CreateRequest {
  readonly kind: 'create'
  /** The add-cow file to be made. */
  readonly path: string
  readonly format: OverlayFormat
  readonly imageFile: string
  readonly backingFile?: string
  /** The format of the backing file; probed where absent. */
  readonly backingFormat?: FormatName
  /** The virtual size; the backing file's where absent. */
  readonly size?: number
  /**
   * Take an image file that exists: its present content becomes invisible. Refused where absent.
   */
  readonly reuseImageFile?: boolean
  /** Only for acow: a power of two from 4 KiB to 2 MiB; 64 KiB where absent. */
  readonly clusterSize?: number
}

/** Change the virtual size. Cutting off needs `shrink`. */
export interface ResizeRequest {
  readonly kind: 'resize'
  readonly path: string
  readonly size: number
  readonly shrink: boolean
}

/** Look for what is wrong in one layer, and mend what was asked for. */
export interface CheckRequest {
  readonly kind: 'check'
  readonly path: string
  readonly repair: 'none' | 'leaks' | 'all'
  /** What the base was when it was last seen, where somebody remembers. */
  readonly expectedBase?: Fingerprint
}

/** Bring everything into the image file: afterwards it alone is the disk. */
export interface FlattenRequest {
  readonly kind: 'flatten'
  readonly path: string
  /** Read what was copied again and compare, before it counts as copied. */
  readonly verify: boolean
}

/** Write the whole disk to a new raw file. The sources are only read. */
export interface ExportRequest {
  readonly kind: 'export'
  readonly path: string
  readonly target: string
  /** Read both sides again afterwards and compare. */
  readonly verify: boolean
}

/**
 * Write an overlay as a new qcow2 overlay on the same backing file, for those who do not know ours.
 * The sources are only read.
 */
export interface ExportOverlayRequest {
  readonly kind: 'export-overlay'
  readonly path: string
  /** The qcow2 file to be made. */
  readonly target: string
  /** Read both sides again afterwards and compare. */
  readonly verify: boolean
}

/** Make an overlay that is what a qcow2 overlay is, on the same backing file. That is only read. */
export interface ImportOverlayRequest {
  readonly kind: 'import-overlay'
  /** The qcow2 overlay. */
  readonly path: string
  /** The add-cow file to be made. */
  readonly target: string
  readonly format: OverlayFormat
  /** Written as given; a relative name counts from the directory of `target`. Must not exist. */
  readonly imageFile: string
  /** Read both sides again afterwards and compare. */
  readonly verify: boolean
}

/**
 * Write what the overlay has down into its backing file (grown where it is smaller), and make the
 * overlay empty. The disk that the overlay shows stays the same; every other overlay on that
 * backing file would show something else.
 */
export interface CommitRequest {
  readonly kind: 'commit'
  readonly path: string
  /** Read what was copied again and compare, before the overlay gives it up. */
  readonly verify: boolean
}

/**
 * Put the overlay on another backing file. The disk stays the same, unless `namesOnly`: then only
 * the name changes, and the person answers for the content being what it was.
 */
export interface RebaseRequest {
  readonly kind: 'rebase'
  readonly path: string
  /** The name to be stored, as for CreateRequest; empty: no backing file any more. */
  readonly backingFile: string
  /** The format of the new backing file; probed where absent. */
  readonly backingFormat?: FormatName
  readonly namesOnly: boolean
  /**
   * Only without `namesOnly`: read again what was copied, and then all that the overlay leaves to
   * the new base, and compare with what it was, before the overlay is put there.
   */
  readonly verify?: boolean
  /**
   * Only with `namesOnly`: what the base was when it was last seen. Where the new one is something
   * else: `chain/base-differs`.
   */
  readonly expectedBase?: Fingerprint
}

/** Find where two disks differ, each with all that lies below it. Changes nothing. */
export interface CompareRequest {
  readonly kind: 'compare'
  readonly path: string
  readonly other: string
  /** Stop at the first difference instead of listing all. */
  readonly firstOnly: boolean
}

/** Work out what flatten, export and commit would need and give back. Changes nothing. */
export interface MeasureRequest {
  readonly kind: 'measure'
  readonly path: string
  /** Also read all that the overlay has, to find what equals its base: as long as that takes. */
  readonly compareWithBase: boolean
}

/**
 * Move an overlay with its image file to another directory (or, where that is the present one, only
 * change how its names are stored), or copy it there. What lies below stays where it is.
 */
export interface MoveRequest {
  readonly kind: 'move'
  readonly path: string
  /** The new place of the add-cow file, and of its image file. Nothing may be there yet. */
  readonly target: string
  readonly targetImage: string
  /** Leave the overlay where it is as well. */
  readonly copy: boolean
  /** How the names of image and backing file are stored afterwards. */
  readonly names: 'relative' | 'absolute'
}

/** A file that a job would touch. */
export interface PlannedFile {
  readonly path: string
  readonly role: 'add-cow' | 'image' | 'backing' | 'target'
  readonly action: 'create' | 'write' | 'read'
}

export const WARNING_CODES = [
  'image-file-reused',
  'backing-probed-raw',
  'backing-looks-foreign',
  'data-cut-off',
  'nothing-to-copy',
  'snapshots-left',
] as const

/** Something a person should know before saying yes; not a reason to refuse. */
export interface PlanWarning {
  readonly code: (typeof WARNING_CODES)[number]
  readonly details: Readonly<Record<string, string | number>>
}

/** What a job would do, made without changing anything. */
export interface JobPlan {
  readonly kind: JobKind
  /** Why the job would be refused, the first reason first; empty = it can start. */
  readonly problems: readonly ErrorData[]
  readonly warnings: readonly PlanWarning[]
  readonly files: readonly PlannedFile[]
  /** Bytes that will be read and written, at the most; what is known to be zero is not counted. */
  readonly bytesToCopy: number
  /** Bytes of new space that are needed on the host, at the most, and what is free there. */
  readonly spaceNeeded: number
  readonly spaceFree?: number
  /** The file system that has it: equal for plans that share it; absent where not known. */
  readonly spaceOn?: string
  /** Bytes of the host that are given back at the end, at most, where the job gives some back. */
  readonly spaceFreed?: number
  /** The same thing for a shell. */
  readonly commandLine: string
  /** Virtual size before and after, in bytes, where the job makes or changes it. */
  readonly sizeBefore?: number
  readonly sizeAfter?: number
  /**
   * Only for a resize that cuts off: allocated bytes lost, and the end of the last allocated byte.
   */
  readonly lostBytes?: number
  readonly lastAllocatedEnd?: number
}

/**
 * How far a job is. `current` never falls within a phase, and never passes `total`. Bytes of the
 * virtual disk.
 */
export interface JobProgress {
  readonly phase: 'preparing' | 'copying' | 'verifying'
  readonly current: number
  readonly total: number
}

/** Differing ranges that a comparison lists; more are only counted. */
export const MAX_DIFFERING_RANGES = 65_536

/** A run of a disk in which two disks differ; bytes, whole sectors but at the end of a disk. */
export interface DifferingRange {
  readonly offset: number
  readonly length: number
}

/** The outcome of a comparison of two disks. */
export interface CompareResult {
  readonly identical: boolean
  /** Virtual sizes of both, in bytes: what one has more counts as different if it is not zero. */
  readonly sizes: readonly [number, number]
  /** The offset of the first byte that differs. */
  readonly firstDifference?: number
  /** Ascending, apart from each other; the first MAX_DIFFERING_RANGES of them. */
  readonly ranges: readonly DifferingRange[]
  /** Bytes in all ranges, those that are not listed as well. */
  readonly differingBytes: number
  readonly more: boolean
}

/** What a job would read, need and give back, in bytes of the host, at the most. */
export interface Cost {
  readonly bytesToCopy: number
  readonly spaceNeeded: number
  readonly spaceFreed: number
}

/** The outcome of a measurement; a job that the image cannot have is absent. */
export interface MeasureResult {
  readonly virtualSize: number
  readonly flatten?: Cost
  readonly commit?: Cost
  readonly export: Cost
  /** Bytes that the overlay has and that its base has just the same; only where asked for. */
  readonly equalToBase?: number
}

/** How a job ended well. */
export interface JobResult {
  readonly kind: JobKind
  /** The file that the job made or changed. */
  readonly path: string
  /** Bytes that were copied between files. */
  readonly bytesCopied?: number
  /** Each only for a job of that kind. */
  readonly check?: CheckResult
  readonly compare?: CompareResult
  readonly measure?: MeasureResult
}
