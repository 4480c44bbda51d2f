import type { WindowAction } from '../electron/contract/commands'
import type { Page } from './stores/view.store'

/** What the menu has, and no key asks for. */
type WithoutKey =
  | 'serve'
  | 'commit'
  | 'rebase'
  | 'move'
  | 'compare'
  | 'rescan-image'
  | 'show-in-folder'
  | 'copy-path'
  | 'about'

/** What a key can ask for: what the menu asks for, and what only the window knows. */
export type ShortcutName = Exclude<WindowAction, WithoutKey> | `page-${Page}`

/**
 * A key with its modifiers. `mod` is Ctrl, or Command on a Mac. `key` is KeyboardEvent.key, lower
 * case.
 */
export interface Shortcut {
  readonly key: string
  readonly mod?: true
  readonly shift?: true
}

/** Every shortcut of the window, in one place: the tooltips and menus read it too. */
export const SHORTCUTS: Readonly<Record<ShortcutName, Shortcut>> = {
  'new-overlay': { key: 'n', mod: true },
  'add-files': { key: 'o', mod: true },
  'add-folder': { key: 'o', mod: true, shift: true },
  check: { key: 'k', mod: true },
  resize: { key: 'r', mod: true },
  flatten: { key: 'l', mod: true },
  export: { key: 'e', mod: true },
  'export-overlay': { key: 'e', mod: true, shift: true },
  'import-overlay': { key: 'i', mod: true },
  search: { key: 'f', mod: true },
  settings: { key: ',', mod: true },
  'page-images': { key: '1', mod: true },
  'page-jobs': { key: '2', mod: true },
  'page-exports': { key: '3', mod: true },
  'page-settings': { key: '4', mod: true },
  rescan: { key: 'f5' },
  forget: { key: 'delete' },
  shortcuts: { key: '/', mod: true },
}

/** All shortcuts by name. */
export const SHORTCUT_NAMES: readonly ShortcutName[] = [...entries()].map(([name]) => name)

/** Keys that mean something only while the image list has the focus. */
export const LIST_ONLY: ReadonlySet<ShortcutName> = new Set(['forget'])

/** The shortcut that a key press means, if any. */
export function shortcutOf(event: KeyboardEvent, mac: boolean): ShortcutName | undefined {
  if (event.altKey) return undefined
  const mod = mac ? event.metaKey : event.ctrlKey
  for (const [name, shortcut] of entries()) {
    if (LIST_ONLY.has(name)) continue
    const same =
      event.key.toLowerCase() === shortcut.key &&
      mod === (shortcut.mod ?? false) &&
      (isSign(shortcut.key) || event.shiftKey === (shortcut.shift ?? false))
    if (same) return name
  }
  return undefined
}

/** On many keyboards a sign such as `/` is only to be had with Shift. */
function isSign(key: string): boolean {
  return key.length === 1 && !/[a-z0-9]/.test(key)
}

function* entries(): Generator<[ShortcutName, Shortcut]> {
  let name: ShortcutName
  for (name in SHORTCUTS) yield [name, SHORTCUTS[name]]
}

const SYMBOLS: Readonly<Record<string, string>> = {
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
}

/** Keys that have a word on them, which is another one in another language. */
export const WORDED_KEYS = [
  'ctrl',
  'shift',
  'delete',
  'home',
  'end',
  'pageup',
  'pagedown',
  'enter',
  'space',
  'contextmenu',
] as const
export type WordedKey = (typeof WORDED_KEYS)[number]

/**
 * A key as it stands on the keyboard, with its modifiers: `Ctrl+Shift+O`, or `⇧⌘O` on a Mac. `word`
 * gives the words of a language.
 */
export function keyLabel(
  { key, mod, shift }: Shortcut,
  mac: boolean,
  word: (key: WordedKey) => string,
): string {
  const name = key === ' ' ? 'space' : key.toLowerCase()
  const worded = WORDED_KEYS.find((one) => one === name)
  const cap = worded === undefined ? (SYMBOLS[name] ?? name.toUpperCase()) : word(worded)
  if (mac) return `${shift ? '⇧' : ''}${mod ? '⌘' : ''}${cap}`
  return [mod && word('ctrl'), shift && word('shift'), cap].filter(Boolean).join('+')
}

/** A shortcut as `aria-keyshortcuts` wants it: `Control+Shift+O`. */
export function ariaKeys(name: ShortcutName, mac: boolean): string {
  const { key, mod, shift } = SHORTCUTS[name]
  return [mod && (mac ? 'Meta' : 'Control'), shift && 'Shift', key.toUpperCase()]
    .filter(Boolean)
    .join('+')
}
