import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Events } from '../../electron/contract/commands'
import type { ImageId, ImageSummary } from '../../electron/contract/library'

/** The images that the main process told of, by id. Changes only by its word. */
export const useLibrary = defineStore('library', () => {
  const images = shallowRef<ReadonlyMap<ImageId, ImageSummary>>(new Map())
  const loaded = shallowRef(false)
  const count = computed(() => images.value.size)

  function load(list: readonly ImageSummary[]): void {
    images.value = new Map(list.map((image) => [image.id, image]))
    loaded.value = true
  }

  function apply(event: Events['library.changed']): void {
    const next = new Map(images.value)
    for (const id of event.removed) next.delete(id)
    for (const image of event.changed) next.set(image.id, image)
    images.value = next
  }

  function get(id: ImageId | undefined): ImageSummary | undefined {
    return id === undefined ? undefined : images.value.get(id)
  }

  /** The image whose main file has this absolute path. */
  function findByPath(path: string): ImageSummary | undefined {
    for (const image of images.value.values()) if (pathOf(image) === path) return image
    return undefined
  }

  return { images, loaded, count, load, apply, get, findByPath }
})

/** An image's absolute path, with the separator that its directory uses. */
export function pathOf(image: Pick<ImageSummary, 'directory' | 'name'>): string {
  const separator = /^[A-Za-z]:|^\\\\/.test(image.directory) ? '\\' : '/'
  const closed = image.directory.endsWith(separator)
  return closed ? image.directory + image.name : image.directory + separator + image.name
}
