import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { ImageId } from '../../electron/contract/library'
import type { Sort } from '../modules/library/image-tree'

export type Page = 'images' | 'jobs' | 'exports' | 'settings'
export type DetailsTab = 'overview' | 'chain' | 'map' | 'check' | 'history'

/** What the person looks at: nothing here is about the images themselves. */
export const useView = defineStore('view', () => {
  const page = ref<Page>('images')
  const selectedId = ref<ImageId>()
  const tab = ref<DetailsTab>('overview')
  const filter = ref('')
  const sort = shallowRef<Sort>({ column: 'name', direction: 'ascending' })
  const collapsed = shallowRef<ReadonlySet<ImageId>>(new Set())
  /** Path of an image that is to be selected as soon as the library knows it. */
  const awaitedPath = ref<string>()

  function select(id: ImageId | undefined): void {
    selectedId.value = id
    awaitedPath.value = undefined
  }

  /** Shows an image in the list, wherever the person is. */
  function reveal(id: ImageId): void {
    page.value = 'images'
    filter.value = ''
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
    selectedId,
    tab,
    filter,
    sort,
    collapsed,
    awaitedPath,
    select,
    reveal,
    setCollapsed,
    sortBy,
  }
})
