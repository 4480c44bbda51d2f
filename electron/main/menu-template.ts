import type { MenuItemConstructorOptions } from 'electron'
import type { WindowAction } from '../contract/commands'
import type { Texts } from './texts'

type MenuTexts = Texts['menu']

export interface MenuOptions {
  readonly texts: MenuTexts
  readonly onAction: (action: WindowAction) => void
  readonly showLog: () => void
}

type Item = MenuItemConstructorOptions
type Act = (action: WindowAction, label: string) => Item

const separator: Item = { type: 'separator' }

/** The keys that the window obeys; a test compares them with those that it knows. */
const KEYS: Readonly<Partial<Record<WindowAction, string>>> = {
  'new-overlay': 'CmdOrCtrl+N',
  'add-files': 'CmdOrCtrl+O',
  'add-folder': 'CmdOrCtrl+Shift+O',
  'import-overlay': 'CmdOrCtrl+I',
  check: 'CmdOrCtrl+K',
  resize: 'CmdOrCtrl+R',
  flatten: 'CmdOrCtrl+L',
  export: 'CmdOrCtrl+E',
  'export-overlay': 'CmdOrCtrl+Shift+E',
  forget: 'Delete',
  search: 'CmdOrCtrl+F',
  rescan: 'F5',
  'page-images': 'CmdOrCtrl+1',
  'page-jobs': 'CmdOrCtrl+2',
  'page-exports': 'CmdOrCtrl+3',
  settings: 'CmdOrCtrl+,',
  shortcuts: 'CmdOrCtrl+/',
}

/** All that the application's menu has, from left to right. */
export function menuTemplate(
  { texts, onAction, showLog }: MenuOptions,
  { mac, packaged }: { readonly mac: boolean; readonly packaged: boolean },
): Item[] {
  // The page hears the keys itself, and knows when they mean something else; here they are shown.
  const act: Act = (action, label) => ({
    ...{ id: action, label, click: () => onAction(action) },
    ...(KEYS[action] && { accelerator: KEYS[action], registerAccelerator: false }),
  })
  const about = act('about', texts.about)
  return [
    ...(mac ? [macMenu(about, act('settings', texts.settings))] : []),
    { label: texts.file, submenu: fileMenu(texts, act, mac) },
    { label: texts.edit, submenu: editMenu(texts, act, mac) },
    { label: texts.image, submenu: imageMenu(texts, act) },
    { label: texts.view, submenu: viewMenu(texts, act, packaged) },
    ...(mac ? [{ role: 'windowMenu' } as const] : []),
    {
      label: texts.help,
      submenu: [
        act('shortcuts', texts.shortcuts),
        separator,
        { label: texts.showLog, click: showLog },
        ...(mac ? [] : [separator, about]),
      ],
    },
  ]
}

/** On a Mac the application's own menu comes first, and has what stands elsewhere on others. */
function macMenu(about: Item, settings: Item): Item {
  return {
    role: 'appMenu',
    submenu: [
      about,
      separator,
      settings,
      separator,
      { role: 'services' },
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      { role: 'quit' },
    ],
  }
}

function fileMenu(texts: MenuTexts, act: Act, mac: boolean): Item[] {
  const items = [
    act('new-overlay', texts.newOverlay),
    separator,
    act('add-files', texts.addFiles),
    act('add-folder', texts.addFolder),
    act('import-overlay', texts.importOverlay),
  ]
  const quit: Item = { role: 'quit', label: texts.quit, accelerator: 'CmdOrCtrl+Q' }
  return mac ? [...items, separator, { role: 'close' }] : [...items, separator, quit]
}

function editMenu(texts: MenuTexts, act: Act, mac: boolean): Item[] {
  const settings = mac ? [] : [separator, act('settings', texts.settings)]
  return [
    { role: 'undo', label: texts.undo },
    { role: 'redo', label: texts.redo },
    separator,
    { role: 'cut', label: texts.cut },
    { role: 'copy', label: texts.copy },
    { role: 'paste', label: texts.paste },
    { role: 'selectAll', label: texts.selectAll },
    separator,
    act('search', texts.search),
    ...settings,
  ]
}

function imageMenu(texts: MenuTexts, act: Act): Item[] {
  return [
    act('check', texts.check),
    act('resize', texts.resize),
    act('compare', texts.compare),
    separator,
    act('flatten', texts.flatten),
    act('export', texts.export),
    act('export-overlay', texts.exportOverlay),
    act('serve', texts.serve),
    separator,
    act('commit', texts.commit),
    act('rebase', texts.rebase),
    act('move', texts.move),
    separator,
    act('show-in-folder', texts.showInFolder),
    act('copy-path', texts.copyPath),
    act('rescan-image', texts.rescanImage),
    separator,
    act('forget', texts.forget),
  ]
}

function viewMenu(texts: MenuTexts, act: Act, packaged: boolean): Item[] {
  const tools: Item[] = packaged ? [] : [separator, { role: 'toggleDevTools' }]
  return [
    act('page-images', texts.images),
    act('page-jobs', texts.jobs),
    act('page-exports', texts.exports),
    separator,
    act('rescan', texts.rescan),
    separator,
    { role: 'resetZoom', label: texts.resetZoom },
    { role: 'zoomIn', label: texts.zoomIn },
    { role: 'zoomOut', label: texts.zoomOut },
    separator,
    { role: 'togglefullscreen', label: texts.fullScreen },
    ...tools,
  ]
}
