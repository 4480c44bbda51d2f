import { randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobSnapshot } from '../../electron/contract/jobs'
import { inspectImage, nodeHost, openDisk } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { sha256 } from './support/ext4-disk'
import { makeOverlay } from './support/overlay'
import {
  addFiles,
  answerOpenDialog,
  choose,
  details,
  dialog,
  goTo,
  jobDone,
  jobs,
  row,
} from './support/window'

const MIB = 1024 * 1024

async function makeBase(path: string, mebibytes: number): Promise<void> {
  const file = await open(path, 'wx')
  const block = randomFillSync(Buffer.alloc(MIB))
  for (let at = 0; at < mebibytes; at += 1) await file.write(block, 0, MIB, at * MIB)
  await file.close()
}

/** Writes a sector of a letter, as a guest would. */
async function write(path: string, letter: string, offset: number): Promise<void> {
  const disk = await openDisk(nodeHost, path, { writable: true })
  await disk.write(Buffer.alloc(512, letter), offset)
  await disk.flush()
  await disk.close()
}

/** The letters that a disk has at the start of some sectors. */
async function letters(path: string, ...offsets: readonly number[]): Promise<string> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  const found = Buffer.alloc(offsets.length)
  for (const [index, offset] of offsets.entries())
    await disk.read(found.subarray(index, index + 1), offset)
  await disk.close()
  return found.toString('latin1')
}

describeNeeding(electron, 'layers brought together, and put elsewhere', () => {
  let directory: string
  let app: RunningApp
  const path = (name: string): string => join(directory, name)

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-layers-'))
    await makeBase(path('base.img'), 64)
    for (const name of ['work', 'sibling', 'alone']) {
      await makeOverlay(path(`${name}.add-cow`), 'base.img')
      await write(path(`${name}.add-cow`), name.charAt(0), MIB)
    }
    app = await launchApp()
    await addFiles(app, ['base.img', 'work.add-cow', 'sibling.add-cow', 'alone.add-cow'].map(path))
    await row(app, 'work.add-cow').waitFor()
  }, 120_000)

  afterAll(async () => {
    expect(app.problems).toEqual([])
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('an overlay becomes the base of a new one in one step', async () => {
    await row(app, 'work.add-cow').click()
    await app.window.getByRole('button', { name: 'New overlay' }).first().click()
    const form = dialog(app, 'New overlay')
    await form.getByText('work.add-cow becomes a base').waitFor()
    await form.getByText('backing_file=work.add-cow').waitFor()
    await app.screenshot('layers-snapshot')
    await form.getByRole('button', { name: 'Create overlay' }).click()
    await row(app, 'work-overlay.add-cow').waitFor()
    expect(await row(app, 'work-overlay.add-cow').getAttribute('aria-level')).toBe('3')
    await write(path('work-overlay.add-cow'), 'o', 2 * MIB)
    expect(await letters(path('work-overlay.add-cow'), MIB, 2 * MIB)).toBe('wo')
  })

  test('a commit names whom it would break, and does it after a yes', async () => {
    const [before] = await letters(path('base.img'), MIB)
    expect(before).not.toBe('w')
    await row(app, 'work.add-cow').first().click()
    await choose(app, 'Flatten', /^Commit into the base/)
    const form = app.window.getByRole('alertdialog', { name: /^Commit work.add-cow/ })
    await form.getByText('2 other images would be broken').waitFor()
    await form.getByText(path('sibling.add-cow')).first().waitFor()
    expect(await form.getByText(path('work-overlay.add-cow')).count()).toBe(0)
    const commit = form.getByRole('button', { name: /^Commit and break/ })
    expect(await commit.getAttribute('aria-disabled')).toBe('true')
    await app.screenshot('layers-commit')
    await form.getByRole('checkbox', { name: /^Break these/ }).click()
    await commit.click()
    await jobDone(app, path('work.add-cow'))
    expect(await letters(path('base.img'), MIB)).toBe('w')
    expect(await letters(path('work-overlay.add-cow'), MIB, 2 * MIB)).toBe('wo')
    expect((await inspectImage(nodeHost, path('work.add-cow'))).allocatedBytes).toBe(0)
    await row(app, 'sibling.add-cow').getByText('Base changed').waitFor()
    await row(app, 'work.add-cow').first().getByText('OK').waitFor()
  })

  test('the main process refuses a commit that nobody said yes to', async () => {
    const reply = await app.window.evaluate(async () => {
      const all = await window.addCow.invoke('app.bootstrap', undefined)
      if (!all.ok) throw new Error(all.error.message)
      const image = all.value.images.find(({ name }) => name === 'alone.add-cow')
      const request = { kind: 'commit', verify: false, accepted: [] } as const
      return await window.addCow.invoke('job.start', { ...request, imageId: image?.id ?? '' })
    })
    expect(reply).toMatchObject({ ok: false, error: { code: 'chain/breaks-others' } })
  })

  test('an overlay is measured, and taken off its base', async () => {
    await row(app, 'alone.add-cow').click()
    await details(app).getByRole('button', { name: 'Measure' }).click()
    await details(app).getByRole('rowheader', { name: 'Flatten' }).waitFor()
    await app.screenshot('layers-measured')
    await choose(app, 'Flatten', /^Put on another base/)
    const form = dialog(app, /^Put alone.add-cow/)
    await form.getByRole('radio', { name: 'No base any more' }).click()
    await form.getByText('add-cow-img rebase').waitFor()
    await app.screenshot('layers-rebase')
    const below = await letters(path('alone.add-cow'), 5 * MIB)
    await form.getByRole('button', { name: 'Take the base away' }).click()
    await jobDone(app, path('alone.add-cow'))
    expect((await inspectImage(nodeHost, path('alone.add-cow'))).backing).toBeUndefined()
    expect(await letters(path('alone.add-cow'), MIB, 5 * MIB)).toBe(`a${below}`)
  })

  test('a base that was moved is found again, and another one is not taken for it', async () => {
    await mkdir(path('archive'))
    await rename(path('base.img'), path('archive/base.img'))
    await row(app, 'work.add-cow').first().getByText('Base missing').waitFor()
    await row(app, 'work.add-cow').first().click({ button: 'right' })
    await app.window.getByRole('menuitem', { name: /^Locate the base/ }).click()
    const form = dialog(app, 'Locate the base of work.add-cow')
    await makeBase(path('other.img'), 64)
    await answerOpenDialog(app, [path('other.img')])
    await form.getByRole('button', { name: 'Choose…' }).click()
    await form.getByText('This is not the base').waitFor()
    await app.screenshot('layers-locate-differs')
    await answerOpenDialog(app, [path('archive/base.img')])
    await form.getByRole('button', { name: 'Change…' }).click()
    await form.getByText('This is the base').waitFor()
    await app.screenshot('layers-locate-same')
    await form.getByRole('button', { name: 'Use this base' }).click()
    await form.waitFor({ state: 'detached' })
    await row(app, 'work.add-cow').first().getByText('OK').waitFor()
    const { backing } = await inspectImage(nodeHost, path('work.add-cow'))
    expect(backing?.name).toBe('archive/base.img')
    expect(await letters(path('work-overlay.add-cow'), MIB, 2 * MIB)).toBe('wo')
  })

  test('after a flatten the overlay file goes to the trash, if ticked', async () => {
    const trash = path('trash')
    await mkdir(trash)
    await app.electron.evaluate(({ shell }, folder) => {
      const { promises } = process.getBuiltinModule('node:fs')
      const names = process.getBuiltinModule('node:path')
      shell.trashItem = (file) => promises.rename(file, names.join(folder, names.basename(file)))
    }, trash)
    await row(app, 'work-overlay.add-cow').click()
    await choose(app, 'Flatten', /^In place/)
    const form = dialog(app, /^Flatten work-overlay/)
    await form.getByRole('checkbox', { name: /^Then move/ }).click()
    await app.screenshot('layers-flatten-trash')
    await form.getByRole('button', { name: 'Flatten', exact: true }).click()
    await jobDone(app, path('work-overlay.add-cow'))
    await row(app, 'work-overlay.raw').waitFor()
    expect(await readdir(trash)).toEqual(['work-overlay.add-cow'])
    expect(await letters(path('work-overlay.raw'), MIB, 2 * MIB)).toBe('wo')
    await row(app, 'work-overlay.raw').click()
    await details(app).getByRole('tab', { name: 'History' }).click()
    await details(app).getByText('work-overlay.add-cow is in the trash.').waitFor()
    await app.screenshot('layers-history')
  })
})

describeNeeding(electron, 'a flatten that is paused, killed, and goes on', () => {
  let directory: string
  let profile: string
  let app: RunningApp
  const SIZE_MIB = 512

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-kill-'))
    profile = await mkdtemp(join(tmpdir(), 'add-cow-kill-profile-'))
    await makeBase(join(directory, 'base.img'), SIZE_MIB)
    await makeOverlay(join(directory, 'work.add-cow'), 'base.img')
    app = await launchApp({ profile })
    await addFiles(app, [join(directory, 'base.img'), join(directory, 'work.add-cow')])
    await row(app, 'work.add-cow').click()
  }, 120_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
    await rm(profile, { recursive: true, force: true })
  })

  async function job(): Promise<JobSnapshot> {
    const [latest] = await jobs(app)
    if (latest === undefined) throw new Error('there is no job')
    return latest
  }

  /** Starts the flatten and pauses it in the same breath: nobody can be too late. */
  async function startPaused(): Promise<void> {
    await app.window.evaluate(async () => {
      const all = await window.addCow.invoke('app.bootstrap', undefined)
      if (!all.ok) throw new Error(all.error.message)
      const image = all.value.images.find(({ name }) => name === 'work.add-cow')
      const request = { kind: 'flatten', imageId: image?.id ?? '', verify: true } as const
      const started = await window.addCow.invoke('job.start', request)
      if (!started.ok) throw new Error(started.error.message)
      await window.addCow.invoke('job.pause', { id: started.value.id })
    })
  }

  test('rests in the jobs page, and goes on from there by its buttons', async () => {
    await startPaused()
    await goTo(app, 'Jobs')
    const main = app.window.getByRole('main')
    // resumed for moments, until it has done a part
    for (let part = 0; part === 0;) {
      await main.getByRole('button', { name: 'Resume: Flatten work.add-cow' }).click()
      await main.getByRole('button', { name: 'Pause: Flatten work.add-cow' }).click()
      await expect.poll(async () => (await job()).status).toBe('paused')
      part = (await job()).progress?.current ?? 0
    }
    await main
      .getByText(/^Paused \d/)
      .first()
      .waitFor()
    await app.screenshot('layers-paused')
    const title = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.getTitle(),
    )
    expect(title).toBe('Paused · add-cow Manager')
    const { current = 0 } = (await job()).progress ?? {}
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await job()).progress?.current).toBe(current)
    expect(current).toBeLessThan(SIZE_MIB * MIB)
  })

  test('is interrupted by a kill, and goes on after the next start', async () => {
    await expect
      .poll(async () => await readFile(join(profile, 'jobs.json'), 'utf8').catch(() => ''))
      .toContain('"status": "paused"')
    const { id } = await job()
    await app.window.evaluate(
      async (jobId) => await window.addCow.invoke('job.resume', { id: jobId }),
      id,
    )
    const ended = app.electron.waitForEvent('close')
    app.electron.process().kill('SIGKILL')
    await ended
    const done = (await inspectImage(nodeHost, join(directory, 'work.add-cow'))).allocatedBytes
    expect(done).toBeLessThan(SIZE_MIB * MIB)

    app = await launchApp({ profile })
    await row(app, 'work.add-cow').waitFor()
    expect(await job()).toMatchObject({ id, status: 'interrupted', canGoOn: true })
    await goTo(app, 'Jobs')
    const main = app.window.getByRole('main')
    await main.getByText('The overlay is whole and usable.').first().waitFor()
    await app.screenshot('layers-interrupted')
    await main.getByRole('button', { name: 'Go on: Flatten work.add-cow' }).click()
    await jobDone(app, join(directory, 'work.add-cow'))
    expect((await job()).id).toBe(id)
    const raw = join(directory, 'work.raw')
    expect((await stat(raw)).size).toBe(SIZE_MIB * MIB)
    expect(await sha256(raw)).toBe(await sha256(join(directory, 'base.img')))
    expect(app.problems).toEqual([])
  })
})
