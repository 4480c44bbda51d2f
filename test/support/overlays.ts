import {
  encodeHeader as encodeAcow,
  fileLength as acowLength,
} from '../../engine/format/acow/header'
import {
  encodeHeader as encodeAddCow,
  fileLength as addCowLength,
} from '../../engine/format/add-cow/header'
import { type FileSystemState, fileSystem } from './host-log'
import type { Random } from './random'
import { SparseBytes } from './sparse-bytes'

/** An overlay to be put on a simulated host, in a folder of its own. */
export interface OverlaySpec {
  readonly layout: 'add-cow' | 'acow'
  /** Bytes; 512 for add-cow. */
  readonly clusterSize: number
  /** Virtual size in bytes. */
  readonly size: number
  /** Absent: no backing file. */
  readonly base?: BaseSpec
  /** What lies in the image file though no bit says so; a hole as long as the disk where absent. */
  readonly image?: { readonly length: number; readonly garbage: boolean }
}

export interface BaseSpec {
  /** Bytes. */
  readonly length: number
  /** Where the base has data; it is a hole everywhere else. */
  readonly data: readonly { readonly offset: number; readonly length: number }[]
}

export const OVERLAY_PATH = '/d/x.add-cow'
export const IMAGE_PATH = '/d/x.raw'
export const BASE_PATH = '/d/base.raw'

/**
 * The files of a new overlay: nothing is allocated. The base holds bytes that depend on `random`.
 */
export function newOverlay(spec: OverlaySpec, random: Random): FileSystemState {
  const image = new SparseBytes()
  image.truncate(spec.image?.length ?? spec.size)
  if (spec.image?.garbage === true) {
    image.write(new Uint8Array(image.length).fill(0xee), 0)
  }
  const files = { [OVERLAY_PATH]: metadataFile(spec), [IMAGE_PATH]: image }
  if (spec.base === undefined) return fileSystem(files)
  return fileSystem({ ...files, [BASE_PATH]: baseFile(spec.base, random) })
}

/** The add-cow file of a new overlay. */
export function metadataFile(spec: OverlaySpec): SparseBytes {
  const { layout, clusterSize, size, base } = spec
  const clusterBits = Math.log2(clusterSize)
  const header =
    layout === 'add-cow'
      ? encodeAddCow({
          backingName: base === undefined ? '' : 'base.raw',
          imageName: 'x.raw',
          size,
        })
      : encodeAcow({
          clusterBits,
          backingName: base === undefined ? undefined : 'base.raw',
          backingFormat: base === undefined ? '' : 'raw',
          imageName: 'x.raw',
          imageFormat: 'raw',
          allAllocated: false,
        })
  const file = new SparseBytes()
  file.write(header, 0)
  file.truncate(layout === 'add-cow' ? addCowLength(size) : acowLength(clusterBits, size))
  return file
}

function baseFile(spec: BaseSpec, random: Random): SparseBytes {
  const file = new SparseBytes()
  file.truncate(spec.length)
  for (const { offset, length } of spec.data) {
    const inside = Math.min(length, spec.length - offset)
    if (inside > 0) file.write(random.bytes(inside), offset)
  }
  return file
}
