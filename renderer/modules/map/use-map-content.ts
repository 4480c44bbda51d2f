import { computed, watch, type ComputedRef } from 'vue'
import type { ImageDetails } from '../../../electron/contract/library'
import { useMapContent } from '../../stores/map-content.store'
import { usePartName } from '../content/use-part-name'
import type { NamedPart } from './content-painter'
import { contentParts, partsIn } from './content-parts'
import type { MapPlace } from './use-map-place'

/** What is inside of a disk, as far as its map shows it. */
export interface ContentOnMap {
  readonly known: ComputedRef<boolean>
  /** What is drawn over the map, which is nothing where that is switched off. */
  readonly drawn: ComputedRef<readonly NamedPart[]>
  /** The names of what is at the place that is pointed at; undefined where nothing is known. */
  readonly names: ComputedRef<readonly string[] | undefined>
}

/**
 * `show` shows a range of the map; it is called for what was asked for elsewhere, as soon as there
 * is a grid to show it on.
 */
export function useContentOnMap(
  details: () => ImageDetails,
  size: () => number,
  place: MapPlace,
  pointed: () => { readonly offset: number; readonly cellBytes: number },
  show: (from: number, to: number) => void,
): ContentOnMap {
  const store = useMapContent()
  const partName = usePartName()
  const parts = computed((): readonly NamedPart[] =>
    contentParts(details().content, size()).map((part) => ({ ...part, name: partName(part) })),
  )
  const names = computed(() => {
    if (parts.value.length === 0) return undefined
    const { offset, cellBytes } = pointed()
    return partsIn(parts.value, offset, offset + cellBytes).map(({ name }) => name)
  })

  watch(
    () => [store.wanted, place.grid.value] as const,
    ([wanted, grid]) => {
      if (wanted === undefined || grid === undefined || wanted.imageId !== details().id) return
      store.wanted = undefined
      store.drawn = true
      show(wanted.from, wanted.to)
    },
    { immediate: true },
  )

  return {
    known: computed(() => parts.value.length > 0),
    drawn: computed(() => (store.drawn ? parts.value : [])),
    names,
  }
}
