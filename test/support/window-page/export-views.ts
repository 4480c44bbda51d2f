import type { Page } from 'playwright-core'
import type { View } from './views'

async function openPage(page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('button').nth(2).click()
  await page.waitForTimeout(200)
}

/** Exports an image, and lets the fake main process say more of it. */
async function serve(page: Page, imageId: string, more = '{}', readOnly = false): Promise<void> {
  const request = `{ imageId: '${imageId}', readOnly: ${readOnly}, place: { kind: 'socket' } }`
  await page.evaluate(`{ const bridge = window.fakeBridge
    const { id } = bridge.startExport(${request})
    bridge.moveExport(id, ${more}) }`)
}

const BUSY = `{ clients: 3, clientsWithOldSize: 2, bytesRead: 7.4e9, bytesWritten: 3.1e8,
  readSpeed: 2.1e8, writeSpeed: 1.8e7, machines: 1,
  flatten: { path: '/srv/overlays/experiment.add-cow', bytesPerSecond: 134217728,
    status: 'running', current: 7.3e9, total: 2.1e10 } }`
const FAILING = `{ clients: 1, failure: { code: 'io/no-space', state: 'unchanged', details: {},
  message: 'Cannot write to /srv/overlays/db-primary.raw: no space left on device' },
  machineFailure: { code: 'io/failed', details: {},
    message: 'qemu-system-x86_64: gtk initialization failed' } }`
const CRASHED = `{ status: 'failed', error: { code: 'internal', state: 'uncertain', details: {},
  message: 'The thread of an export ended with exit code 134' } }`
const COMPLETE = `{ flatten: { path: '/srv/overlays/web-staging.add-cow', status: 'done',
  current: 1, total: 1 } }`

async function busy(page: Page): Promise<void> {
  await openPage(page)
  await serve(page, 'deep', BUSY)
}

export const EXPORT_VIEWS: readonly View[] = [
  { name: 'exports-empty', show: openPage },
  {
    name: 'exports-idle',
    show: async (page) => {
      await openPage(page)
      await serve(page, 'deep')
      await page.waitForTimeout(100)
      await page.locator('article .ui-button--link').first().click()
    },
  },
  { name: 'exports-busy', show: busy },
  { name: 'exports-busy-de', lang: 'de', show: busy },
  {
    name: 'exports-many',
    show: async (page) => {
      await openPage(page)
      await serve(page, 'long', '{}', true)
      await serve(page, 'db', FAILING)
      await serve(page, 'web', COMPLETE)
    },
  },
  {
    name: 'exports-failed',
    show: async (page) => {
      await openPage(page)
      await serve(page, 'db', CRASHED)
      await serve(page, 'web', FAILING)
    },
  },
  {
    name: 'exports-start',
    show: async (page) => {
      await page.getByRole('row', { name: 'experiment' }).first().click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Export over NBD' }).click()
    },
  },
  {
    name: 'exports-start-breaks-de',
    lang: 'de',
    show: async (page) => {
      await page.getByRole('row', { name: 'debian-12-server' }).first().click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Über NBD' }).click()
      await page.getByRole('radio', { name: 'Lesen und schreiben' }).click()
      await page.getByRole('radio', { name: 'Port' }).click()
    },
  },
  {
    name: 'exports-snapshot',
    show: async (page) => {
      await busy(page)
      await page.getByRole('button', { name: 'Snapshot…' }).click()
      await page.getByRole('dialog').waitFor()
      await page.waitForTimeout(300)
    },
  },
  {
    name: 'exports-stop',
    show: async (page) => {
      await busy(page)
      await page.getByRole('button', { name: 'Stop the export of' }).click()
    },
  },
]
