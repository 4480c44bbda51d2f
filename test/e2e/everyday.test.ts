import { mkdtemp, open, readdir, rename, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectImage, nodeHost } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { sha256 } from './support/ext4-disk'
import { makeOverlay } from './support/overlay'
import {
  addFiles,
  answerSaveDialog,
  choose,
  details,
  dialog,
  goTo,
  jobDone,
  jobs,
  list,
  row,
} from './support/window'

const MIB = 1024 * 1024

async function makeBase(path: string, mebibytes: number): Promise<void> {
  const file = await open(path, 'wx')
  const block = randomFillSync(Buffer.alloc(MIB))
  for (let at = 0; at < mebibytes; at += 1) await file.write(block, 0, MIB, at * MIB)
  await file.close()
}

describeNeeding(electron, 'an empty library', () => {
  let app: RunningApp

  beforeAll(async () => {
    app = await launchApp()
  })

  afterAll(async () => {
    await app.close()
  })

  test('says what an overlay is, and makes a sample disk on the spot', async () => {
    const sample = app.window.getByRole('button', { name: 'Try it with a sample disk' })
    await sample.waitFor()
    await app.screenshot('everyday-empty')
    await sample.click()
    await list(app).getByRole('row').nth(2).waitFor()
    await details(app).getByRole('tab', { name: 'Chain' }).click()
    await details(app)
      .getByText(/serves/i)
      .first()
      .waitFor()
    await app.screenshot('everyday-sample')
    expect(app.problems).toEqual([])
  })

  test('shows the same in the dark', async () => {
    await goTo(app, 'Settings')
    await app.window.getByRole('radio', { name: 'Dark' }).click()
    await app.screenshot('everyday-settings-dark')
    await goTo(app, 'Images')
    await list(app).waitFor()
    await app.screenshot('everyday-sample-dark')
  })
})

describeNeeding(electron, 'jobs and the library', () => {
  let directory: string
  let profile: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-everyday-'))
    profile = join(directory, 'profile')
    await makeBase(join(directory, 'base.img'), 64)
    await makeOverlay(join(directory, 'work.add-cow'), 'base.img')
    // next to nothing to store, but so much to verify that nobody can be too late to cancel
    await makeBase(join(directory, 'long.img'), 1)
    await truncate(join(directory, 'long.img'), 256 * 1024 * MIB)
    await makeOverlay(join(directory, 'long.add-cow'), 'long.img')
    app = await launchApp({ profile })
    const names = ['base.img', 'work.add-cow', 'long.add-cow']
    await addFiles(
      app,
      names.map((name) => join(directory, name)),
    )
    await row(app, 'work.add-cow').click()
  }, 120_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  async function startExport(name: string, target: string): Promise<void> {
    await answerSaveDialog(app, target)
    await row(app, name).click()
    await choose(app, 'Flatten', /^To a new raw file/)
    const form = dialog(app, /^Export/)
    await form.getByRole('button', { name: 'Choose…' }).click()
    await form.getByText('add-cow-img convert').waitFor()
    await app.screenshot('everyday-export')
    await form.getByRole('button', { name: 'Export', exact: true }).click()
  }

  test('a running job can be cancelled, and leaves nothing behind', async () => {
    const target = join(directory, 'cancelled.raw')
    await startExport('long.add-cow', target)
    await goTo(app, 'Jobs')
    const cancel = app.window
      .getByRole('main')
      .getByRole('button', { name: /^Cancel/ })
      .first()
    await cancel.waitFor()
    await app.screenshot('everyday-job-running')
    await cancel.click()
    await expect.poll(async () => (await jobs(app))[0]?.status).toBe('cancelled')
    await app.screenshot('everyday-job-cancelled')
    const left = await readdir(directory)
    expect(left.filter((name) => name.startsWith('cancelled'))).toEqual([])
    await goTo(app, 'Images')
  })

  test('an export is the disk, and leaves its sources as they were', async () => {
    const target = join(directory, 'whole.raw')
    await startExport('work.add-cow', target)
    await jobDone(app, join(directory, 'work.add-cow'))
    expect(await sha256(target)).toBe(await sha256(join(directory, 'base.img')))
  })

  test('an overlay can have the cluster bitmap of the other layout', async () => {
    await row(app, 'base.img').click()
    await app.window.getByRole('button', { name: 'New overlay' }).first().click()
    const form = dialog(app, 'New overlay')
    await form.getByLabel('Name', { exact: true }).fill('clusters.add-cow')
    await form.getByRole('radio', { name: 'add-cow v20 (cluster bitmap)' }).click()
    await form.getByText('create -f acow').waitFor()
    await app.screenshot('everyday-layouts')
    await form.getByRole('button', { name: 'Create overlay' }).click()
    await row(app, 'clusters.add-cow').waitFor()
    const { format, clusterSize } = await inspectImage(
      nodeHost,
      join(directory, 'clusters.add-cow'),
    )
    expect({ format, clusterSize }).toEqual({ format: 'acow', clusterSize: 65_536 })
  })

  test('a base that moves away shows it without a restart, and comes back', async () => {
    await rename(join(directory, 'base.img'), join(directory, 'elsewhere.img'))
    await row(app, 'work.add-cow').getByText('Base missing').waitFor()
    await rename(join(directory, 'elsewhere.img'), join(directory, 'base.img'))
    await row(app, 'work.add-cow').getByText('OK').waitFor()
  })

  test('the list and the jobs survive a restart', async () => {
    await app.close()
    app = await launchApp({ profile })
    await row(app, 'work.add-cow').waitFor()
    expect(await row(app, 'work.add-cow').getAttribute('aria-level')).toBe('2')
    expect((await jobs(app)).map(({ status }) => status)).toEqual(['done', 'done', 'cancelled'])
    expect(app.problems).toEqual([])
  })
})
