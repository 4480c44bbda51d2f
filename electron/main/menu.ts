import { Menu, type MenuItemConstructorOptions, app } from 'electron'
import type { WindowAction } from '../contract/commands'
import type { Texts } from './texts'

export interface MenuOptions {
  readonly texts: Texts['menu']
  readonly onAction: (action: WindowAction) => void
  readonly showLog: () => void
}

type Item = MenuItemConstructorOptions

const separator: Item = { type: 'separator' }

/** The application's menu in one language; replaces the present one. */
export function setMenu({ texts, onAction, showLog }: MenuOptions): void {
  // The page hears the keys itself, and knows when they mean something else; here they are shown.
  const act = (label: string, action: WindowAction, accelerator: string): Item => ({
    label,
    accelerator,
    registerAccelerator: false,
    click: () => onAction(action),
  })
  const mac = process.platform === 'darwin'
  const fileMenu: Item[] = [
    act(texts.newOverlay, 'new-overlay', 'CmdOrCtrl+N'),
    separator,
    act(texts.addFiles, 'add-files', 'CmdOrCtrl+O'),
    act(texts.addFolder, 'add-folder', 'CmdOrCtrl+Shift+O'),
    act(texts.importOverlay, 'import-overlay', 'CmdOrCtrl+I'),
  ]
  const quit: Item = { role: 'quit', label: texts.quit, accelerator: 'CmdOrCtrl+Q' }
  const template: Item[] = [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    { label: texts.file, submenu: mac ? fileMenu : [...fileMenu, separator, quit] },
    { label: texts.edit, submenu: editMenu(texts, act) },
    {
      label: texts.image,
      submenu: [
        act(texts.check, 'check', 'CmdOrCtrl+K'),
        act(texts.resize, 'resize', 'CmdOrCtrl+R'),
        separator,
        act(texts.flatten, 'flatten', 'CmdOrCtrl+L'),
        act(texts.export, 'export', 'CmdOrCtrl+E'),
        act(texts.exportOverlay, 'export-overlay', 'CmdOrCtrl+Shift+E'),
      ],
    },
    { label: texts.view, submenu: viewMenu(texts, act) },
    ...(mac ? [{ role: 'windowMenu' } as const] : []),
    { label: texts.help, submenu: [{ label: texts.showLog, click: showLog }] },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}

type Act = (label: string, action: WindowAction, accelerator: string) => Item

function editMenu(texts: Texts['menu'], act: Act): Item[] {
  return [
    { role: 'undo', label: texts.undo },
    { role: 'redo', label: texts.redo },
    separator,
    { role: 'cut', label: texts.cut },
    { role: 'copy', label: texts.copy },
    { role: 'paste', label: texts.paste },
    { role: 'selectAll', label: texts.selectAll },
    separator,
    act(texts.search, 'search', 'CmdOrCtrl+F'),
  ]
}

function viewMenu(texts: Texts['menu'], act: Act): Item[] {
  const items: Item[] = [
    { role: 'resetZoom', label: texts.resetZoom },
    { role: 'zoomIn', label: texts.zoomIn },
    { role: 'zoomOut', label: texts.zoomOut },
    separator,
    { role: 'togglefullscreen', label: texts.fullScreen },
    separator,
    act(texts.settings, 'settings', 'CmdOrCtrl+,'),
  ]
  return app.isPackaged ? items : [...items, separator, { role: 'toggleDevTools' }]
}
