import type { ErrorData } from '../../engine/base/errors'
import type { FormatName } from '../../engine/model/image'
import type { JobPlan } from '../../engine/model/job'
import type {
  ExportId,
  ExportList,
  ExportSnapshot,
  ExportSnapshotRequest,
  FlattenExportRequest,
  StartExportRequest,
} from './exports'
import type { JobId, JobSnapshot, PathGrant, WindowJobPlan, WindowJobRequest } from './jobs'
import type { AddResult, ImageDetails, ImageId, ImageSummary } from './library'
import type {
  DiskBytesRequest,
  DiskMap,
  MapCounts,
  MapExtentsRequest,
  MapProgress,
  MapTileRequest,
  PlacedExtent,
} from './map'
import type { Settings } from './settings'

/** What the window knows when it opens: enough for the first paint. */
export interface Bootstrap {
  readonly version: string
  readonly electron: string
  readonly chromium: string
  readonly node: string
  readonly platform: 'linux' | 'darwin' | 'win32' | 'other'
  /** The language of the system, such as `de-DE`. */
  readonly locale: string
  readonly settings: Settings
  readonly images: readonly ImageSummary[]
  readonly jobs: readonly JobSnapshot[]
}

/** A library that is shipped with the application, and the terms it comes under. */
export interface Licence {
  readonly name: string
  readonly version: string
  /** As SPDX has it, such as `MIT`; absent where its makers do not say. */
  readonly identifier?: string
  /** The whole text; absent where the library has none of its own. */
  readonly text?: string
}

/** Everything that the window can ask of the main process: name, request, result. */
export interface Commands {
  'app.bootstrap': { request: undefined; result: Bootstrap }
  'app.copyText': { request: { text: string }; result: undefined }
  /** What the application is made of besides its own code, by name. */
  'app.licences': { request: undefined; result: readonly Licence[] }
  'app.showLog': { request: undefined; result: undefined }

  /** Asks the person for files or for a folder, and adds what is in there. */
  'library.add': { request: { what: 'files' | 'folder' }; result: AddResult }
  /** Forgets images. Touches no file. */
  'library.forget': { request: { ids: readonly ImageId[] }; result: undefined }
  /** Looks at the files again: these images, or all. */
  'library.rescan': { request: { ids?: readonly ImageId[] }; result: undefined }
  /**
   * Lets images name this file or address from now on: the `target` of an error
   * `chain/needs-consent`. Looks again at the images that wait for it.
   */
  'library.agree': { request: { name: string }; result: undefined }
  /**
   * Reads a file as this from now on: a raw disk, or what a raw one looks like. Refused with
   * `chain/breaks-others` where overlays stand on it.
   */
  'library.treatAs': { request: { id: ImageId; format: FormatName }; result: undefined }
  'library.showInFolder': { request: { id: ImageId }; result: undefined }
  /** Makes a small base with an overlay on it, adds both, and returns the overlay's id. */
  'library.createSample': { request: undefined; result: { id: ImageId } }

  /** The names that images may name elsewhere, because the person agreed to each. */
  'library.agreedNames': { request: undefined; result: readonly string[] }
  /** Takes a yes back; who was let by it asks again. Work under way goes on with what it opened. */
  'library.withdraw': { request: { name: string }; result: undefined }

  /** The folders whose images come to the list by themselves. */
  'folders.list': { request: undefined; result: readonly string[] }
  /** Asks the person for one more, and adds what is in there. */
  'folders.add': { request: undefined; result: AddResult }
  /** What came from there stays in the list. */
  'folders.remove': { request: { folder: string }; result: undefined }

  'image.details': { request: { id: ImageId }; result: ImageDetails }

  /** Who serves what of the disk. The first look at a disk takes a while: see `map.progress`. */
  'map.open': { request: { id: ImageId }; result: DiskMap }
  'map.tile': { request: MapTileRequest; result: MapCounts }
  'map.extents': { request: MapExtentsRequest; result: readonly PlacedExtent[] }
  /** Undefined behind the end of the disk. */
  'map.extentAt': { request: { id: ImageId; offset: number }; result: PlacedExtent | undefined }
  'map.bytes': { request: DiskBytesRequest; result: Uint8Array<ArrayBuffer> }

  /** Undefined where the person cancelled. */
  'dialog.pickFolder': { request: undefined; result: PathGrant | undefined }
  'dialog.pickExportTarget': {
    request: { imageId: ImageId; format: 'raw' | 'qcow2' }
    result: PathGrant | undefined
  }
  /** A base for an image that is in the library. */
  'dialog.pickBase': { request: { imageId: ImageId }; result: PathGrant | undefined }

  /** What a job would do; changes nothing. */
  'job.plan': { request: WindowJobRequest; result: WindowJobPlan }
  'job.start': { request: WindowJobRequest; result: { id: JobId } }
  'job.cancel': { request: { id: JobId }; result: undefined }
  'job.pause': { request: { id: JobId }; result: undefined }
  'job.resume': { request: { id: JobId }; result: undefined }
  /** Takes up again what a job that ended before its goal has left; see JobSnapshot.canGoOn. */
  'job.goOn': { request: { id: JobId }; result: undefined }
  /** Takes ended jobs out of the list; the history of their images keeps them. */
  'job.clear': { request: { ids: readonly JobId[] }; result: undefined }

  'export.list': { request: undefined; result: ExportList }
  'export.start': { request: StartExportRequest; result: { id: ExportId } }
  /** Ends an export in good order, or takes one that has failed out of the list. */
  'export.stop': { request: { id: ExportId }; result: undefined }
  /** What a snapshot would make; changes nothing. */
  'export.planSnapshot': { request: ExportSnapshotRequest; result: JobPlan }
  'export.takeSnapshot': { request: ExportSnapshotRequest; result: undefined }
  /** Begins, or goes on at another pace; returns at once. */
  'export.flatten': { request: FlattenExportRequest; result: undefined }
  'export.stopFlatten': { request: { id: ExportId }; result: undefined }
  /** The new virtual size in bytes, larger than the present one. */
  'export.grow': { request: { id: ExportId; size: number }; result: undefined }
  /** `throwAway`: nothing that the machine writes reaches the disk. */
  'export.startQemu': { request: { id: ExportId; throwAway: boolean }; result: undefined }

  'settings.change': { request: Partial<Settings>; result: Settings }
}

export type CommandName = keyof Commands

/**
 * The commands by name, for the preload and the main process: what is not listed does not exist.
 */
export const COMMAND_NAMES = [
  'app.bootstrap',
  'app.copyText',
  'app.licences',
  'app.showLog',
  'library.add',
  'library.forget',
  'library.rescan',
  'library.agree',
  'library.treatAs',
  'library.showInFolder',
  'library.createSample',
  'library.agreedNames',
  'library.withdraw',
  'folders.list',
  'folders.add',
  'folders.remove',
  'image.details',
  'map.open',
  'map.tile',
  'map.extents',
  'map.extentAt',
  'map.bytes',
  'dialog.pickFolder',
  'dialog.pickExportTarget',
  'dialog.pickBase',
  'job.plan',
  'job.start',
  'job.cancel',
  'job.pause',
  'job.resume',
  'job.goOn',
  'job.clear',
  'export.list',
  'export.start',
  'export.stop',
  'export.planSnapshot',
  'export.takeSnapshot',
  'export.flatten',
  'export.stopFlatten',
  'export.grow',
  'export.startQemu',
  'settings.change',
] as const satisfies readonly CommandName[]

/** What the menu and its shortcuts ask of the window. */
export type WindowAction =
  | 'new-overlay'
  | 'add-files'
  | 'add-folder'
  | 'check'
  | 'resize'
  | 'flatten'
  | 'export'
  | 'export-overlay'
  | 'import-overlay'
  | 'serve'
  | 'commit'
  | 'rebase'
  | 'move'
  | 'compare'
  | 'rescan-image'
  | 'show-in-folder'
  | 'copy-path'
  | 'forget'
  | 'search'
  | 'rescan'
  | 'page-images'
  | 'page-jobs'
  | 'page-exports'
  | 'settings'
  | 'shortcuts'
  | 'about'

/** Everything that the main process tells the window of its own accord. */
export interface Events {
  'library.changed': {
    readonly changed: readonly ImageSummary[]
    readonly removed: readonly ImageId[]
  }
  /** At most ten times a second a job. */
  'job.changed': JobSnapshot
  'job.removed': { readonly ids: readonly JobId[] }
  /** At most four times a second an export. */
  'export.changed': ExportSnapshot
  'export.removed': { readonly id: ExportId }
  'settings.changed': Settings
  /** At most ten times a second, while a map is opened for the first time. */
  'map.progress': MapProgress
  'window.action': { readonly action: WindowAction }
  /** Files were handed over by a second start or a file association. */
  'library.added': AddResult
}

export type EventName = keyof Events

export const EVENT_NAMES = [
  'library.changed',
  'job.changed',
  'job.removed',
  'export.changed',
  'export.removed',
  'settings.changed',
  'map.progress',
  'window.action',
  'library.added',
] as const satisfies readonly EventName[]

/** An answer on the wire: errors are values, as exceptions lose their code between processes. */
export type Reply<Result> =
  { readonly ok: true; readonly value: Result } | { readonly ok: false; readonly error: ErrorData }

/**
 * The one object that the preload gives to the window, as `window.addCow`. `DroppedFile` is the
 * DOM's File, a name that this folder, which is no part of a page, does not have.
 */
export interface Bridge<DroppedFile> {
  invoke<Name extends CommandName>(
    name: Name,
    request: Commands[Name]['request'],
  ): Promise<Reply<Commands[Name]['result']>>
  /** Returns a function that ends the subscription. */
  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void
  /**
   * Adds files that were dropped on the window: only real drops have a path, so no path can be made
   * up.
   */
  addDropped(files: readonly DroppedFile[]): Promise<Reply<AddResult>>
}

/** Commands, by name, from the window to the main process. */
export const COMMAND_CHANNEL = 'command'
/** Apart from the commands, as only the preload can know the paths of what was dropped. */
export const DROP_CHANNEL = 'library.addDropped'

/** Each event has a channel of its own, from the main process to the window. */
export type EventChannel<Name extends EventName> = `event:${Name}`

export function eventChannel<Name extends EventName>(name: Name): EventChannel<Name> {
  return `event:${name}`
}
