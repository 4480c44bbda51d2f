import type { Settings } from '../../contract/settings'
import { de } from './de'
import { en } from './en'
import type { Texts } from './texts'

export type { Texts }

const BY_LANGUAGE = { en, de } as const

/** The texts of the language that is set; `locale` is the system's, such as `de-DE`. */
export function textsFor(language: Settings['language'], locale: string): Texts {
  if (language !== 'system') return BY_LANGUAGE[language]
  return locale.toLowerCase().startsWith('de') ? de : en
}
