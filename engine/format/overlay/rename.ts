import { ENDLESS, type HostFile } from '../../host/host'
import type { OverlayNames } from '../layer'
import type { OverlayStorage } from './overlay-storage'

/**
 * Writes an add-cow file with other names, whole and durable, to an empty file that may then take
 * the place of the present one in one step. Names span sectors of the header, so that a crash in
 * the middle of writing them in place could leave a part of each.
 */
export async function writeRenamed(
  overlay: OverlayStorage,
  target: HostFile,
  names: OverlayNames,
): Promise<void> {
  const { layout, metadata, size } = overlay
  const header = await layout.renamedHeader(metadata, names, size)
  await overlay.flush()
  await target.write(header, 0)
  await target.truncate(layout.fileLength(size))
  for (let at = layout.bitmapOffset; at < layout.fileLength(size);) {
    const { data, end } = await metadata.dataAt(at)
    const length = Math.min(end, layout.fileLength(size)) - at
    if (data) {
      await target.copyFrom([{ source: metadata, sourceOffset: at, offset: at, length }])
    }
    at = end === ENDLESS ? Infinity : at + length
  }
  await target.sync()
}
