import type {
  DiskContent,
  ChainInfo,
  ErrorData,
  Fingerprint,
  FormatName,
  JobPlan,
  JobProgress,
  JobRequest,
  JobResult,
} from '../../engine'
import type { MapCounts, PlacedExtent } from '../contract/map'
import type { WorkerMap } from './map/disk-maps'

/** What an overlay stands on: all that tells later whether it is still the same. */
export interface BaseMark {
  readonly format: FormatName
  readonly fingerprint: Fingerprint
}

/** What a scan finds out about an image. Paths have all links followed: equal for the same file. */
export interface ScannedImage {
  readonly chain: ChainInfo
  /** The path of each layer, top first. */
  readonly layerPaths: readonly string[]
  /** The backing file of the top, which need not exist. */
  readonly backingPath?: string
  /** The image file of the top, where it is an overlay. */
  readonly imagePath?: string
  /**
   * All files below the top: the backing file, and each layer's with the files of its data; last
   * the data file of the top, where it is a qcow2 image that has one.
   */
  readonly filesBelow: readonly string[]
  /** The base as it is now, where there is one and it can be read. */
  readonly base?: BaseMark
  /** By which a change of any of these files is noticed: see `signatures`. */
  readonly signature: string
}

/** Files that a person pointed at, folders replaced by what is in them. */
export interface FoundFiles {
  readonly files: readonly {
    /** With all links followed. */
    readonly path: string
    /** Whether it was found in a folder, where things lie that are no images. */
    readonly inFolder: boolean
  }[]
  readonly refused: readonly { readonly path: string; readonly error: ErrorData }[]
}

/** Everything that the main process can ask of a worker thread: name, request, result. */
export interface Calls {
  /**
   * Opens an image and what lies below it. The base's content is looked at only where its size or
   * time differ from what is known. Errors: those of inspectChain.
   */
  scan: {
    request: { readonly path: string; readonly knownBase?: BaseMark }
    result: ScannedImage
  }
  /** The same for somebody who only looks: the last scan, as long as no file has changed since. */
  look: {
    request: { readonly path: string; readonly knownBase?: BaseMark }
    result: ScannedImage
  }
  /** What is inside of the disk. Errors: those of openDisk. */
  content: { request: { readonly path: string }; result: DiskContent }
  /** A text for each list of files that differs where one of them was changed, replaced or lost. */
  signatures: {
    request: { readonly lists: readonly (readonly string[])[] }
    result: readonly string[]
  }
  find: { request: { readonly paths: readonly string[] }; result: FoundFiles }
  plan: { request: JobRequest; result: JobPlan }
  /** May take very long: tells how far it is, and can be paused and cancelled. */
  run: { request: JobRequest; result: JobResult }
  /** Makes the sample disk in a new folder below `parent`: the paths of its two images. */
  makeSample: {
    request: { readonly parent: string }
    result: { readonly base: string; readonly overlay: string }
  }
  /** Tells how far it is, and can be cancelled. Quick where no file of the chain was changed. */
  map: { request: { readonly path: string }; result: WorkerMap }
  mapTile: {
    request: {
      readonly path: string
      readonly cellBytes: number
      readonly first: number
      readonly count: number
    }
    result: MapCounts
  }
  mapExtents: {
    request: { readonly path: string; readonly first: number; readonly count: number }
    result: readonly PlacedExtent[]
  }
  mapExtentAt: {
    request: { readonly path: string; readonly offset: number }
    result: PlacedExtent | undefined
  }
  readBytes: {
    request: { readonly path: string; readonly offset: number; readonly length: number }
    result: Uint8Array<ArrayBuffer>
  }
}

export type CallName = keyof Calls

/** `id` is made by the caller and stands in all messages about the same call. */
export type ToWorker = { [Name in CallName]: CallMessage<Name> }[CallName] | SteeringMessage

/** What a call under way is to do. */
export interface SteeringMessage {
  readonly type: 'cancel' | 'pause' | 'resume'
  readonly id: number
}

export interface CallMessage<Name extends CallName> {
  readonly type: 'call'
  readonly id: number
  readonly name: Name
  readonly request: Calls[Name]['request']
  readonly host: HostSettings
}

/** How the engine works for a call. */
export interface HostSettings {
  /** Memory for the bitmap of each overlay that is opened, in bytes. */
  readonly cacheBytes: number
  /** What is new since the last call of the same thread. */
  readonly trust: readonly TrustNews[]
}

/**
 * What the person trusts: a name that images may name (an absolute path or a URI) or may name no
 * longer, or an image of the list, which may be named as well and is of that format; undefined = no
 * longer in the list.
 */
export type TrustNews =
  | { readonly agreed: string }
  | { readonly withdrawn: string }
  | { readonly image: string; readonly format: FormatName | undefined }

export type FromWorker =
  | { [Name in CallName]: DoneMessage<Name> }[CallName]
  | FailedMessage
  | { readonly type: 'progress'; readonly id: number; readonly progress: JobProgress }

export interface DoneMessage<Name extends CallName> {
  readonly type: 'done'
  readonly id: number
  readonly name: Name
  readonly result: Calls[Name]['result']
}

export interface FailedMessage {
  readonly type: 'failed'
  readonly id: number
  readonly name: CallName
  readonly error: ErrorData
}
