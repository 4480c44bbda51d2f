import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { ImageDetails } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import { invoke, listen, toErrorData } from '../../bridge'
import { MapSource } from './map-source'

/** Files that are being written change all the time; a map is read anew so often at most. */
const PAUSE_MS = 1000

export interface LiveMap {
  /** Undefined until the map is here; the last one while a newer one is read. */
  readonly source: Readonly<ShallowRef<MapSource | undefined>>
  readonly failure: Readonly<ShallowRef<ErrorData | undefined>>
  /** How much of the disk was looked at, 0 to 1, while that is under way. */
  readonly progress: Readonly<Ref<number | undefined>>
  /** Grows when finer cells have come. */
  readonly version: Readonly<Ref<number>>
  readonly retry: () => void
}

/** The map of an image, opened at once and again whenever its details were read anew. */
export function useDiskMap(details: () => ImageDetails): LiveMap {
  const source = shallowRef<MapSource>()
  const failure = shallowRef<ErrorData>()
  const progress = ref<number>()
  const version = ref(0)
  let turn = 0
  let readAt = -Infinity
  let timer: ReturnType<typeof setTimeout> | undefined

  function makeSource(map: MapSource['map']): MapSource {
    const fetch = (cellBytes: number, first: number, count: number): Promise<MapSource['counts']> =>
      invoke('map.tile', { id: map.id, cellBytes, first, count })
    return new MapSource(map, fetch, (problem) => {
      if (problem === undefined) version.value += 1
      else failure.value = toErrorData(problem)
    })
  }

  async function open(): Promise<void> {
    turn += 1
    const mine = turn
    try {
      const map = await invoke('map.open', { id: details().id })
      if (mine !== turn) return
      source.value?.close()
      source.value = makeSource(map)
      failure.value = undefined
    } catch (error) {
      if (mine === turn) failure.value = toErrorData(error)
    } finally {
      if (mine === turn) {
        progress.value = undefined
        readAt = Date.now()
      }
    }
  }

  function openSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void open(), Math.max(0, readAt + PAUSE_MS - Date.now()))
  }

  const stop = listen('map.progress', ({ id, current, total }) => {
    if (id === details().id && total > 0) progress.value = current / total
  })

  watch(
    details,
    (now, before) => {
      if (now.id === before?.id) {
        openSoon()
        return
      }
      source.value?.close()
      source.value = undefined
      failure.value = undefined
      progress.value = undefined
      void open()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    turn += 1
    clearTimeout(timer)
    stop()
    source.value?.close()
  })

  return { source, failure, progress, version, retry: () => void open() }
}
