import type { WindowAction } from '../electron/contract/commands'
import type { Page } from './stores/view.store'

/** What a key can ask for: what the menu asks for, and what only the window knows. */
export type ShortcutName = WindowAction | `page-${Page}` | 'rescan' | 'forget'

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
}

/** Keys that mean something only while the image list has the focus. */
const LIST_ONLY: ReadonlySet<ShortcutName> = new Set(['forget'])

/** The shortcut that a key press means, if any. */
export function shortcutOf(event: KeyboardEvent, mac: boolean): ShortcutName | undefined {
  if (event.altKey) return undefined
  const mod = mac ? event.metaKey : event.ctrlKey
  for (const [name, shortcut] of entries()) {
    if (LIST_ONLY.has(name)) continue
    const same =
      event.key.toLowerCase() === shortcut.key &&
      mod === (shortcut.mod ?? false) &&
      event.shiftKey === (shortcut.shift ?? false)
    if (same) return name
  }
  return undefined
}

function* entries(): Generator<[ShortcutName, Shortcut]> {
  let name: ShortcutName
  for (name in SHORTCUTS) yield [name, SHORTCUTS[name]]
}

/** A shortcut as it stands on the keys: `Ctrl+Shift+O`, or `⇧⌘O` on a Mac. */
export function shortcutLabel(name: ShortcutName, mac: boolean): string {
  const { key, mod, shift } = SHORTCUTS[name]
  const cap = key === 'delete' ? 'Del' : key.toUpperCase()
  if (mac) return `${shift ? '⇧' : ''}${mod ? '⌘' : ''}${cap}`
  return [mod && 'Ctrl', shift && 'Shift', cap].filter(Boolean).join('+')
}
