import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { ImageId } from '../../electron/contract/library'
import type { Sort } from '../modules/library/image-tree'
import type { StateFilter } from '../modules/library/state-filter'

export type Page = 'images' | 'jobs' | 'exports' | 'settings'
export type DetailsTab = 'overview' | 'chain' | 'map' | 'check' | 'history'

/** What the person looks at: nothing here is about the images themselves. */
export const useView = defineStore('view', () => {
  const page = ref<Page>('images')
  /** The rows that are selected. */
  const marked = shallowRef<ReadonlySet<ImageId>>(new Set())
  /** The one of them that was selected last: its details are shown. */
  const selectedId = ref<ImageId>()
  /** The row that the keys start from; as a rule the one that was selected last. */
  const cursorId = ref<ImageId>()
  /** The row from which Shift selects. */
  const anchorId = ref<ImageId>()
  const tab = ref<DetailsTab>('overview')
  const filter = ref('')
  /** Which states the list shows. */
  const states = ref<StateFilter>('all')
  const sort = shallowRef<Sort>({ column: 'name', direction: 'ascending' })
  const collapsed = shallowRef<ReadonlySet<ImageId>>(new Set())
  /** Path of an image that is to be selected as soon as the library knows it. */
  const awaitedPath = ref<string>()

  function select(id: ImageId | undefined): void {
    mark(id === undefined ? [] : [id], id)
    anchorId.value = id
  }

  /** Selects these rows; `at` is the one that was selected last. */
  function mark(ids: Iterable<ImageId>, at: ImageId | undefined): void {
    marked.value = new Set(ids)
    selectedId.value = at
    cursorId.value = at
    awaitedPath.value = undefined
  }

  /** Takes a row into the selection, or out of it. */
  function toggleMark(id: ImageId): void {
    const next = new Set(marked.value)
    if (!next.delete(id)) next.add(id)
    mark(next, next.has(id) ? id : [...next].at(-1))
    cursorId.value = id
    anchorId.value = id
  }

  /** What cannot be seen does not stay one of many: an action on it would be a surprise. */
  function keepMarked(isVisible: (id: ImageId) => boolean): void {
    if (marked.value.size < 2) return
    const kept = [...marked.value].filter(isVisible)
    if (kept.length === marked.value.size) return
    const last = selectedId.value
    const at = last !== undefined && kept.includes(last) ? last : (kept.at(-1) ?? last)
    mark(kept.length > 0 || at === undefined ? kept : [at], at)
  }

  /** Shows all images again. */
  function clearFilter(): void {
    filter.value = ''
    states.value = 'all'
  }

  /** Shows an image in the list, wherever the person is. */
  function reveal(id: ImageId): void {
    page.value = 'images'
    clearFilter()
    select(id)
  }

  function setCollapsed(id: ImageId, value: boolean): void {
    const next = new Set(collapsed.value)
    if (value) next.add(id)
    else next.delete(id)
    collapsed.value = next
  }

  /** The same column again turns the direction. */
  function sortBy(column: Sort['column']): void {
    const same = sort.value.column === column && sort.value.direction === 'ascending'
    sort.value = { column, direction: same ? 'descending' : 'ascending' }
  }

  return {
    page,
    marked,
    selectedId,
    cursorId,
    anchorId,
    tab,
    filter,
    states,
    sort,
    collapsed,
    awaitedPath,
    select,
    mark,
    toggleMark,
    keepMarked,
    clearFilter,
    reveal,
    setCollapsed,
    sortBy,
  }
})
