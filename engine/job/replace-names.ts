import * as path from 'node:path'
import type { OverlayLayer, OverlayNames } from '../format/layer'
import type { Host } from '../host/host'
import { NewFiles } from './new-files'

/**
 * Gives an overlay, open for writing and with nothing under way, other names; `at` is its add-cow
 * file, where that was moved since it was opened. A whole new add-cow file takes the place of the
 * present one in one step: a crash leaves the one or the other. Durable. The overlay is to be
 * closed then: it still has the old file open.
 */
export async function replaceNames(
  host: Host,
  overlay: OverlayLayer,
  names: OverlayNames,
  at = overlay.path,
): Promise<void> {
  // A symbolic link stays one.
  const place = await host.realPath(at)
  const part = `${place}.new-names.part`
  // What a killed run left: nobody else makes this name, and the overlay is locked.
  if ((await host.stat(part)) !== undefined) await host.remove(part)
  const files = new NewFiles(host)
  try {
    const file = await files.make(part)
    try {
      await overlay.writeRenamed(file, names)
    } finally {
      await file.close()
    }
    await host.replace(part, place)
  } catch (error) {
    await files.remove()
    throw error
  }
  await host.syncDirectory(path.dirname(place))
}
