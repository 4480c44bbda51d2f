import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Bootstrap } from '../../electron/contract/commands'
import type { Settings } from '../../electron/contract/settings'
import { invoke } from '../bridge'

/** Languages that have texts. */
export type Language = Exclude<Settings['language'], 'system'>

const BEFORE_START: Settings = {
  theme: 'system',
  language: 'system',
  units: 'binary',
  verifyByDefault: true,
  simultaneousJobs: 1,
  notify: true,
  cacheMiB: 4,
}

/** Settings as the main process keeps them, and what it told of itself at the start. */
export const useSettings = defineStore('settings', () => {
  const settings = shallowRef<Settings>(BEFORE_START)
  const systemLocale = shallowRef(navigator.language)
  const versions = shallowRef({ app: '', electron: '', chromium: '', node: '' })
  const platform = shallowRef<Bootstrap['platform']>('other')

  const language = computed<Language>(() => {
    if (settings.value.language !== 'system') return settings.value.language
    return systemLocale.value.toLowerCase().startsWith('de') ? 'de' : 'en'
  })
  /** How numbers and dates are written: the system's way where it speaks the window's language. */
  const locale = computed(() =>
    systemLocale.value.toLowerCase().startsWith(language.value)
      ? systemLocale.value
      : language.value,
  )

  function load(bootstrap: Bootstrap): void {
    settings.value = bootstrap.settings
    systemLocale.value = bootstrap.locale
    const { version, electron, chromium, node } = bootstrap
    versions.value = { app: version, electron, chromium, node }
    platform.value = bootstrap.platform
  }

  function apply(next: Settings): void {
    settings.value = next
  }

  async function change(part: Partial<Settings>): Promise<void> {
    settings.value = await invoke('settings.change', part)
  }

  return { settings, versions, platform, language, locale, load, apply, change }
})
