import { useText } from '../../composables/use-text'
import type { StateFilter } from './state-filter'

/** What a filter by state is called. */
export function useFilterName(): (filter: StateFilter) => string {
  const text = useText()
  return (filter) =>
    filter === 'all' || filter === 'trouble' ? text(`filter.${filter}`) : text(`states.${filter}`)
}
