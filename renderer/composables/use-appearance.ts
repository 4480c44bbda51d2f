import { watchEffect } from 'vue'
import { i18n } from '../locales'
import { useSettings } from '../stores/settings.store'

/** Puts theme and language of the settings on the page. */
export function useAppearance(): void {
  const settings = useSettings()
  watchEffect(() => {
    const root = document.documentElement
    const theme = settings.settings.theme
    if (theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme
    root.lang = settings.language
    i18n.global.locale.value = settings.language
  })
}
