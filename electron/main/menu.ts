import { Menu, app } from 'electron'
import { type MenuOptions, menuTemplate } from './menu-template'

/** The application's menu in one language; replaces the present one. */
export function setMenu(options: MenuOptions): void {
  const system = { mac: process.platform === 'darwin', packaged: app.isPackaged }
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options, system)))
}
