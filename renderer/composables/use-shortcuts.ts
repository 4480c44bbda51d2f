import { onScopeDispose } from 'vue'
import { invoke, listen } from '../bridge'
import type { WindowAction } from '../../electron/contract/commands'
import type { ImageAction } from '../modules/image/image-actions'
import { shortcutOf, type ShortcutName } from '../shortcuts'
import { useDialogs } from '../stores/dialogs.store'
import { useNotices } from '../stores/notices.store'
import { useSettings } from '../stores/settings.store'
import { useView } from '../stores/view.store'
import { useAdd } from './use-add'
import { useSelectionActions } from './use-selection-actions'
import { useAttempt } from './use-attempt'
import { useText } from './use-text'

/** Obeys the keyboard and the menu. `focusSearch` puts the cursor into the search field. */
export function useShortcuts(focusSearch: () => void): void {
  const view = useView()
  const dialogs = useDialogs()
  const settings = useSettings()
  const actions = useSelectionActions()
  const add = useAdd()
  const notices = useNotices()
  const text = useText()
  const attempt = useAttempt()

  /** Does something with what is selected, or says why it cannot be done: there is no button. */
  function act(action: ImageAction): void {
    const reason = actions.reason(action)
    if (reason === undefined || action === 'new-overlay') actions.run(action)
    else notices.add({ tone: 'info', text: text(`actions.${action}`), detail: reason })
  }

  function run(name: ShortcutName | WindowAction): void {
    switch (name) {
      case 'add-files':
        void add.pick('files')
        break
      case 'add-folder':
        void add.pick('folder')
        break
      case 'new-overlay':
      case 'check':
      case 'resize':
      case 'flatten':
      case 'export':
      case 'export-overlay':
      case 'serve':
      case 'commit':
      case 'rebase':
      case 'move':
      case 'compare':
      case 'show-in-folder':
      case 'copy-path':
      case 'forget':
        act(name)
        break
      case 'rescan-image':
        act('rescan')
        break
      case 'shortcuts':
      case 'about':
        dialogs.show({ kind: name })
        break
      case 'import-overlay':
        dialogs.show({ kind: 'import-overlay', imageId: view.selectedId })
        break
      case 'search':
        view.page = 'images'
        focusSearch()
        break
      case 'rescan':
        void attempt('rescan', () => invoke('library.rescan', {}))
        break
      case 'settings':
      case 'page-settings':
        view.page = 'settings'
        break
      case 'page-images':
        view.page = 'images'
        break
      case 'page-jobs':
        view.page = 'jobs'
        break
      case 'page-exports':
        view.page = 'exports'
        break
    }
  }

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented) return
    const name = shortcutOf(event, settings.platform === 'darwin')
    if (name === undefined) return
    // Also while a dialog is open: a key that reloads a page elsewhere must do nothing at all then.
    event.preventDefault()
    if (!dialogs.any) run(name)
  }

  window.addEventListener('keydown', onKey)
  const silence = listen('window.action', ({ action }) => {
    if (!dialogs.any) run(action)
  })
  onScopeDispose(() => {
    window.removeEventListener('keydown', onKey)
    silence()
  })
}
