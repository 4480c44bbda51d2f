/*
 * What is around the list, in the real window: files that other programs hand over, a second start,
 * the menu with its sheet and the about dialog, and what is remembered of settings and window.
 */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { dialog, goTo, list, row } from './support/window'

async function makeDisk(path: string): Promise<void> {
  await writeFile(path, '')
  await truncate(path, 8 * 1024 * 1024)
}

/** Starts the application once more on the same profile; resolves with its exit code. */
async function startAgain(
  profile: string,
  folder: string,
  files: string[],
): Promise<number | null> {
  const { executable, switches, env } = inject('electron')
  const args = [...switches, `--user-data-dir=${profile}`, projectRoot, ...files]
  const second = spawn(executable, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  return await new Promise((resolve, reject) => {
    second.once('error', reject)
    second.once('exit', resolve)
  })
}

/** Presses an entry of the application's menu. */
async function pressMenu(app: RunningApp, id: string): Promise<void> {
  await app.electron.evaluate(({ Menu }, wanted) => {
    const item = Menu.getApplicationMenu()?.getMenuItemById(wanted)
    if (!item) throw new Error(`The menu has no ${wanted}`)
    const pressed: unknown = Reflect.get(item, 'click')
    if (typeof pressed === 'function') Reflect.apply(pressed, item, [])
  }, id)
}

describeNeeding(electron, 'what is around the list', () => {
  let directory: string
  let profile: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-around-'))
    profile = join(directory, 'profile')
    await makeDisk(join(directory, 'base.img'))
    await makeOverlay(join(directory, 'handed over.add-cow'), 'base.img')
    await makeDisk(join(directory, 'second.raw'))
    await makeDisk(join(directory, 'third.raw'))
    const url = pathToFileURL(join(directory, 'handed over.add-cow')).href
    app = await launchApp({ profile, args: [url] })
  })

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('a file that the desktop opens with it is in the list, and selected', async () => {
    const image = row(app, 'handed over.add-cow')
    await image.waitFor()
    await expect.poll(() => image.getAttribute('aria-selected')).toBe('true')
  })

  test('a second start hands its files over, comes to its end, and shows the window', async () => {
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize())
    // a relative name counts from where the second was started
    expect(await startAgain(profile, directory, ['second.raw'])).toBe(0)
    await row(app, 'second.raw').waitFor()
    expect(app.electron.windows()).toHaveLength(1)
    const minimized = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.isMinimized(),
    )
    expect(minimized).toBe(false)
  })

  test('a second start with what is no image says so in the window', async () => {
    expect(await startAgain(profile, directory, ['missing.add-cow'])).toBe(0)
    const refused = dialog(app, 'One file was not added')
    await refused.getByText('missing.add-cow').first().waitFor()
    await app.screenshot('around-refused')
    await refused.getByRole('button', { name: 'Close' }).last().click()
  })

  test('a file that macOS opens with it comes as an event', async () => {
    await app.electron.evaluate(
      ({ app: application }, path) => {
        application.emit('open-file', { preventDefault: () => undefined }, path)
      },
      join(directory, 'third.raw'),
    )
    await row(app, 'third.raw').waitFor()
  })

  test('the menu opens the sheet of shortcuts, and so does its key', async () => {
    await pressMenu(app, 'shortcuts')
    const sheet = dialog(app, 'Keyboard shortcuts')
    await sheet.getByLabel('Search keys').fill('folder')
    await expect
      .poll(() => sheet.locator('dl > div').allTextContents())
      .toEqual(['Add a folderCtrl+Shift+O'])
    await app.screenshot('around-shortcuts')
    await app.window.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    await list(app).focus()
    await app.window.keyboard.press('Control+/')
    await sheet.waitFor()
    await app.window.keyboard.press('Escape')
  })

  test('about names the versions that run, and the licences of all that is shipped', async () => {
    await pressMenu(app, 'about')
    const about = dialog(app, 'add-cow Manager')
    const versions = await app.electron.evaluate(() => {
      const { electron: shell, chrome, node } = process.versions
      return [shell, chrome, node]
    })
    for (const version of versions) await about.getByText(version, { exact: true }).waitFor()
    await app.screenshot('around-about')
    await about.getByRole('button', { name: 'Libraries and their licences…' }).click()
    const libraries = dialog(app, 'Libraries and their licences')
    for (const name of ['koffi', 'pinia', 'zod'])
      await libraries.getByRole('button', { name: new RegExp(`^${name} \\d`) }).waitFor()
    await libraries.getByRole('button', { name: /^koffi/ }).click()
    await libraries.getByText(/Permission is hereby granted/).waitFor()
    await app.screenshot('around-licences')
    await app.window.keyboard.press('Escape')
  })

  test('several images are selected, and checked by a job each', async () => {
    await row(app, 'second.raw').click()
    await app.window.keyboard.press('Control+a')
    await app.window.getByRole('region', { name: 'Selected images' }).waitFor()
    await pressMenu(app, 'check')
    const form = dialog(app, /^Check \d images$/)
    await form.getByText(/^\d can be done\.$/).waitFor()
    await app.screenshot('around-many')
    await form.getByRole('button', { name: /^Check \d images$/ }).click()
    await form.waitFor({ state: 'detached' })
    await app.window.getByText(/^\d jobs started$/).waitFor()
  })

  test('theme, units and language are remembered, and so is the place of the window', async () => {
    await goTo(app, 'Settings')
    await app.window.getByRole('radio', { name: 'High contrast' }).click()
    await app.window.getByRole('radio', { name: 'Decimal (GB)' }).click()
    await app.screenshot('around-contrast')
    await app.window.getByRole('radio', { name: 'Deutsch' }).click()
    await app.window.getByRole('heading', { name: 'Optionen' }).waitFor()
    const place = { x: 40, y: 30, width: 1010, height: 640 }
    await app.electron.evaluate(({ BrowserWindow }, bounds) => {
      BrowserWindow.getAllWindows()[0]?.setBounds(bounds)
    }, place)
    await app.close()

    app = await launchApp({ profile })
    const window = app.window
    await window.getByRole('treegrid', { name: 'Abbilder' }).waitFor()
    expect(await window.locator('html').getAttribute('data-theme')).toBe('contrast')
    await window.getByText('8,39 MB').first().waitFor()
    const menu = await app.electron.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()?.items.map(({ label }) => label),
    )
    expect(menu).toContain('&Bearbeiten')
    expect(await boundsOf(app)).toMatchObject({ width: 1010, height: 640 })
  })

  test('a window that was on a display which is gone comes back where it can be seen', async () => {
    await app.close()
    const gone = { x: 90_000, y: 90_000, width: 1000, height: 700, maximized: false }
    await mkdir(profile, { recursive: true })
    await writeFile(join(profile, 'window.json'), JSON.stringify(gone))
    app = await launchApp({ profile })
    await app.window.getByRole('treegrid').waitFor()
    const { x, y } = await boundsOf(app)
    expect(Math.max(x, y)).toBeLessThan(10_000)
    expect(app.problems).toEqual([])
  })
})

async function boundsOf(
  app: RunningApp,
): Promise<{ x: number; y: number; width: number; height: number }> {
  const bounds = await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.getBounds(),
  )
  if (bounds === undefined) throw new Error('There is no window')
  return bounds
}
