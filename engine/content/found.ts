import type { ContentType, FileSystem } from '../model/content'
import type { Region } from './region'

/** Looks for one kind of superblock in a region; undefined where it is not there. */
export type Detector = (region: Region) => Promise<FileSystem | undefined>

/** What was found, without the texts that are empty and the figures that cannot be. */
export function found(
  type: ContentType,
  { label, uuid, size, used }: { label?: string; uuid?: string; size?: number; used?: number },
): FileSystem {
  const knownSize = size !== undefined && Number.isSafeInteger(size) && size > 0
  const knownUsed = used !== undefined && Number.isSafeInteger(used) && used >= 0
  return {
    type,
    ...(label !== undefined && label !== '' && { label }),
    ...(uuid !== undefined && uuid !== '' && { uuid }),
    ...(knownSize && { size }),
    ...(knownUsed && (!knownSize || used <= size) && { used }),
  }
}
