import type { ErrorData } from '../base/errors'

/** Formats that are read by way of QEMU, where it is installed. */
export const EXTERNAL_FORMATS = ['vmdk', 'vdi', 'vhdx', 'vpc', 'qed', 'parallels', 'dmg'] as const

export type ExternalFormat = (typeof EXTERNAL_FORMATS)[number]

/** Formats that the engine opens as a layer of a disk. */
export const FORMAT_NAMES = ['raw', 'add-cow', 'acow', 'qcow2', ...EXTERNAL_FORMATS] as const

export type FormatName = (typeof FORMAT_NAMES)[number]

/** Formats of overlays that are made and written. */
export type OverlayFormat = 'add-cow' | 'acow'

/** The virtual size of a disk and what it takes on the host, all in bytes. */
export interface ImageSizes {
  /** What the guest sees. */
  readonly virtualSize: number
  /** Blocks that the layer's files take on the host (add-cow file and image file together). */
  readonly sizeOnDisk: number
  /** Bytes of the virtual size that this layer decides; the whole of it for a raw file. */
  readonly allocatedBytes: number
}

/**
 * One layer of a chain as `info` tells it. Names are as stored; `...Path` are resolved and
 * absolute.
 */
export interface LayerInfo extends ImageSizes {
  readonly path: string
  readonly format: FormatName
  /** Bytes that one bit of the bitmap covers; a sector for a raw file. */
  readonly clusterSize: number
  /** Time of the last change of any of the layer's files, milliseconds since 1970. */
  readonly modifiedAt: number
  /** 0 for the top. */
  readonly depth: number
  /**
   * Only for a raw file that starts as an image of another format does: the name of that format.
   * Whoever writes to a raw disk may have put it there; or the file is no raw one.
   */
  readonly looksLike?: string
  /** Only for an overlay: whether its metadata says that nothing below is used any more. */
  readonly allAllocated?: boolean
  /** Only for an overlay: its image file and its backing file. */
  readonly imageFile?: { readonly name: string; readonly path: string; readonly size: number }
  /** Only for qcow2. */
  readonly qcow2?: Qcow2Info
  /** `format` is what the overlay stores, which may be a word that the engine does not know. */
  readonly backing?: { readonly name: string; readonly path: string; readonly format?: string }
  /**
   * Bytes of the top's virtual size that are read from this layer; only where the whole chain was
   * opened.
   */
  readonly servedBytes?: number
}

/** What the header of a qcow2 image says besides. */
export interface Qcow2Info {
  readonly version: 2 | 3
  readonly compression: 'zlib' | 'zstd'
  readonly refcountBits: number
  readonly lazyRefcounts: boolean
  readonly extendedL2: boolean
  /** Not closed in order by who wrote it last. */
  readonly dirty: boolean
  /** Marked as damaged by who wrote it last. */
  readonly corrupt: boolean
  /** Only where guest data lies apart. `raw`: that file alone reads as the disk. */
  readonly dataFile?: { readonly name: string; readonly path: string; readonly raw: boolean }
  /** Internal snapshots, oldest first. */
  readonly snapshots: readonly SnapshotInfo[]
}

/** A snapshot inside of a qcow2 image. */
export interface SnapshotInfo {
  readonly id: string
  readonly name: string
  /** Milliseconds since 1970, whole ones. */
  readonly takenAt: number
  /** The same within its second, as exactly as it is stored. */
  readonly takenNanoseconds: number
  /** How long the machine had run. */
  readonly clockNanoseconds: number
  /** Bytes of the machine's state, 0 for a snapshot of the disk alone. */
  readonly stateSize: number
  /** Virtual size in bytes; absent where not stored. */
  readonly virtualSize?: number
  /** Instructions that the machine had done; only where they were counted. */
  readonly instructions?: number
}

/**
 * A disk's chain, top first. Where a layer could not be opened, `problem` says why and the list
 * ends above it.
 */
export interface ChainInfo {
  readonly layers: readonly LayerInfo[]
  readonly problem?: ErrorData
}

/** Does this layer decide the range, and what does the range read as? `unknown`: not looked at. */
export interface Extent {
  /** Bytes from the start of the disk, inclusive. */
  readonly offset: number
  /** Bytes, at least 1. */
  readonly length: number
  readonly content: 'data' | 'zero'
  /** The layer that serves it, 0 = top; undefined where no layer does, and zeros are read. */
  readonly depth?: number
}

/**
 * By what a base is known again. Size in bytes, time in milliseconds since 1970, sample a hash of
 * spread samples.
 */
export interface Fingerprint {
  readonly size: number
  readonly modifiedAt: number
  readonly sample: string
}

export type FindingSeverity = 'corruption' | 'leak' | 'notice'

export const FINDING_CODES = [
  'metadata-short',
  'metadata-long',
  'bits-past-end',
  'size-unaligned',
  'reserved-not-zero',
  'image-file-short',
  'image-file-long',
  'allocated-hole',
  'data-unallocated',
  'same-file',
  'marked-corrupt',
  'marked-dirty',
  'table-damaged',
  'entry-damaged',
  'cluster-in-metadata',
  'cluster-shared',
  'sharing-unknown',
  'backing-unusable',
  'base-changed',
] as const

/** What a check can find; SPEC.md of the format says what each one means. */
export type FindingCode = (typeof FINDING_CODES)[number]

/** One thing that a check found. A finding is data, not an error. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: FindingSeverity
  /** One line for people, in English, with the figures. */
  readonly message: string
  readonly details: Readonly<Record<string, string | number>>
  /**
   * Which repair mends it, and what that does, in one line; absent where none is possible without
   * guessing.
   */
  readonly repair?: { readonly by: 'leaks' | 'all'; readonly action: string }
  /** Whether this call repaired it. */
  readonly repaired: boolean
}

/** The outcome of a check of one layer. Counts are clusters (sectors for layout 1). */
export interface CheckResult {
  readonly path: string
  readonly format: FormatName
  readonly findings: readonly Finding[]
  readonly totalClusters: number
  readonly allocatedClusters: number
}
