import type { ErrorData } from '../../engine/base/errors'
import type { DiskContent } from '../../engine/model/content'
import type { ChainInfo, CheckResult, FormatName } from '../../engine/model/image'

/** Names an image in the library. Opaque; stays the same as long as the library knows the image. */
export type ImageId = string

/**
 * What is known of an image's health: `scanning` (not looked at yet since the start, figures are
 * the remembered ones), `ok`, `missing` (the file is gone), `base-missing`, `data-missing` (its
 * image file is gone), `base-changed` (size or time of the base are not what they were),
 * `needs-check`, `needs-consent` (it names something elsewhere, and waits for a yes), `in-use`
 * (a job of ours or another program is writing to it), `unreadable`.
 */
export type ImageState =
  | 'scanning'
  | 'ok'
  | 'missing'
  | 'base-missing'
  | 'data-missing'
  | 'base-changed'
  | 'needs-check'
  | 'needs-consent'
  | 'in-use'
  | 'unreadable'

/**
 * One row of the image list. Sizes in bytes, times in milliseconds since 1970. Absent = not known.
 */
export interface ImageSummary {
  readonly id: ImageId
  /** File name without its directory, and the directory. */
  readonly name: string
  readonly directory: string
  /** Of an overlay, the name of its image file, without a directory. */
  readonly imageName?: string
  readonly state: ImageState
  /** Why it is not `ok`. */
  readonly problem?: ErrorData
  readonly format?: FormatName
  /** Of a raw disk that begins as an image of another format does: the name of that. */
  readonly looksLike?: string
  readonly virtualSize?: number
  readonly sizeOnDisk?: number
  readonly allocatedBytes?: number
  readonly modifiedAt?: number
  /** The base as the overlay names it; the id where the library knows that file. */
  readonly baseName?: string
  readonly baseId?: ImageId
  /** Overlays in the library that stand directly on this image. */
  readonly usedBy: number
}

/** All that the details pane shows of one image. */
export interface ImageDetails {
  readonly id: ImageId
  readonly path: string
  readonly chain: ChainInfo
  /**
   * For each layer of the chain: its id, and how many overlays in the library stand directly on it.
   */
  readonly layers: readonly { readonly id?: ImageId; readonly usedBy: number }[]
  readonly lastCheck?: { readonly at: number; readonly result: CheckResult }
  /** What is inside of the disk; absent where not all of it can be read. */
  readonly content?: DiskContent
}

/** What came of adding files to the library. */
export interface AddResult {
  readonly added: readonly ImageId[]
  /** Were there already. */
  readonly known: readonly ImageId[]
  readonly refused: readonly { readonly path: string; readonly error: ErrorData }[]
}
