import type { Page } from 'playwright-core'
import { units } from './frame-views'
import type { View } from './views'

async function openMap(page: Page, image: string, tab = 'Map'): Promise<void> {
  await page.getByRole('row', { name: image }).first().click()
  await page.waitForTimeout(250)
  await page.getByRole('tab', { name: tab, exact: true }).click()
  await page.locator('canvas').first().waitFor()
  await page.waitForTimeout(250)
}

async function way(page: Page, name: string): Promise<void> {
  await page.getByRole('tablist', { name: 'Ways' }).getByRole('tab', { name }).click()
  await page.waitForTimeout(200)
}

async function zoomIn(page: Page, steps: number): Promise<void> {
  await page.getByRole('application').focus()
  for (let step = 0; step < steps; step += 1) await page.keyboard.press('+')
  await page.waitForTimeout(300)
}

/** Widens the details as far as they go. */
async function widen(page: Page): Promise<void> {
  await page.getByRole('separator').focus()
  await page.keyboard.press('Home')
  await page.waitForTimeout(250)
}

export const MAP_VIEWS: readonly View[] = [
  { name: 'map', show: (page) => openMap(page, 'experiment') },
  { name: 'map-de', lang: 'de', show: (page) => openMap(page, 'experiment', 'Karte') },
  {
    name: 'map-wide',
    show: async (page) => {
      await openMap(page, 'experiment')
      await widen(page)
    },
  },
  {
    name: 'map-zoomed',
    show: async (page) => {
      await openMap(page, 'experiment')
      await widen(page)
      await page.getByRole('application').focus()
      for (let step = 0; step < 6; step += 1) await page.keyboard.press('ArrowDown')
      await zoomIn(page, 5)
    },
  },
  {
    name: 'map-hover',
    show: async (page) => {
      await openMap(page, 'experiment')
      await page.getByRole('application').hover({ position: { x: 100, y: 60 } })
      await page.waitForTimeout(200)
    },
  },
  {
    name: 'map-lit',
    show: async (page) => {
      await openMap(page, 'experiment')
      await widen(page)
      await page.getByRole('list', { name: 'Layers' }).getByRole('button').nth(1).click()
    },
  },
  {
    name: 'map-inside',
    show: async (page) => {
      await page.getByRole('row', { name: 'experiment' }).first().click()
      await page.getByRole('button', { name: /^Show 2 · ext4/ }).click()
      await page.locator('canvas').first().waitFor()
      await widen(page)
    },
  },
  { name: 'map-raw', show: (page) => openMap(page, 'debian-12-server.raw') },
  { name: 'map-tiny', show: (page) => openMap(page, 'scratch') },
  {
    name: 'map-extents-bytes',
    show: async (page) => {
      await openMap(page, 'experiment')
      await way(page, 'Extents')
      await units(page, 'bytes')
    },
  },
  { name: 'map-huge', show: (page) => openMap(page, 'measurement-archive') },
  { name: 'map-broken', show: (page) => openMapOf(page, 'accounting') },
  {
    name: 'map-extents',
    show: async (page) => {
      await openMap(page, 'experiment')
      await way(page, 'Extents')
      await page.getByRole('grid', { name: 'Extents' }).focus()
      for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowDown')
      await page.waitForTimeout(300)
    },
  },
  {
    name: 'map-bytes',
    show: async (page) => {
      await openMap(page, 'experiment')
      await way(page, 'Bytes')
    },
  },
  {
    name: 'map-bytes-wide',
    show: async (page) => {
      await openMap(page, 'experiment')
      await widen(page)
      await way(page, 'Bytes')
    },
  },
  {
    name: 'map-reading',
    show: async (page) => {
      await page.evaluate(
        `window.fakeBridge.answer('map.open', () => new Promise(() => undefined))`,
      )
      await openMapOf(page, 'experiment')
      await page.evaluate(
        `window.fakeBridge.emit('map.progress', { id: 'deep', current: 37, total: 100 })`,
      )
    },
  },
]

async function openMapOf(page: Page, image: string): Promise<void> {
  await page.getByRole('row', { name: image }).first().click()
  await page.waitForTimeout(250)
  await page.getByRole('tab', { name: 'Map', exact: true }).click()
  await page.waitForTimeout(250)
}
