import { shortcutLabel, type ShortcutName } from '../shortcuts'
import { useSettings } from '../stores/settings.store'

/** Names the keys of a shortcut as this system's keyboard has them. */
export function useShortcutLabel(): (name: ShortcutName) => string {
  const settings = useSettings()
  return (name) => shortcutLabel(name, settings.platform === 'darwin')
}
