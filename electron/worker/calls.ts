import type {
  ChainInfo,
  ErrorData,
  JobPlan,
  JobProgress,
  JobRequest,
  JobResult,
} from '../../engine'

/** What a scan finds out about an image. */
export interface ScannedImage {
  readonly chain: ChainInfo
  /** The path of each layer with all links followed: equal for two names of the same file. */
  readonly layerPaths: readonly string[]
  /** The same of the top's image file, and of its backing file, which need not exist. */
  readonly imagePath?: string
  readonly backingPath?: string
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
  /** Opens an image and what lies below it. Errors: those of inspectChain. */
  scan: { request: { readonly path: string }; result: ScannedImage }
  find: { request: { readonly paths: readonly string[] }; result: FoundFiles }
  plan: { request: JobRequest; result: JobPlan }
  /** The one call that may take long: tells how far it is, and can be cancelled. */
  run: { request: JobRequest; result: JobResult }
  /** Makes the sample disk in a new folder below `parent`: the paths of its two images. */
  makeSample: {
    request: { readonly parent: string }
    result: { readonly base: string; readonly overlay: string }
  }
}

export type CallName = keyof Calls

/** `id` is made by the caller and stands in all messages about the same call. */
export type ToWorker =
  | {
      [Name in CallName]: {
        readonly type: 'call'
        readonly id: number
        readonly name: Name
        readonly request: Calls[Name]['request']
      }
    }[CallName]
  | { readonly type: 'cancel'; readonly id: number }

export type FromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly id: number; readonly result: Calls[CallName]['result'] }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorData }
