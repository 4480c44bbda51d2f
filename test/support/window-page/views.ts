import type { Page } from 'playwright-core'
import { COMPARE_VIEWS } from './compare-views'
import { EXPORT_VIEWS } from './export-views'
import { FRAME_VIEWS, units } from './frame-views'
import { MAP_VIEWS } from './map-views'
import { QCOW2_VIEWS } from './qcow2-views'

/** Something to be seen of the window, and the way there. */
export interface View {
  readonly name: string
  readonly scenario?: string
  readonly lang?: string
  /** Also in high contrast: the theme, and the colours that a system forces. */
  readonly contrast?: true
  readonly show: (page: Page) => Promise<void>
}

async function select(page: Page, name: string): Promise<void> {
  await page.getByRole('row', { name }).first().click()
  await page.waitForTimeout(250)
}

async function tab(page: Page, image: string, name: string): Promise<void> {
  await select(page, image)
  await page.getByRole('tab', { name }).click()
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
}

async function menu(page: Page, button: string, item: string): Promise<void> {
  await press(page, button)
  await page.getByRole('menuitem', { name: item }).click()
}

/** Lets the fake main process do something: the page has it as `fakeBridge`. */
async function fake(page: Page, script: string): Promise<void> {
  await page.evaluate(`{ const bridge = window.fakeBridge; ${script} }`)
}

async function endCheck(page: Page, findings: boolean): Promise<void> {
  await page.waitForTimeout(300)
  await fake(
    page,
    `const { id, path } = [...bridge.jobs.values()].at(-1)
     const { result } = bridge.details.get('db').lastCheck
     const check = { ...result, findings: ${findings ? 'result.findings' : '[]'} }
     bridge.moveJob(id, { status: 'done', result: { kind: 'check', path, check } })`,
  )
}

/** Every base is another one than the one that is remembered, until one says "anyway". */
const DIFFERS = `const plan = bridge.plan.bind(bridge)
  bridge.answer('job.plan', (request) => ({ ...plan(request), problems: request.unproven ? [] : [{
    code: 'chain/base-differs', message: 'is not the backing file that it was last seen on',
    details: { path: '/srv/overlays/accounting.add-cow', backing: '/mnt/x.raw' } }] }))`

/** Every plan waits for a yes. */
const ASKS = `const plan = bridge.plan.bind(bridge)
  bridge.answer('job.plan', (request) => ({ ...plan(request), problems: [
    bridge.images.get('elsewhere').problem] }))`

async function locate(page: Page, entry: string, button: string): Promise<void> {
  await page.getByRole('row', { name: 'accounting' }).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: entry }).click()
  if (button !== '') await press(page, button)
  await page.waitForTimeout(300)
}

async function moveDialog(page: Page, entry: string, image: string): Promise<void> {
  await page.getByRole('row', { name: image }).first().click({ button: 'right' })
  await page.getByRole('menuitem', { name: entry }).click()
  await page.waitForTimeout(300)
}

export const VIEWS: readonly View[] = [
  { name: 'empty', scenario: 'empty', show: () => Promise.resolve() },
  { name: 'empty-de', scenario: 'empty', lang: 'de', show: () => Promise.resolve() },
  { name: 'loading', scenario: 'loading', show: () => Promise.resolve() },
  { name: 'list', show: (page) => select(page, 'web-staging.add-cow') },
  { name: 'list-de', lang: 'de', show: (page) => select(page, 'web-staging.add-cow') },
  { name: 'list-many', scenario: 'many', show: (page) => select(page, 'base-0.raw') },
  {
    name: 'list-focus',
    show: async (page) => {
      await select(page, 'db-primary')
      await page.keyboard.press('ArrowDown')
    },
  },
  { name: 'no-match', show: (page) => page.getByLabel('Search images').fill('nothing like it') },
  { name: 'search', show: (page) => page.getByLabel('Search images').fill('upgrade') },
  {
    name: 'menu',
    show: async (page) => {
      await page.getByRole('row', { name: 'web-staging-before' }).first().click({ button: 'right' })
    },
  },
  {
    name: 'menu-blocked',
    show: async (page) => {
      await page.getByRole('row', { name: 'debian-12' }).first().click({ button: 'right' })
    },
  },
  {
    name: 'flatten-menu',
    show: async (page) => {
      await select(page, 'debian-12')
      await press(page, 'Flatten')
    },
  },
  {
    name: 'tooltip',
    show: async (page) => {
      await page.getByRole('button', { name: 'Check' }).hover()
      await page.getByRole('tooltip').waitFor()
    },
  },
  { name: 'overview-raw', show: (page) => select(page, 'debian-12-server.raw') },
  { name: 'overview-long', show: (page) => select(page, 'customer-4711') },
  { name: 'overview-broken', show: (page) => select(page, 'accounting') },
  { name: 'overview-unreadable', show: (page) => select(page, 'holiday') },
  { name: 'consent', show: (page) => select(page, 'downloaded') },
  { name: 'consent-de', lang: 'de', show: (page) => select(page, 'downloaded') },
  { name: 'doubt', show: (page) => showDoubt(page) },
  {
    name: 'doubt-create',
    lang: 'de',
    show: async (page) => {
      await showDoubt(page)
      await page.keyboard.press('Control+n')
      await page.waitForTimeout(600)
    },
  },
  { name: 'consent-chain', show: (page) => tab(page, 'downloaded', 'Chain') },
  {
    name: 'consent-plan',
    show: async (page) => {
      await fake(page, ASKS)
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'In place')
    },
  },
  { name: 'chain', show: (page) => tab(page, 'experiment', 'Chain') },
  { name: 'chain-broken', show: (page) => tab(page, 'accounting', 'Chain') },
  { name: 'chain-single', show: (page) => tab(page, 'debian-12-server.raw', 'Chain') },
  ...MAP_VIEWS,
  ...COMPARE_VIEWS,
  ...EXPORT_VIEWS,
  ...QCOW2_VIEWS,
  ...FRAME_VIEWS,
  { name: 'check', show: (page) => tab(page, 'db-primary', 'Check') },
  { name: 'check-never', show: (page) => tab(page, 'experiment', 'Check') },
  {
    name: 'create',
    show: async (page) => {
      await select(page, 'debian-12-server.raw')
      await press(page, 'New overlay')
    },
  },
  {
    name: 'create-de',
    lang: 'de',
    show: async (page) => {
      await select(page, 'debian-12-server.raw')
      await press(page, 'Neues Overlay')
    },
  },
  { name: 'create-no-base', show: (page) => press(page, 'New overlay') },
  {
    name: 'create-picker',
    show: async (page) => {
      await press(page, 'New overlay')
      await page.getByLabel('Base', { exact: true }).click()
    },
  },
  {
    name: 'create-exists',
    show: async (page) => {
      await fake(
        page,
        `bridge.answer('job.plan', (request) => ({
      kind: 'create', problems: [{ code: 'file/exists', message: 'it exists already',
      details: { path: '/srv/images/debian-12-server-overlay.raw', field: 'image file name' } }],
      warnings: [], files: [], bytesToCopy: 0, spaceNeeded: 0, commandLine: '' }))`,
      )
      await select(page, 'debian-12-server.raw')
      await press(page, 'New overlay')
    },
  },
  {
    name: 'create-wrong',
    show: async (page) => {
      await select(page, 'debian-12-server.raw')
      await press(page, 'New overlay')
      await page.getByLabel('Name', { exact: true }).fill('a/b')
      await page.getByLabel('Virtual size').fill('many')
    },
  },
  {
    name: 'grow',
    show: async (page) => {
      await select(page, 'web-staging.add-cow')
      await fake(page, `bridge.moveJob('waiting', { status: 'cancelled' })`)
      await press(page, 'Resize')
      await page.getByLabel('New virtual size').fill('+12G')
    },
  },
  {
    name: 'cut-off',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'Resize')
      await press(page, 'Cut off data…')
      await page.getByLabel('New virtual size').fill('10G')
    },
  },
  {
    name: 'check-dialog',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'Check')
    },
  },
  {
    name: 'check-running',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'Check')
      await page.waitForTimeout(200)
      await page.keyboard.press('Enter')
      await page.waitForTimeout(200)
      await fake(
        page,
        `bridge.moveJob([...bridge.jobs.keys()].at(-1), { speed: 3e8, timeLeft: 21000,
      progress: { phase: 'preparing', current: 4e9, total: 2e10 } })`,
      )
    },
  },
  {
    name: 'check-found',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'Check')
      await page.waitForTimeout(200)
      await page.keyboard.press('Enter')
      await endCheck(page, true)
    },
  },
  {
    name: 'check-clean',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'Check')
      await page.waitForTimeout(200)
      await page.keyboard.press('Enter')
      await endCheck(page, false)
    },
  },
  {
    name: 'flatten',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'In place')
    },
  },
  {
    name: 'flatten-de',
    lang: 'de',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Verflachen', 'An Ort und Stelle')
    },
  },
  {
    name: 'flatten-no-space',
    show: async (page) => {
      await fake(
        page,
        `const plan = bridge.plan.bind(bridge)
      bridge.answer('job.plan', (request) => ({ ...plan(request), problems: [{ code: 'io/no-space',
      message: '19.6 GiB are needed in /srv/overlays, and 1.2 GiB are free there',
      details: { path: '/srv/overlays', needed: 2.1e10, free: 1.2e9 } }], spaceFree: 1.2e9 }))`,
      )
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'In place')
    },
  },
  {
    name: 'export',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'To a new raw file')
      await press(page, 'Choose…')
    },
  },
  {
    name: 'commit-breaks',
    show: async (page) => {
      await select(page, 'db-primary')
      await menu(page, 'Flatten', 'Commit')
    },
  },
  {
    name: 'commit-breaks-de',
    lang: 'de',
    show: async (page) => {
      await select(page, 'db-primary')
      await menu(page, 'Verflachen', 'In die Basis')
      await page.getByRole('checkbox').first().click()
    },
  },
  {
    name: 'commit-alone',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'Commit')
    },
  },
  {
    name: 'other-ways',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'In place')
      await press(page, 'Another way')
    },
  },
  {
    name: 'rebase',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'Put on another base')
    },
  },
  {
    name: 'rebase-de',
    lang: 'de',
    show: async (page) => {
      await select(page, 'experiment')
      await menu(page, 'Verflachen', 'Auf eine andere Basis')
      await page.getByRole('radio', { name: 'Keine Basis mehr' }).click()
    },
  },
  {
    name: 'rebase-differs',
    show: async (page) => {
      await fake(page, DIFFERS)
      await select(page, 'experiment')
      await menu(page, 'Flatten', 'Put on another base')
      await page.getByRole('radio', { name: 'The base was moved' }).click()
      await press(page, 'Choose a file…')
      await page.getByRole('checkbox').click()
    },
  },
  { name: 'move', show: (page) => moveDialog(page, 'Move or copy', 'experiment') },
  {
    name: 'move-de',
    lang: 'de',
    show: async (page) => {
      await moveDialog(page, 'Verschieben oder', 'experiment')
      await page.getByRole('radio', { name: 'Kopieren' }).click()
    },
  },
  {
    name: 'move-breaking',
    show: async (page) => {
      await moveDialog(page, 'Move or copy', 'before-upgrade')
      await page.getByLabel('Name', { exact: true }).fill('web.add-cow')
      await page.waitForTimeout(300)
    },
  },
  { name: 'locate', show: (page) => locate(page, 'Locate', '') },
  { name: 'locate-same', show: (page) => locate(page, 'Locate', 'Choose…') },
  {
    name: 'locate-differs-de',
    lang: 'de',
    show: async (page) => {
      await fake(page, DIFFERS)
      await locate(page, 'Basis suchen', 'Wählen …')
    },
  },
  {
    name: 'snapshot',
    show: async (page) => {
      await select(page, 'experiment')
      await press(page, 'New overlay')
    },
  },
  { name: 'history', show: (page) => tab(page, 'db-primary', 'History') },
  { name: 'history-de', lang: 'de', show: (page) => tab(page, 'web-staging-before', 'Verlauf') },
  { name: 'history-none', show: (page) => tab(page, 'accounting', 'History') },
  { name: 'measure', show: (page) => showMeasured(page, 'What it would take') },
  {
    name: 'measure-bytes',
    show: async (page) => {
      await units(page, 'bytes')
      await showMeasured(page, 'What it would take')
    },
  },
  { name: 'measure-de', lang: 'de', show: (page) => showMeasured(page, 'Was es kosten würde') },
  {
    name: 'failure',
    show: async (page) => {
      await fake(page, `bridge.answer('job.start', () => { throw Object.assign(new Error(), {}) })`)
      await press(page, 'Jobs, one running')
      await press(page, 'What went wrong…')
      await press(page, 'Details')
    },
  },
  {
    name: 'refused',
    show: async (page) => {
      await fake(
        page,
        `bridge.nextAdd = { added: [], known: [], refused: [
      { path: '/home/anna/notes.txt', error: { code: 'format/unrecognized', message: 'Cannot open',
        details: { path: '/home/anna/notes.txt' }, state: 'unchanged' } },
      { path: '/home/anna/old.add-cow', error: { code: 'format/unsupported-version',
        message: 'Version 2', details: { path: '/home/anna/old.add-cow', version: 2 } } }] }`,
      )
      await menu(page, 'Add', 'Files')
    },
  },
  {
    name: 'notices',
    show: async (page) => {
      await fake(page, `bridge.nextAdd = { added: ['debian'], known: ['web'], refused: [] }`)
      await menu(page, 'Add', 'Files')
      await fake(
        page,
        `bridge.moveJob('flattening', { status: 'failed', error: { code: 'io/failed',
      message: 'Cannot read', details: { path: '/srv/images/ubuntu-24.04-desktop.img' } } })`,
      )
    },
  },
  {
    name: 'drop',
    show: async (page) => {
      await page.evaluate(`{
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([''], 'disk.raw'))
      window.dispatchEvent(new DragEvent('dragenter', { dataTransfer }))
    }`)
    },
  },
  { name: 'jobs', show: (page) => press(page, 'Jobs, one running') },
  { name: 'jobs-de', lang: 'de', show: (page) => press(page, 'Aufträge, einer läuft') },
  { name: 'jobs-none', scenario: 'one', show: (page) => press(page, 'Jobs') },
  { name: 'settings', show: (page) => press(page, 'Settings') },
  { name: 'settings-de', lang: 'de', show: (page) => press(page, 'Optionen') },
]

/** What a flatten and other ways would take, below all else that is known of an image. */
async function showMeasured(page: Page, heading: string): Promise<void> {
  await select(page, 'experiment')
  await page.getByRole('heading', { name: heading }).evaluate((one) => {
    one.scrollIntoView({ block: 'start' })
  })
}

/** A raw disk that begins as a qcow2 image does. */
async function showDoubt(page: Page): Promise<void> {
  await page.evaluate(`{
    const image = [...fakeBridge.images.values()].find(({ name }) => name.startsWith('debian'))
    const changed = [{ ...image, looksLike: 'qcow2', usedBy: 0 }]
    fakeBridge.emit('library.changed', { changed, removed: [] })
  }`)
  await select(page, 'debian-12-server.raw')
}
