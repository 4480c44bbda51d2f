import type { Locator } from 'playwright-core'
import { expect } from 'vitest'
import type { Bootstrap, Reply } from '../../../electron/contract/commands'
import type { RunningApp } from '../../support/electron-app'

/** The list of images. */
export function list(app: RunningApp): Locator {
  return app.window.getByRole('treegrid', { name: 'Images' })
}

/** The row of the list whose name holds a text. */
export function row(app: RunningApp, name: string): Locator {
  return list(app).getByRole('row').filter({ hasText: name }).first()
}

/** The details of the selected image. */
export function details(app: RunningApp): Locator {
  return app.window.getByRole('complementary', { name: 'Details' })
}

/** An open dialog by its title. */
export function dialog(app: RunningApp, name: string | RegExp): Locator {
  return app.window.getByRole('dialog', { name })
}

/** Chooses an entry of one of the toolbar's menus. */
export async function choose(app: RunningApp, menu: string, entry: RegExp): Promise<void> {
  await app.window.getByRole('button', { name: menu, exact: true }).click()
  await app.window.getByRole('menuitem', { name: entry }).click()
}

/** Adds files as a person does: the menu, then the native dialog. */
export async function addFiles(app: RunningApp, paths: readonly string[]): Promise<void> {
  await answerOpenDialog(app, paths)
  await choose(app, 'Add', /^Files/)
}

/** Goes to one of the pages of the rail. */
export async function goTo(app: RunningApp, page: 'Images' | 'Jobs' | 'Settings'): Promise<void> {
  const rail = app.window.getByRole('navigation', { name: 'Pages' })
  await rail.getByRole('button', { name: new RegExp(`^${page}`) }).click()
}

/** The next native "open" dialogs answer with these paths. */
export async function answerOpenDialog(app: RunningApp, paths: readonly string[]): Promise<void> {
  await app.electron.evaluate(({ dialog: native }, filePaths) => {
    native.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [...filePaths] })
  }, paths)
}

/** The next native "save" dialogs answer with this path. */
export async function answerSaveDialog(app: RunningApp, filePath: string): Promise<void> {
  await app.electron.evaluate(({ dialog: native }, path) => {
    native.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: path })
  }, filePath)
}

/** Waits until no job works on a file any more; fails where the last one did not end well. */
export async function jobDone(app: RunningApp, path: string): Promise<void> {
  await expect
    .poll(async () => (await jobs(app)).find((job) => job.path === path)?.status, {
      timeout: 120_000,
    })
    .toBe('done')
}

/** All jobs that the application knows, the newest first. */
export async function jobs(app: RunningApp): Promise<Bootstrap['jobs']> {
  const reply: Reply<Bootstrap> = await app.window.evaluate(() =>
    window.addCow.invoke('app.bootstrap', undefined),
  )
  if (!reply.ok) throw new Error(reply.error.message)
  return [...reply.value.jobs].sort((a, b) => b.createdAt - a.createdAt)
}
