import { defineStore } from 'pinia'
import { ref } from 'vue'

/**
 * The layer that chain and map point out to each other, by its depth: 0 = the top of the chain that
 * is shown.
 */
export const useLayerMark = defineStore('layer-mark', () => {
  /** The one whose parts are to stand out on the map: pointed at in a legend or a chain. */
  const lit = ref<number>()
  /** The one that serves the place of the map that is pointed at. */
  const served = ref<number>()

  function clear(): void {
    lit.value = undefined
    served.value = undefined
  }

  return { lit, served, clear }
})
