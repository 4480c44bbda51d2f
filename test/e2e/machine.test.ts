/* A real machine, started from the window on a disk that the window serves. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeHost } from '../../engine/index'
import { bootDisk, wasBooted, windowlessQemu } from '../support/boot-disk'
import { diskContent } from '../support/disks'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron, linux, program } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { addFiles, dialog, row } from './support/window'

/** A machine that is emulated takes its time. */
const BOOT = { timeout: 60_000 }

const needed = [linux, electron, program('qemu-system-x86_64')]

describeNeeding(needed, 'a machine from the window', () => {
  let directory: string
  let app: RunningApp

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-machine-'))
    await writeFile(join(directory, 'base.raw'), bootDisk())
    const programs = windowlessQemu(join(directory, 'bin'))
    app = await launchApp({ env: { PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` } })
  })

  afterEach(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test.each([
    ['once.add-cow', /forget what it writes/, false],
    ['kept.add-cow', /^Keep what it writes/, true],
  ])('boots from %s, runs to its end, and leaves what it should', async (name, way, keeps) => {
    const overlay = join(directory, name)
    await makeOverlay(overlay, 'base.raw')
    await addFiles(app, [overlay])
    await row(app, name).click({ button: 'right' })
    await app.window.getByRole('menuitem', { name: /^Export over NBD/ }).click()
    const form = dialog(app, 'Export a disk over NBD')
    await form.getByRole('button', { name: 'Start the export' }).click()

    const card = app.window.getByRole('article', { name })
    await card.getByRole('button', { name: 'Start in QEMU' }).click()
    await app.window.getByRole('menuitem', { name: way }).click()
    const running = card.getByText('One machine runs')
    await running.waitFor(BOOT)
    await app.screenshot(`machine-${name}`)
    // it turns itself off as soon as it has written
    await running.waitFor({ state: 'hidden', ...BOOT })
    expect(await card.getByText('QEMU ended with an error').count()).toBe(0)

    // one that is still connected would be asked about
    await card.getByText('none connected').waitFor(BOOT)
    await app.window.getByRole('button', { name: `Stop the export of ${name}` }).click()
    await app.window.getByText('Nothing is exported').waitFor(BOOT)
    expect(wasBooted(await diskContent(nodeHost, overlay))).toBe(keeps)
    expect((await readFile(join(directory, 'base.raw'))).equals(bootDisk())).toBe(true)
    expect(app.problems).toEqual([])
  })
})
