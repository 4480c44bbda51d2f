import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { ImageId } from '../../../electron/contract/library'
import type { PlacedExtent } from '../../../electron/contract/map'
import { invoke } from '../../bridge'

/** Places that the pointer only passes are not asked about. */
const PAUSE_MS = 60

/** The extent that holds a byte; undefined until it is known, and where it cannot be known. */
export function useExtentAt(
  id: () => ImageId,
  offset: () => number,
): Readonly<ShallowRef<PlacedExtent | undefined>> {
  const extent = shallowRef<PlacedExtent>()
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(mine: number): Promise<void> {
    let found: PlacedExtent | undefined
    try {
      found = await invoke('map.extentAt', { id: id(), offset: offset() })
    } catch {
      // the map itself says what is wrong with the image; one figure less is no news
      found = undefined
    }
    if (mine === turn) extent.value = found
  }

  function holds(known: PlacedExtent | undefined): boolean {
    if (known === undefined) return false
    return known.offset <= offset() && offset() < known.offset + known.length
  }

  watch(
    [id, offset],
    ([newId], [oldId]) => {
      clearTimeout(timer)
      turn += 1
      const mine = turn
      if (newId === oldId && holds(extent.value)) return
      extent.value = undefined
      timer = setTimeout(() => void ask(mine), PAUSE_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    turn += 1
  })
  return extent
}
