/*
 * What a job does outside of the window's page: the title, the taskbar, the computer's sleep, and
 * the notification at its end. The desktop's side of it is listened in on.
 */
import { mkdtemp, open, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { addFiles, choose, dialog, goTo, jobs, row } from './support/window'

const GIB = 1024 * 1024 * 1024

/** What the desktop was told. */
interface Told {
  readonly notifications: string[]
  readonly bars: { readonly part: number; readonly mode: string | undefined }[]
  readonly blockers: string[]
}

declare global {
  var told: Told
}

describeNeeding(electron, 'a job, seen from outside of the page', () => {
  let directory: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-presence-'))
    await makeBase('quick.img', 4096)
    // all of it is compared in the end, and nobody is too late to look
    await makeBase('long.img', 256 * GIB)
    app = await launchApp()
    await listenIn()
    const names = ['quick.img', 'quick.add-cow', 'long.img', 'long.add-cow']
    await addFiles(
      app,
      names.map((name) => join(directory, name)),
    )
  }, 120_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  /** A base with a little at its start, and an overlay on it. */
  async function makeBase(name: string, size: number): Promise<void> {
    const path = join(directory, name)
    const file = await open(path, 'wx')
    await file.write(Buffer.alloc(4096, 7))
    await file.close()
    await truncate(path, size)
    await makeOverlay(path.replace(/img$/, 'add-cow'), name)
  }

  async function listenIn(): Promise<void> {
    await app.electron.evaluate(({ BrowserWindow, Notification, powerSaveBlocker }) => {
      const told: Told = { notifications: [], bars: [], blockers: [] }
      globalThis.told = told
      Notification.isSupported = () => true
      Notification.prototype.show = function (this: Electron.Notification) {
        told.notifications.push(this.title)
      }
      BrowserWindow.prototype.setProgressBar = (part, options) => {
        told.bars.push({ part, mode: options?.mode })
      }
      BrowserWindow.prototype.isFocused = () => false
      powerSaveBlocker.start = (kind) => told.blockers.push(`start ${kind}`)
      powerSaveBlocker.stop = (id) => told.blockers.push(`stop ${String(id)}`) > 0
    })
  }

  const told = async (): Promise<Told> => await app.electron.evaluate(() => globalThis.told)

  const title = async (): Promise<string | undefined> =>
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle())

  async function flatten(name: string): Promise<void> {
    await goTo(app, 'Images')
    await row(app, name).click()
    await choose(app, 'Flatten', /^In place/)
    await dialog(app, /^Flatten/)
      .getByRole('button', { name: 'Flatten', exact: true })
      .click()
  }

  async function ended(status: string): Promise<void> {
    await expect.poll(async () => (await jobs(app))[0]?.status).toBe(status)
  }

  test('is in the title and on the taskbar, and keeps the computer awake', async () => {
    await flatten('long.add-cow')
    await expect.poll(title).toMatch(/^\d+\s?% · add-cow Manager$/)
    const during = await told()
    expect(during.blockers).toEqual(['start prevent-app-suspension'])
    expect(during.bars.at(-1)?.part).toBeGreaterThanOrEqual(0)
    expect(during.bars.at(-1)?.mode).toBe('normal')

    await goTo(app, 'Jobs')
    const main = app.window.getByRole('main')
    await main.getByRole('button', { name: /^Pause/ }).click()
    await expect.poll(async () => (await told()).bars.at(-1)?.mode).toBe('paused')
    await expect.poll(async () => (await told()).blockers).toContain('stop 1')

    await main.getByRole('button', { name: /^Cancel/ }).click()
    await ended('cancelled')
    await expect.poll(async () => (await told()).bars.at(-1)?.part).toBe(-1)
    await expect.poll(title).toBe('add-cow Manager')
    // whoever cancels knows
    expect((await told()).notifications).toEqual([])
  })

  test('is told by the desktop when it is done, unless that was turned off', async () => {
    await flatten('quick.add-cow')
    await ended('done')
    await expect
      .poll(async () => (await told()).notifications)
      .toEqual([expect.stringContaining('quick.add-cow')])
    await goTo(app, 'Settings')
    await app.window.getByRole('checkbox', { name: 'Tell me when a job has ended' }).click()
    await flatten('quick.add-cow')
    await expect.poll(async () => (await jobs(app)).length).toBe(3)
    await ended('done')
    expect((await told()).notifications).toHaveLength(1)
    expect(app.problems).toEqual([])
  })
})
