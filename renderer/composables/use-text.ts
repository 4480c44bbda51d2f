import { useI18n } from 'vue-i18n'
import type { TextKey } from '../locales'

/** What the places in a text are filled with. */
export type TextValues = Readonly<Record<string, string | number>>

/** The texts in the person's language. A key that has no text does not compile. */
export interface Text {
  (key: TextKey, values?: TextValues): string
  /** The form for a number, which also fills `{count}`. */
  readonly plural: (key: TextKey, count: number, values?: TextValues) => string
}

export function useText(): Text {
  const { t } = useI18n({ useScope: 'global' })
  return Object.assign((key: TextKey, values: TextValues = {}) => t(key, { ...values }), {
    plural: (key: TextKey, count: number, values: TextValues = {}) =>
      t(key, { count, ...values }, count),
  })
}
