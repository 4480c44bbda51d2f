import type { ErrorData } from '../../engine/base/errors'
import type { ImageId } from './library'

/** Names an export as long as it is in the list. Opaque. */
export type ExportId = string

/** Where an export listens: a Unix socket in a folder of ours, or a port of 127.0.0.1. */
export type ExportPlace =
  | { readonly kind: 'socket' }
  /** 1 to 65535, or 0 for any that is free. */
  | { readonly kind: 'tcp'; readonly port: number }

export interface StartExportRequest {
  readonly imageId: ImageId
  readonly readOnly: boolean
  readonly place: ExportPlace
}

/** The overlay that a snapshot puts on top: names without a directory, beside the present top. */
export interface ExportSnapshotRequest {
  readonly id: ExportId
  readonly name: string
  readonly imageFileName: string
}

export interface FlattenExportRequest {
  readonly id: ExportId
  /** Of what lies below, copied in a second at most; as fast as clients leave room where absent. */
  readonly bytesPerSecond?: number
}

/** A flatten in the background of an export. */
export interface ExportFlatten {
  /** The overlay that it was begun with, which lies below the top after a snapshot. */
  readonly path: string
  readonly bytesPerSecond?: number
  /** `done`: the image file of that overlay holds all of its disk. */
  readonly status: 'running' | 'done' | 'stopped' | 'failed'
  /** Bytes of the disk that are looked at, of all of them. */
  readonly current: number
  readonly total: number
  readonly error?: ErrorData
}

/** An export that is on, or one that ended of itself and is still to be told of. */
export interface ExportSnapshot {
  readonly id: ExportId
  /** `failed`: its thread ended, or it could not be closed in good order; see `error`. */
  readonly status: 'running' | 'stopping' | 'failed'
  readonly error?: ErrorData
  /** The image that is written to: another one after a snapshot. */
  readonly imageId?: ImageId
  readonly path: string
  /** Virtual size in bytes, as new clients are told it. */
  readonly size: number
  readonly readOnly: boolean
  /** As the tools of the field take it. */
  readonly uri: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly clients: number
  /** Of those, how many still go by another size. */
  readonly clientsWithOldSize: number
  /** Bytes since the start. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Bytes a second over a sliding window of a few seconds. */
  readonly readSpeed: number
  readonly writeSpeed: number
  readonly flatten?: ExportFlatten
  /** What the disk could not do for a client, the last time that this happened. */
  readonly failure?: ErrorData
  /** Machines that were started on it from here and have not ended. */
  readonly machines: number
  /** Why the last of them ended badly, in QEMU's words. */
  readonly machineFailure?: ErrorData
}

export interface ExportList {
  readonly exports: readonly ExportSnapshot[]
  /** Whether QEMU's system emulator is installed. */
  readonly canStartQemu: boolean
}
