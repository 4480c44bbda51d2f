import type { Extent } from '../../engine/model/image'
import type { ImageId } from './library'

/**
 * Numbers by cell and, within a cell, by layer from the top down: bytes that the layer serves as
 * data, then bytes that it serves as zeros. What a cell lacks of its size is in no layer.
 */
export type MapCounts = Float64Array<ArrayBuffer>

/**
 * Who serves what of a whole disk, as a pyramid: the finest level that is kept, then levels of half
 * as many cells each. All sizes in bytes.
 */
export interface DiskMap {
  readonly id: ImageId
  /** The virtual size. */
  readonly size: number
  readonly layerCount: number
  /** Runs of bytes that one layer serves as one kind: the rows of the table. */
  readonly extentCount: number
  /** What a cell of the finest level covers: a power of two, at least a sector. */
  readonly cellBytes: number
  /** Finest first; a cell of each next one covers two of the one before. */
  readonly levels: readonly MapCounts[]
}

/** Cells finer than those of the pyramid: `count` from the cell `first` on. */
export interface MapTileRequest {
  readonly id: ImageId
  /** A power of two, at least a sector. */
  readonly cellBytes: number
  readonly first: number
  /** 1..1024. Cells behind the end of the disk count nothing. */
  readonly count: number
}

/** Extents by their place in the list of all, 1..512 at a time. */
export interface MapExtentsRequest {
  readonly id: ImageId
  readonly first: number
  readonly count: number
}

/** An extent with its place in the list of all. */
export interface PlacedExtent extends Extent {
  readonly index: number
}

/** Bytes of the disk as the guest reads them: 1..65536 at a time, fewer where the disk ends. */
export interface DiskBytesRequest {
  readonly id: ImageId
  readonly offset: number
  readonly length: number
}

/** How far the first look at a disk is, in bytes of its virtual size. */
export interface MapProgress {
  readonly id: ImageId
  readonly current: number
  readonly total: number
}
