import type { ErrorData } from '../base/errors'
import type { CheckResult, Fingerprint, FormatName } from './image'

/** What a job is asked to do. Paths are absolute; sizes are bytes. */
export type JobRequest =
  CreateRequest | ResizeRequest | CheckRequest | FlattenRequest | ExportRequest

export type JobKind = JobRequest['kind']

/**
 * Make an overlay. Names are written as given; a relative one counts from the directory of `path`.
 */
export interface CreateRequest {
  readonly kind: 'create'
  /** The add-cow file to be made. */
  readonly path: string
  readonly format: Exclude<FormatName, 'raw'>
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

/** A file that a job would touch. */
export interface PlannedFile {
  readonly path: string
  readonly role: 'add-cow' | 'image' | 'backing' | 'target'
  readonly action: 'create' | 'write' | 'read'
}

export const WARNING_CODES = [
  'image-file-reused',
  'backing-probed-raw',
  'data-cut-off',
  'nothing-to-copy',
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

/** How a job ended well. */
export interface JobResult {
  readonly kind: JobKind
  /** The file that the job made or changed. */
  readonly path: string
  /** Bytes that were copied between files. */
  readonly bytesCopied?: number
  /** Only for a check. */
  readonly check?: CheckResult
}
