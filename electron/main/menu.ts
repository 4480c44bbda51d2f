import { Menu, app } from 'electron'
import { type MenuTexts, menuTemplate } from './menu-template'
import type { WindowAction } from '../contract/commands'

export interface MenuOptions {
  readonly texts: MenuTexts
  readonly onAction: (action: WindowAction) => void
  readonly showLog: () => void
}

/** The application's menu in one language; replaces the present one. */
export function setMenu(options: MenuOptions): void {
  const system = { mac: process.platform === 'darwin', packaged: app.isPackaged }
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options, system)))
}
