import { computed, type ComputedRef } from 'vue'
import { useLibrary } from '../../stores/library.store'
import { useSettings } from '../../stores/settings.store'
import { useView } from '../../stores/view.store'
import { buildForest, flattenForest, imageOrder, type ImageRow } from './image-tree'
import { statesOf } from './state-filter'

/** The rows of the list as sort, search and open branches have them. */
export function useImageRows(): ComputedRef<readonly ImageRow[]> {
  const library = useLibrary()
  const view = useView()
  const settings = useSettings()
  const collator = computed(() => new Intl.Collator(settings.locale, { numeric: true }))
  const forest = computed(() => buildForest(library.images, imageOrder(view.sort, collator.value)))
  return computed(() =>
    flattenForest(forest.value, {
      filter: view.filter,
      states: statesOf(view.states),
      collapsed: view.collapsed,
    }),
  )
}
