import type { ErrorData, JobPlan, NbdAddress } from '../../../engine'
import type { HostSettings } from '../calls'

/** What an export is to serve, and where. */
export interface OpenExport {
  /** Absolute. */
  readonly path: string
  readonly readOnly: boolean
  readonly address: NbdAddress
}

/** The two files of the overlay that a snapshot puts on top. */
export interface SnapshotFiles {
  /** The new overlay file. Absolute. */
  readonly path: string
  /** As it is stored in there. */
  readonly imageFile: string
}

/** An export as it is just now. Sizes in bytes. */
export interface ServedState {
  readonly uri: string
  readonly path: string
  readonly size: number
  readonly clients: number
  readonly clientsWithOldSize: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly flatten?: {
    readonly path: string
    readonly current: number
    readonly total: number
  }
}

/** Everything that the main process can ask of the thread of an export: name, request, result. */
export interface ExportCalls {
  /** Once, before all others. */
  open: { request: OpenExport; result: ServedState }
  planSnapshot: { request: SnapshotFiles; result: JobPlan }
  snapshot: { request: SnapshotFiles; result: ServedState }
  /** Takes as long as there is something to copy. A second one takes the place of the first. */
  flatten: { request: { readonly bytesPerSecond?: number }; result: ServedState }
  stopFlatten: { request: undefined; result: ServedState }
  grow: { request: { readonly size: number }; result: ServedState }
  /** Ends the export: all that was written is durable afterwards. */
  close: { request: undefined; result: undefined }
}

export type ExportCallName = keyof ExportCalls

/** `id` is made by the caller and stands in the answer. */
export interface ExportCallMessage<Name extends ExportCallName> {
  readonly id: number
  readonly name: Name
  readonly request: ExportCalls[Name]['request']
  readonly host: HostSettings
}

export type ToExport = { [Name in ExportCallName]: ExportCallMessage<Name> }[ExportCallName]

export interface ExportDoneMessage<Name extends ExportCallName> {
  readonly type: 'done'
  readonly id: number
  readonly name: Name
  readonly result: ExportCalls[Name]['result']
}

export type FromExport =
  | { [Name in ExportCallName]: ExportDoneMessage<Name> }[ExportCallName]
  | {
      readonly type: 'failed'
      readonly id: number
      readonly name: ExportCallName
      readonly error: ErrorData
    }
  /** Something is different from what was told before. */
  | { readonly type: 'state'; readonly state: ServedState }
  /** The disk could not do what a client had asked for. */
  | { readonly type: 'failure'; readonly error: ErrorData }
