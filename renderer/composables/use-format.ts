import { computed, type ComputedRef } from 'vue'
import { createFormat, type Format } from '../format'
import { useSettings } from '../stores/settings.store'

/**
 * Sizes, dates and times as the person's language writes them; follows a change of the language.
 */
export function useFormat(): ComputedRef<Format> {
  const settings = useSettings()
  return computed(() => createFormat(settings.locale))
}
