import type { CheckResult, ErrorData, FormatName } from '../../../engine'
import type { ImageId } from '../../contract/library'
import type { BaseMark, ScannedImage } from '../../worker/calls'

/** What is kept of an image between two starts. */
export interface ImageRecord {
  readonly id: ImageId
  /** With all links followed, so that no file is in the library twice. */
  readonly path: string
  /** What the last scan that found the image saw: shown until the next one is done. */
  readonly seen: SeenImage
  /**
   * What it stands on. It stays as it was when the image was added, whatever becomes of the base.
   */
  readonly base?: BaseMark
  /** Why somebody should look at it: findings that are not repaired, a job that did not end. */
  readonly needsCheck?: ErrorData
  readonly lastCheck?: { readonly at: number; readonly result: CheckResult }
}

/** Sizes in bytes, the time in milliseconds since 1970, paths with all links followed. */
export interface SeenImage {
  /** Settled when the image was added: later scans open it as this. */
  readonly format: FormatName
  readonly looksLike?: string
  readonly virtualSize: number
  readonly sizeOnDisk: number
  readonly allocatedBytes: number
  readonly modifiedAt: number
  readonly imagePath?: string
  readonly baseName?: string
  readonly basePath?: string
  readonly filesBelow: readonly string[]
}

/** The part of a scan that is kept; undefined where the image itself could not be opened. */
export function seenImage(scan: ScannedImage): SeenImage | undefined {
  const [top] = scan.chain.layers
  if (top === undefined) return undefined
  return {
    format: top.format,
    ...(top.looksLike !== undefined && { looksLike: top.looksLike }),
    virtualSize: top.virtualSize,
    sizeOnDisk: top.sizeOnDisk,
    allocatedBytes: top.allocatedBytes,
    modifiedAt: top.modifiedAt,
    filesBelow: scan.filesBelow,
    ...(scan.imagePath !== undefined && { imagePath: scan.imagePath }),
    ...(top.backing !== undefined && { baseName: top.backing.name }),
    ...(scan.backingPath !== undefined && { basePath: scan.backingPath }),
  }
}

/** The files of the layer itself. */
export function ownFiles({ path, seen }: ImageRecord): readonly string[] {
  return seen.imagePath === undefined ? [path] : [path, seen.imagePath]
}

/** All files that make up the disk. */
export function allFiles(record: ImageRecord): readonly string[] {
  return [...ownFiles(record), ...record.seen.filesBelow]
}
