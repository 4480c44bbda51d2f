import { computed, type ComputedRef } from 'vue'
import { createFormat, type Format } from '../format'
import { useSettings } from '../stores/settings.store'

/**
 * Sizes, dates and times as the person's language and units write them; follows a change of them.
 */
export function useFormat(): ComputedRef<Format> {
  const settings = useSettings()
  return computed(() => createFormat(settings.locale, settings.settings.units))
}
