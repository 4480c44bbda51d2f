import type { ErrorData } from '../../engine/base/errors'
import type { OverlayFormat } from '../../engine/model/image'
import type {
  CheckRequest,
  CommitRequest,
  FlattenRequest,
  ImportOverlayRequest,
  JobKind,
  JobPlan,
  JobProgress,
  JobResult,
  MeasureRequest,
  MoveRequest,
  RebaseRequest,
  ResizeRequest,
} from '../../engine/model/job'
import type { ImageId } from './library'

/**
 * A path that the person picked in a native dialog: the window sees the text, but only the id opens
 * anything.
 */
export interface PathGrant {
  readonly id: string
  readonly path: string
}

/** A name for new files, in the directory of the base or in one that the person picked. */
export interface NewOverlayRequest {
  readonly kind: 'create'
  readonly baseId: ImageId
  /** File names without a directory. */
  readonly name: string
  readonly imageFileName: string
  /** A PathGrant's id; absent = the directory of the base. */
  readonly folderGrant?: string
  /** Virtual size in bytes; absent = the base's. */
  readonly size?: number
  readonly reuseImageFile?: boolean
  /** The layout of the overlay; absent = add-cow. */
  readonly format?: OverlayFormat
}

/** An overlay with its image file at another place, or the same with other names in it. */
export interface MoveOverlayRequest extends Pick<MoveRequest, 'kind' | 'copy' | 'names'> {
  readonly imageId: ImageId
  /** A PathGrant's id; absent = each of the two files stays in the directory where it is. */
  readonly folderGrant?: string
  /** File names without a directory. */
  readonly name: string
  readonly imageFileName: string
  /** The images that the person agreed to break; all that would be must be among them. */
  readonly accepted: readonly ImageId[]
}

/** An overlay that is what a qcow2 image of the library is, on the same base. */
export interface ImportRequest extends Pick<ImportOverlayRequest, 'kind' | 'format' | 'verify'> {
  /** The qcow2 image. */
  readonly imageId: ImageId
  /** File names without a directory. */
  readonly name: string
  readonly imageFileName: string
  /** A PathGrant's id; absent = the directory of the qcow2 image. */
  readonly folderGrant?: string
}

/**
 * The requests of the engine's jobs as the window makes them: images by id, picked paths by grant.
 */
export type WindowJobRequest =
  | NewOverlayRequest
  | ({ readonly imageId: ImageId } & Omit<ResizeRequest, 'path'>)
  | ({ readonly imageId: ImageId } & Omit<CheckRequest, 'path' | 'expectedBase'>)
  | ({
      readonly imageId: ImageId
      /** Move the add-cow file to the trash when all went well: the image file is the disk then. */
      readonly trashOverlay?: boolean
    } & Omit<FlattenRequest, 'path'>)
  | ({
      readonly imageId: ImageId
      /** The images that the person agreed to break; all that would be must be among them. */
      readonly accepted: readonly ImageId[]
    } & Omit<CommitRequest, 'path'>)
  | ({
      readonly imageId: ImageId
      readonly base: NewBase
      /**
       * Only with `namesOnly`: take the base although it is not known to be the one that the
       * overlay was last seen on.
       */
      readonly unproven?: boolean
    } & Pick<RebaseRequest, 'kind' | 'namesOnly' | 'verify'>)
  | ({ readonly imageId: ImageId } & Omit<MeasureRequest, 'path'>)
  | {
      readonly kind: 'compare'
      readonly imageId: ImageId
      readonly otherId: ImageId
    }
  | MoveOverlayRequest
  | ImportRequest
  | {
      /** A raw file of the whole disk, or a qcow2 overlay on the same base. */
      readonly kind: 'export' | 'export-overlay'
      readonly imageId: ImageId
      /** A PathGrant's id from `dialog.pickExportTarget`. */
      readonly targetGrant: string
      readonly verify: boolean
    }

/** What an overlay is to stand on: an image, a file from `dialog.pickBase`, or nothing. */
export type NewBase =
  | { readonly kind: 'image'; readonly id: ImageId }
  | { readonly kind: 'picked'; readonly grant: string }
  | { readonly kind: 'none' }

/** A plan, with what only the library knows. */
export interface WindowJobPlan extends JobPlan {
  /**
   * Other images that would not be what they are any more: of a commit, those that read the base;
   * of a flatten or a move, those that stand on the overlay and would not find it.
   */
  readonly affected?: readonly { readonly id: ImageId; readonly path: string }[]
  /** Of a rebase by names alone: what the base was is not known, so nothing proves that it is. */
  readonly unproven?: true
}

export type JobId = string

/** `interrupted`: the application ended while it ran. */
export type JobStatus =
  'queued' | 'running' | 'paused' | 'cancelling' | 'done' | 'failed' | 'cancelled' | 'interrupted'

/**
 * One job, running or past. Times in milliseconds since 1970, sizes in bytes, speed in bytes a
 * second.
 */
export interface JobSnapshot {
  readonly id: JobId
  readonly kind: JobKind
  readonly status: JobStatus
  /** It is of a kind that can be paused while it runs. */
  readonly canPause?: true
  /** It has ended, but not at its goal, and can go on from there with the same settings. */
  readonly canGoOn?: true
  /** It was taken out of the list of jobs, and is only part of its image's history. */
  readonly cleared?: true
  /** The image it works on, where the library knows it, and its path. */
  readonly imageId?: ImageId
  readonly path: string
  /**
   * The file that an export or a move makes, the base that a rebase puts the overlay on (empty:
   * none), the image that a comparison compares with.
   */
  readonly target?: string
  /** Only of a comparison: the image that `target` is, which the library may have lost since. */
  readonly otherId?: ImageId
  readonly progress?: JobProgress
  /** Over a sliding window of a few seconds; absent where nothing moved in it. */
  readonly speed?: number
  /** Milliseconds; absent where it cannot be told. */
  readonly timeLeft?: number
  readonly createdAt: number
  readonly startedAt?: number
  readonly endedAt?: number
  /** The ranges of a comparison are known until the application ends. */
  readonly result?: JobResult
  readonly error?: ErrorData
  /** The file that was to go to the trash afterwards, and what kept it from going there. */
  readonly trashed?: { readonly path: string; readonly error?: ErrorData }
}
