import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { PlacedExtent } from '../../../electron/contract/map'
import type { ErrorData } from '../../../engine/base/errors'
import { invoke, toErrorData } from '../../bridge'
import type { MapSource } from './map-source'

const PAGE = 256
/** Pages that are kept: far more than are on the screen. */
const MAX_PAGES = 32

export interface ExtentPages {
  /** The extent of a row; undefined while it is fetched. */
  readonly at: (index: number) => PlacedExtent | undefined
  /** Says which rows are shown: what is missing of them is fetched. */
  readonly want: (first: number, last: number) => void
  /** Grows when rows have come. */
  readonly version: Readonly<Ref<number>>
  readonly failure: Readonly<ShallowRef<ErrorData | undefined>>
}

/** The extents of a disk, page by page, as they come into sight. */
export function useExtentPages(source: () => MapSource): ExtentPages {
  const pages = new Map<number, readonly PlacedExtent[]>()
  const version = ref(0)
  const failure = shallowRef<ErrorData>()
  let wanted = { from: 0, to: -1 }
  let fetching = false
  let turn = 0

  function missing(): number | undefined {
    for (let page = wanted.from; page <= wanted.to; page += 1) if (!pages.has(page)) return page
    return undefined
  }

  async function fetchWanted(): Promise<void> {
    if (fetching) return
    fetching = true
    const mine = turn
    try {
      for (let page = missing(); page !== undefined; page = missing()) {
        const { id } = source().map
        const rows = await invoke('map.extents', { id, first: page * PAGE, count: PAGE })
        if (mine !== turn) break
        pages.set(page, rows)
        const [oldest] = pages.keys()
        if (pages.size > MAX_PAGES && oldest !== undefined) pages.delete(oldest)
        version.value += 1
      }
    } catch (error) {
      if (mine === turn) failure.value = toErrorData(error)
    } finally {
      fetching = false
    }
    if (mine !== turn && missing() !== undefined) void fetchWanted()
  }

  function want(first: number, last: number): void {
    wanted = { from: Math.floor(first / PAGE), to: Math.floor(last / PAGE) }
    if (failure.value === undefined && missing() !== undefined) void fetchWanted()
  }

  watch(source, () => {
    turn += 1
    pages.clear()
    failure.value = undefined
    version.value += 1
    if (!fetching) void fetchWanted()
  })
  onScopeDispose(() => {
    turn += 1
    wanted = { from: 0, to: -1 }
  })

  return {
    at: (index) => pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    want,
    version,
    failure,
  }
}
