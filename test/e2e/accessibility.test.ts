/*
 * Every page, view and dialog of the real window, in every theme, before axe. Those of a kind are
 * named by the types of the window, so that a new one does not compile before it is looked at here.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventChannel, type WindowAction } from '../../electron/contract/commands'
import { settingsChange } from '../../electron/contract/schemas'
import type { Settings } from '../../electron/contract/settings'
import { type Disk, nodeHost, openDisk } from '../../engine/index'
import { machineHost } from '../../engine/nbd/machine-host'
import type { OpenDialog } from '../../renderer/stores/dialogs.store'
import type { DetailsTab, Page } from '../../renderer/stores/view.store'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { violations } from './support/axe'
import { makeOverlay } from './support/overlay'
import {
  addFiles,
  answerOpenDialog,
  answerSaveDialog,
  choose,
  details,
  row,
} from './support/window'

const MIB = 1024 * 1024
/** The system's theme is one of the others. */
const THEMES = settingsChange.shape.theme.unwrap().exclude(['system']).options
const LONG = 600_000

describeNeeding(electron, 'the window before axe', () => {
  let directory: string
  let app: RunningApp
  let client: Disk | undefined
  const path = (name: string): string => join(directory, name)

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-axe-'))
    app = await launchApp()
    await app.window.emulateMedia({ reducedMotion: 'reduce' })
  })

  afterAll(async () => {
    // else the application would ask before it takes the disk away
    await client?.close()
    await app.window.evaluate(async () => {
      const list = await window.addCow.invoke('export.list', undefined)
      const all = list.ok ? list.value.exports : []
      for (const { id } of all) await window.addCow.invoke('export.stop', { id })
    })
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  async function set(change: Partial<Settings>): Promise<void> {
    await app.window.evaluate((part) => window.addCow.invoke('settings.change', part), change)
  }

  /** What axe finds in the present state, in every theme. */
  async function look(state: string): Promise<readonly string[]> {
    const found: string[] = []
    for (const theme of THEMES) {
      await set({ theme })
      let lines = await violations(app.window)
      if (lines.length > 0) {
        // what is just coming or going is looked at once it is there
        await app.window.waitForTimeout(1000)
        lines = await violations(app.window)
      }
      found.push(...lines.map((line) => `${state}, ${theme}: ${line}`))
    }
    return found
  }

  async function press(name: string | RegExp): Promise<void> {
    await app.window.getByRole('button', { name }).first().click()
  }

  /** Opens the menu of an image, and takes an entry of it. */
  async function act(name: string, entry: RegExp): Promise<void> {
    await goTo('images')
    const found = app.window.getByRole('menuitem', { name: entry })
    // of several that are selected the menu would be another
    await row(app, name).click()
    // a list that changes at that moment may close it again
    await expect
      .poll(async () => {
        if (!(await found.isVisible())) await row(app, name).click({ button: 'right' })
        return await found.isVisible()
      })
      .toBe(true)
    await found.click()
  }

  async function goTo(page: Page): Promise<void> {
    const names = { images: 'Images', jobs: 'Jobs', exports: 'Exports', settings: 'Settings' }
    const rail = app.window.getByRole('navigation', { name: 'Pages' })
    await rail.getByRole('button', { name: new RegExp(`^${names[page]}`) }).click()
  }

  /** What the application's menu does. */
  async function menuAction(action: WindowAction): Promise<void> {
    await app.electron.evaluate(
      ({ BrowserWindow }, [channel, event]) => {
        BrowserWindow.getAllWindows()[0]?.webContents.send(channel, event)
      },
      [eventChannel('window.action'), { action }] as const,
    )
  }

  async function onExport(button: string): Promise<void> {
    await goTo('exports')
    await app.window.getByRole('article').getByRole('button', { name: button }).first().click()
  }

  const pages: Readonly<Record<Page, () => Promise<void>>> = {
    images: () => goTo('images'),
    jobs: () => goTo('jobs'),
    exports: () => goTo('exports'),
    settings: () => goTo('settings'),
  }

  const tabs: Readonly<Record<DetailsTab, RegExp>> = {
    overview: /^Overview/,
    chain: /^Chain/,
    map: /^Map/,
    check: /^Check/,
    history: /^History/,
  }

  const dialogs: Readonly<Record<OpenDialog['kind'] | 'failure', () => Promise<void>>> = {
    'new-overlay': () => act('base.img', /^New overlay/),
    check: () => act('work.add-cow', /^Check/),
    resize: () => act('work.add-cow', /^Resize/),
    flatten: () => act('work.add-cow', /^Flatten/),
    export: () => act('work.add-cow', /^Export to a new raw/),
    serve: () => act('work.add-cow', /^Export over NBD/),
    commit: () => act('work.add-cow', /^Commit/),
    rebase: () => act('work.add-cow', /^Put on another base/),
    locate: () => act('lost.add-cow', /^Locate/),
    move: () => act('work.add-cow', /^Move or copy/),
    many: async () => {
      await goTo('images')
      await row(app, 'work.add-cow').click()
      await row(app, 'other.add-cow').click({ modifiers: ['Control'] })
      await press(/^Check/)
    },
    'export-snapshot': () => onExport('Snapshot…'),
    'export-grow': () => onExport('Grow…'),
    'export-stop': () => onExport('Stop the export of served.add-cow'),
    'export-overlay': () => act('work.add-cow', /^Export as a qcow2/),
    'import-overlay': async () => {
      await goTo('images')
      await choose(app, 'Add', /^Import a qcow2/)
    },
    compare: async () => {
      await goTo('images')
      await row(app, 'work.add-cow').click()
      await row(app, 'other.add-cow').click({ modifiers: ['Control'] })
      await row(app, 'other.add-cow').click({ button: 'right' })
      await app.window.getByRole('menuitem', { name: /^Compare/ }).click()
    },
    shortcuts: () => menuAction('shortcuts'),
    about: () => menuAction('about'),
    refused: async () => {
      await goTo('images')
      await answerOpenDialog(app, [path('no-image.add-cow')])
      await choose(app, 'Add', /^Files/)
    },
    failure: async () => {
      await goTo('jobs')
      await press('What went wrong…')
    },
  }

  test('has nothing against an empty library', async () => {
    await app.window.getByRole('button', { name: 'Try it with a sample disk' }).waitFor()
    expect(await look('empty')).toEqual([])
  })

  test('has nothing against any page', { timeout: LONG }, async () => {
    client = await fill(app, directory)
    const found: string[] = []
    for (const [name, show] of Object.entries(pages)) {
      await show()
      found.push(...(await look(name)))
    }
    expect(found).toEqual([])
  })

  test('has nothing against any view of an image', { timeout: LONG }, async () => {
    await goTo('images')
    const found: string[] = []
    for (const image of ['work.add-cow', 'lost.add-cow']) {
      await row(app, image).click()
      for (const [name, label] of Object.entries(tabs)) {
        await details(app).getByRole('tab', { name: label }).first().click()
        await app.window.waitForLoadState('networkidle')
        found.push(...(await look(`${name} of ${image}`)))
      }
    }
    expect(found).toEqual([])
  })

  test('has nothing against the menus', { timeout: LONG }, async () => {
    const found: string[] = []
    await goTo('images')
    await row(app, 'work.add-cow').click({ button: 'right' })
    await app.window.getByRole('menu').waitFor()
    found.push(...(await look('the menu of an image')))
    await app.window.keyboard.press('Escape')
    for (const name of ['Add', 'Flatten']) {
      await app.window.getByRole('button', { name, exact: true }).click()
      await app.window.getByRole('menu').waitFor()
      found.push(...(await look(`the menu ${name}`)))
      await app.window.keyboard.press('Escape')
    }
    expect(found).toEqual([])
  })

  test.each(Object.entries(dialogs))(
    'has nothing against the dialog %s',
    { timeout: LONG },
    async (name, show) => {
      await show()
      const open = app.window.locator('[role=dialog], [role=alertdialog]')
      await open.waitFor()
      const found = await look(name)
      await app.window.keyboard.press('Escape')
      await open.waitFor({ state: 'detached' })
      expect(found).toEqual([])
    },
  )

  test('was looked at without a fault of the window', () => {
    expect(app.problems).toEqual([])
  })
})

async function makeBase(file: string, mebibytes: number): Promise<void> {
  const handle = await open(file, 'wx')
  const block = randomFillSync(Buffer.alloc(MIB))
  for (let at = 0; at < mebibytes; at += 1) await handle.write(block, 0, MIB, at * MIB)
  await handle.close()
}

/** Images in every state that matters, a job that failed, an export; resolves with its client. */
async function fill(app: RunningApp, directory: string): Promise<Disk> {
  const path = (name: string): string => join(directory, name)
  await makeBase(path('base.img'), 8)
  await makeBase(path('gone.img'), 1)
  await writeFile(path('no-image.add-cow'), 'no image')
  for (const name of ['work', 'other', 'served']) {
    await makeOverlay(path(`${name}.add-cow`), 'base.img')
    const disk = await openDisk(nodeHost, path(`${name}.add-cow`), { writable: true })
    await disk.write(Buffer.alloc(65_536, name), MIB)
    await disk.flush()
    await disk.close()
  }
  await makeOverlay(path('lost.add-cow'), 'gone.img')
  await rm(path('gone.img'))
  const names = ['base.img', 'work.add-cow', 'other.add-cow', 'served.add-cow', 'lost.add-cow']
  await addFiles(app, names.map(path))
  await row(app, 'work.add-cow').getByText('OK').waitFor()
  await row(app, 'lost.add-cow').getByText('Base missing').waitFor()

  await answerSaveDialog(app, path('no-such-folder/target.raw'))
  const uri = await app.window.evaluate(async () => {
    const all = await window.addCow.invoke('app.bootstrap', undefined)
    const images = all.ok ? all.value.images : []
    const id = (name: string): string => images.find((image) => image.name === name)?.id ?? ''
    const imageId = id('other.add-cow')
    const check = { kind: 'check', imageId: id('work.add-cow'), repair: 'none' } as const
    await window.addCow.invoke('job.start', check)
    const target = await window.addCow.invoke('dialog.pickExportTarget', {
      imageId,
      format: 'raw',
    })
    const targetGrant = target.ok ? (target.value?.id ?? '') : ''
    const failing = { kind: 'export', imageId, targetGrant, verify: false } as const
    await window.addCow.invoke('job.start', failing)
    const served = { imageId: id('served.add-cow'), readOnly: false, place: { kind: 'socket' } }
    await window.addCow.invoke('export.start', { ...served, place: { kind: 'socket' } })
    const list = await window.addCow.invoke('export.list', undefined)
    return list.ok ? (list.value.exports[0]?.uri ?? '') : ''
  })
  const host = machineHost({ files: 'any', names: new Set() })
  const client = await openDisk(host, uri, { writable: false })
  return client
}
