import { createI18n } from 'vue-i18n'
import { de } from './de'
import { en } from './en'
import type { SameKeys } from './same-keys'

/**
 * Every text there is: the English ones give the keys, so a missing translation does not compile.
 */
export type Messages = SameKeys<typeof en>

/** The dotted path of every text: `toolbar.check`. */
export type TextKey = Leaves<Messages>

type Leaves<Tree> = {
  [Key in keyof Tree & string]: Tree[Key] extends string ? Key : `${Key}.${Leaves<Tree[Key]>}`
}[keyof Tree & string]

export const messages: Readonly<Record<'en' | 'de', Messages>> = { en, de }

/** The texts of the window, in one language at a time. */
export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en, de },
})
