import type { FileSystem, Partition } from '../../../engine/model/content'
import { useFormat } from '../../composables/use-format'
import { useText } from '../../composables/use-text'

/** A partition or a file system in a few words: its number, its kind, and what it calls itself. */
export function usePartName(): (part: {
  readonly partition?: Partition
  readonly fileSystem?: FileSystem
}) => string {
  const text = useText()
  const format = useFormat()
  return ({ partition, fileSystem }) => {
    const number = partition === undefined ? undefined : format.value.count(partition.number)
    const kind =
      fileSystem === undefined
        ? (partition?.typeName ?? text('content.unknown'))
        : text(`content.types.${fileSystem.type}`)
    const own = fileSystem?.label ?? partition?.name
    return [number, kind, own].filter((word) => word !== undefined).join(' · ')
  }
}
