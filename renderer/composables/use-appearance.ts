import { onScopeDispose, ref, watchEffect } from 'vue'
import { i18n } from '../locales'
import { useSettings } from '../stores/settings.store'

/** Puts theme and language of the settings on the page. */
export function useAppearance(): void {
  const settings = useSettings()
  const contrast = window.matchMedia('(prefers-contrast: more)')
  const wantsContrast = ref(contrast.matches)
  const follow = (): void => {
    wantsContrast.value = contrast.matches
  }
  contrast.addEventListener('change', follow)
  onScopeDispose(() => contrast.removeEventListener('change', follow))

  watchEffect(() => {
    const root = document.documentElement
    const { theme } = settings.settings
    if (theme !== 'system') root.dataset['theme'] = theme
    else if (wantsContrast.value) root.dataset['theme'] = 'contrast'
    else delete root.dataset['theme']
    root.lang = settings.language
    i18n.global.locale.value = settings.language
  })
}
