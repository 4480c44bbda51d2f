import type { Page } from 'playwright-core'
import { units } from './frame-views'
import type { View } from './views'

async function select(page: Page, name: string): Promise<void> {
  await page.getByRole('row', { name }).first().click()
  await page.waitForTimeout(250)
}

async function menu(page: Page, image: string, item?: string): Promise<void> {
  await page.getByRole('row', { name: image }).first().click({ button: 'right' })
  if (item === undefined) return
  await page.getByRole('menuitem', { name: item }).click()
  await page.waitForTimeout(300)
}

async function choose(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
  await page.waitForTimeout(300)
}

/** Scrolls the facts into view. */
async function facts(page: Page, image: string): Promise<void> {
  await select(page, image)
  await page.getByRole('heading', { name: 'qcow2', exact: true }).scrollIntoViewIfNeeded()
  await page.getByRole('heading', { name: 'qcow2', exact: true }).evaluate((heading) => {
    heading.scrollIntoView()
  })
}

/** A name that is taken, and an image file that is, as the engine tells it. */
const TAKEN = `{ const bridge = window.fakeBridge
  const plan = bridge.plan.bind(bridge)
  bridge.answer('job.plan', (request) => ({ ...plan(request), problems: [
    { code: 'file/exists', message: 'it exists already', details: { path: '/srv/images/web.raw',
      field: 'image file name' } },
    { code: 'io/no-space', message: '1.3 GiB are needed in /srv/images, 90 MiB are free there',
      details: { path: '/srv/images', needed: 1.4e9, free: 9.4e7 } }] })) }`
const SNAPSHOTS = `{ const bridge = window.fakeBridge
  const plan = bridge.plan.bind(bridge)
  bridge.answer('job.plan', (request) => ({ ...plan(request),
    warnings: [{ code: 'snapshots-left', details: { count: 3 } }] })) }`

const scenario = 'qcow2'

export const QCOW2_VIEWS: readonly View[] = [
  { name: 'qcow2-facts', scenario, show: (page) => facts(page, 'web.qcow2') },
  { name: 'qcow2-rich', scenario, show: (page) => facts(page, 'appliance') },
  { name: 'qcow2-rich-de', scenario, lang: 'de', show: (page) => facts(page, 'appliance') },
  {
    name: 'qcow2-snapshots-bytes',
    scenario,
    show: async (page) => {
      await units(page, 'bytes')
      await facts(page, 'appliance')
      await page.getByRole('table').first().scrollIntoViewIfNeeded()
    },
  },
  { name: 'qcow2-cloud', scenario, show: (page) => select(page, 'debian-12-generic') },
  { name: 'qcow2-menu', scenario, show: (page) => menu(page, 'web.qcow2') },
  { name: 'vmdk-menu', scenario, show: (page) => menu(page, 'windows-11') },
  { name: 'qcow2-serve', scenario, show: (page) => menu(page, 'web.qcow2', 'Export over NBD') },
  {
    name: 'import',
    scenario,
    show: async (page) => {
      await page.evaluate(SNAPSHOTS)
      await menu(page, 'web.qcow2', 'Import as')
    },
  },
  {
    name: 'import-de',
    scenario,
    lang: 'de',
    show: (page) => menu(page, 'debian-12-generic', 'Als Overlay importieren'),
  },
  {
    name: 'import-taken',
    scenario,
    show: async (page) => {
      await page.evaluate(TAKEN)
      await menu(page, 'web.qcow2', 'Import as')
    },
  },
  {
    name: 'import-none',
    scenario,
    show: async (page) => {
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Import a qcow2 overlay' }).click()
      await page.waitForTimeout(300)
    },
  },
  {
    name: 'export-qcow2',
    scenario,
    show: async (page) => {
      await menu(page, 'vm.add-cow', 'Export as a qcow2')
      await choose(page, 'Choose…')
    },
  },
  {
    name: 'export-qcow2-de',
    scenario,
    lang: 'de',
    show: async (page) => {
      await menu(page, 'vm.add-cow', 'Als qcow2-Overlay')
      await choose(page, 'Wählen …')
    },
  },
  { name: 'export-qcow2-stacked', scenario, show: (page) => menu(page, 'experiment') },
]
