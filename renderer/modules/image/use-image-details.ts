import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { ImageDetails, ImageId } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import { invoke, toErrorData } from '../../bridge'
import { useLibrary } from '../../stores/library.store'

const PAUSE_MS = 80

export interface LiveDetails {
  /** Those of the image asked for; undefined until they are read. */
  readonly details: Readonly<ShallowRef<ImageDetails | undefined>>
  readonly failure: Readonly<ShallowRef<ErrorData | undefined>>
  /** Reads them again. */
  readonly refresh: () => void
}

/**
 * The details of an image, read when it is selected and again whenever the library says that it
 * changed.
 */
export function useImageDetails(id: () => ImageId | undefined): LiveDetails {
  const library = useLibrary()
  const details = shallowRef<ImageDetails>()
  const failure = shallowRef<ErrorData>()
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function read(imageId: ImageId, mine: number): Promise<void> {
    let found: ImageDetails | undefined
    let problem: ErrorData | undefined
    try {
      found = await invoke('image.details', { id: imageId })
    } catch (error) {
      problem = toErrorData(error)
    }
    if (mine !== turn) return
    details.value = found
    failure.value = problem
  }

  function refresh(): void {
    clearTimeout(timer)
    turn += 1
    const imageId = id()
    const mine = turn
    if (imageId !== details.value?.id) {
      details.value = undefined
      failure.value = undefined
    }
    // A short pause, so that running down the list with the arrow key does not read every image
    // passed.
    if (imageId !== undefined) timer = setTimeout(() => void read(imageId, mine), PAUSE_MS)
  }

  watch(() => library.get(id()), refresh, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
    turn += 1
  })

  return { details, failure, refresh }
}
