import * as path from 'node:path'
import { Option } from 'commander'
import { storedName } from '../format/file-names'
import type { LayerInfo } from '../model/image'
import type { SnapshotRequest } from '../server/snapshot'

/** `-f`, the same for all that makes an overlay on a disk. */
export function layoutOption(): Option {
  const what = "layout; the file's where absent"
  return new Option('-f, --format <format>', what).choices(['add-cow', 'acow'])
}

/**
 * What a snapshot makes on top of an image: an overlay at `newPath`, of the base's layout where
 * that has one and none is asked for; its image file has the same name and .raw.
 */
export function snapshotFiles(
  base: Pick<LayerInfo, 'format' | 'clusterSize'>,
  newPath: string,
  asked: SnapshotRequest['format'] | undefined,
): SnapshotRequest {
  const { format: baseFormat, clusterSize } = base
  const isOverlay = baseFormat === 'add-cow' || baseFormat === 'acow'
  const format = asked ?? (isOverlay ? baseFormat : 'add-cow')
  const imageFile = storedName(`${newPath.replace(/\.add-cow$/, '')}.raw`, path.dirname(newPath))
  const keepsClusters = format === 'acow' && baseFormat === 'acow'
  return { path: newPath, format, imageFile, ...(keepsClusters && { clusterSize }) }
}
