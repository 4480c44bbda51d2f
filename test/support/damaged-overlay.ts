import type { CheckResult, FindingCode } from '../../engine/model/image'
import { fileSystem, type FileSystemState } from './host-log'
import { BASE_PATH, IMAGE_PATH, metadataFile, OVERLAY_PATH } from './overlays'
import { Random } from './random'
import type { SimulatedHost } from './simulated-host'
import { SparseBytes } from './sparse-bytes'

/** A disk of 64 KiB and 3 sectors: its bitmap is 16 bytes and 3 bits of a 17th. */
export const SIZE = 65536 + 3 * 512
export const BITMAP = 2560
export const BITMAP_LENGTH = 17
export const CLUSTER = 4096
export const ACOW_BITMAP = 4096

export interface Files {
  readonly metadata: SparseBytes
  readonly image: SparseBytes
  readonly base: SparseBytes
}

/** An overlay with sectors 0 to 15 (clusters 0 and 1) allocated, on a base that is all data. */
export function files(layout: 'add-cow' | 'acow'): Files {
  const random = new Random(3)
  const clusterSize = layout === 'acow' ? CLUSTER : 512
  const base = new SparseBytes()
  base.write(random.bytes(SIZE), 0)
  const metadata = metadataFile({ layout, clusterSize, size: SIZE, base: { length: 0, data: [] } })
  metadata.write(
    layout === 'acow' ? Uint8Array.of(3) : Uint8Array.of(0xff, 0xff),
    layout === 'acow' ? ACOW_BITMAP : BITMAP,
  )
  const image = new SparseBytes()
  image.write(random.bytes(8192), 0)
  image.truncate(SIZE)
  return { metadata, image, base }
}

export function state({ metadata, image, base }: Files): FileSystemState {
  return fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: image, [BASE_PATH]: base })
}

export function codes({ findings }: CheckResult): FindingCode[] {
  return findings.map(({ code }) => code)
}

/** All files and their bytes, to see that nothing was changed. */
export function bytesOf(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(
    host.paths.map((path) => [
      path,
      Buffer.from(host.bytesAt(path)?.toBytes() ?? []).toString('base64'),
    ]),
  )
}
