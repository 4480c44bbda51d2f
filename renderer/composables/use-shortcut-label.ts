import { keyLabel, SHORTCUTS, type Shortcut, type ShortcutName } from '../shortcuts'
import { useSettings } from '../stores/settings.store'
import { useText } from './use-text'

/** Names keys as this system's keyboard has them, in the person's language. */
export function useKeyLabel(): (keys: Shortcut) => string {
  const settings = useSettings()
  const text = useText()
  return (keys) =>
    keyLabel(keys, settings.platform === 'darwin', (word) => text(`keys.caps.${word}`))
}

/** The same for a shortcut. */
export function useShortcutLabel(): (name: ShortcutName) => string {
  const label = useKeyLabel()
  return (name) => label(SHORTCUTS[name])
}
