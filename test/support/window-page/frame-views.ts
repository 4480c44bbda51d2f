import type { Page } from 'playwright-core'
import type { View } from './views'

async function select(page: Page, ...names: readonly string[]): Promise<void> {
  const [first = '', ...others] = names
  await page.getByRole('row', { name: first }).first().click()
  for (const name of others)
    await page
      .getByRole('row', { name })
      .first()
      .click({ modifiers: ['ControlOrMeta'] })
  await page.waitForTimeout(250)
}

async function all(page: Page): Promise<void> {
  await select(page, 'debian-12')
  await page.keyboard.press('Control+a')
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
}

async function filter(page: Page, label: RegExp, entry: RegExp): Promise<void> {
  await press(page, label)
  await page.getByRole('menuitemradio', { name: entry }).click()
}

/** Puts the window into other units, as the main process would. */
export async function units(page: Page, name: string): Promise<void> {
  await page.evaluate(`{ const bridge = window.fakeBridge
    bridge.settings = { ...bridge.settings, units: '${name}' }
    bridge.emit('settings.changed', bridge.settings) }`)
}

/** So many of the names that were allowed, in the settings. */
async function allowed(page: Page, settings: string, count: number): Promise<void> {
  const names = [
    'nbd://backup.example.org:10809/images/debian-12-server',
    '/srv/images/templates/2026/windows-server-2025-datacenter-evaluation.vhdx',
    ...Array.from({ length: 200 }, (_, n) => `/media/archive/base-${String(n)}.img`),
  ].slice(0, count)
  await page.evaluate(`{ window.fakeBridge.agreedNames = ${JSON.stringify(names)} }`)
  await press(page, settings)
  await page.locator('.page__body').evaluate((body) => body.scrollTo(0, body.scrollHeight))
}

/** What the menu would ask for. */
async function act(page: Page, action: string): Promise<void> {
  await page.evaluate(`window.fakeBridge.emit('window.action', { action: '${action}' })`)
}

/** What is around the list: selections, filters, settings, help. */
export const FRAME_VIEWS: readonly View[] = [
  { name: 'frame-list', contrast: true, show: (page) => select(page, 'web-staging.add-cow') },
  {
    name: 'frame-chain',
    contrast: true,
    show: async (page) => {
      await select(page, 'experiment')
      await page.getByRole('tab', { name: 'Chain' }).click()
    },
  },
  {
    name: 'frame-map',
    contrast: true,
    show: async (page) => {
      await select(page, 'experiment')
      await page.getByRole('tab', { name: 'Map' }).click()
      await page.waitForTimeout(600)
    },
  },
  {
    name: 'frame-dialog',
    contrast: true,
    show: async (page) => {
      await select(page, 'debian-12-server.raw')
      await press(page, 'New overlay')
    },
  },
  { name: 'many-selected', contrast: true, show: all },
  { name: 'many-selected-de', lang: 'de', show: all },
  {
    name: 'many-menu',
    show: async (page) => {
      await select(page, 'web-staging.add-cow', 'db-primary')
      await page.getByRole('row', { name: 'db-primary' }).first().click({ button: 'right' })
    },
  },
  {
    name: 'many-check',
    contrast: true,
    show: async (page) => {
      await all(page)
      await press(page, 'Check')
    },
  },
  {
    name: 'many-flatten-de',
    lang: 'de',
    show: async (page) => {
      await all(page)
      await page.keyboard.press('Control+l')
    },
  },
  { name: 'filter-menu', contrast: true, show: (page) => press(page, /^Show by state/) },
  { name: 'filter-menu-de', lang: 'de', show: (page) => press(page, /^Nach Zustand/) },
  { name: 'filter-note', show: (page) => filter(page, /^Show by state/, /^Needs a look/) },
  {
    name: 'filter-note-de',
    lang: 'de',
    show: async (page) => {
      await filter(page, /^Nach Zustand/, /^Zu klären/)
      await page.getByLabel('Abbilder suchen').fill('srv')
    },
  },
  {
    name: 'units-bytes',
    show: async (page) => {
      await select(page, 'experiment')
      await units(page, 'bytes')
    },
  },
  {
    name: 'units-decimal-de',
    lang: 'de',
    show: async (page) => {
      await select(page, 'experiment')
      await units(page, 'decimal')
    },
  },
  { name: 'help-shortcuts', contrast: true, show: (page) => page.keyboard.press('Control+/') },
  { name: 'help-shortcuts-de', lang: 'de', show: (page) => page.keyboard.press('Control+/') },
  {
    name: 'help-about',
    contrast: true,
    show: (page) => act(page, 'about'),
  },
  { name: 'help-about-de', lang: 'de', show: (page) => act(page, 'about') },
  {
    name: 'help-licences',
    show: async (page) => {
      await act(page, 'about')
      await press(page, 'Libraries and their licences…')
      await press(page, /^koffi/)
    },
  },
  { name: 'frame-settings', contrast: true, show: (page) => press(page, 'Settings') },
  { name: 'frame-settings-de', lang: 'de', show: (page) => press(page, 'Optionen') },
  { name: 'frame-allowed', contrast: true, show: (page) => allowed(page, 'Settings', 3) },
  { name: 'frame-allowed-de', lang: 'de', show: (page) => allowed(page, 'Optionen', 3) },
  { name: 'frame-allowed-many', show: (page) => allowed(page, 'Settings', 150) },
  { name: 'frame-allowed-none', show: (page) => allowed(page, 'Settings', 0) },
]
