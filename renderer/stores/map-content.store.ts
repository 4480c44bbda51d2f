import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { ImageId } from '../../electron/contract/library'

/** A stretch of a disk that is to be seen on its map. Bytes, `to` exclusive. */
export interface WantedStretch {
  readonly imageId: ImageId
  readonly from: number
  readonly to: number
}

/** What is inside of disks, as far as their maps are concerned. */
export const useMapContent = defineStore('map-content', () => {
  /** Whether it is drawn over the map. */
  const drawn = ref(true)
  /** What the map is to show as soon as it can. */
  const wanted = shallowRef<WantedStretch>()

  return { drawn, wanted }
})
