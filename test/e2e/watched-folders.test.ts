/*
 * A folder is watched: its images come to the list by themselves, and what is taken out stays out.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { answerOpenDialog, goTo, row } from './support/window'

describeNeeding(electron, 'a watched folder', () => {
  let directory: string
  let folder: string
  let profile: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-watched-'))
    folder = join(directory, 'disks')
    profile = join(directory, 'profile')
    await mkdir(folder)
    await writeFile(join(folder, 'first.img'), Buffer.alloc(4096, 1))
    app = await launchApp({ profile })
  }, 120_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('is chosen in the settings, and brings what is in it', async () => {
    await goTo(app, 'Settings')
    await app.window.getByText('No folder is watched.').waitFor()
    await answerOpenDialog(app, [folder])
    await app.window.getByRole('button', { name: 'Add folder…' }).click()
    const folders = app.window.getByRole('list', { name: 'Watched folders' })
    await folders.getByText(folder).first().waitFor()
    await app.screenshot('watched-folders')
    await goTo(app, 'Images')
    await row(app, 'first.img').waitFor()
  })

  test('brings what is made, and what is moved there, and no data files of overlays', async () => {
    await writeFile(join(folder, 'second.img'), Buffer.alloc(4096, 2))
    await row(app, 'second.img').waitFor()
    await makeOverlay(join(directory, 'over.add-cow'), 'disks/first.img')
    await makeOverlay(join(folder, 'over.add-cow'), 'first.img')
    await row(app, 'over.add-cow').waitFor()
    await writeFile(join(directory, 'third.img'), Buffer.alloc(4096, 3))
    await rename(join(directory, 'third.img'), join(folder, 'third.img'))
    await row(app, 'third.img').waitFor()
    expect(await row(app, 'over.raw').count()).toBe(0)
    await app.screenshot('watched-folders-list')
  })

  test('does not bring back what was taken out of the list, after a restart either', async () => {
    await row(app, 'second.img').click({ button: 'right' })
    await app.window.getByRole('menuitem', { name: /^Remove from the list/ }).click()
    await row(app, 'second.img').waitFor({ state: 'detached' })
    await app.close()
    await writeFile(join(folder, 'meanwhile.img'), Buffer.alloc(4096, 4))
    app = await launchApp({ profile })
    await row(app, 'meanwhile.img').waitFor()
    expect(await row(app, 'second.img').count()).toBe(0)
    expect(app.problems).toEqual([])
  })

  test('is watched no longer, and its images stay', async () => {
    await goTo(app, 'Settings')
    await app.window.getByRole('button', { name: `No longer watch ${folder}` }).click()
    await app.window.getByText('No folder is watched.').waitFor()
    await goTo(app, 'Images')
    await row(app, 'first.img').waitFor()
  })
})
