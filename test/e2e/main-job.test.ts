import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectImage, nodeHost } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron, program } from '../support/requires'
import {
  isSound,
  makeTwoVersions,
  playChanges,
  sha256,
  type TwoVersions,
} from './support/ext4-disk'
import { addFiles, choose, details, dialog, jobDone, row } from './support/window'

const MIB = 1024 * 1024
const SIZE = 320 * MIB
const GROWN = 400 * MIB
const SECTOR = 512

/**
 * What the application is for, from a base image to a plain raw disk, as a person does it in the
 * window.
 */
describeNeeding(
  [electron, program('mke2fs'), program('debugfs'), program('e2fsck')],
  'the main job, with a real file system',
  () => {
    let directory: string
    let versions: TwoVersions
    let baseBefore: string
    let app: RunningApp
    let overlay: string

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'add-cow-main-job-'))
      versions = await makeTwoVersions(directory, SIZE)
      baseBefore = await sha256(versions.before)
      overlay = join(directory, 'work.add-cow')
      app = await launchApp()
    }, 180_000)

    afterAll(async () => {
      await app.close()
      await rm(directory, { recursive: true, force: true })
    })

    /** Selects the overlay in the list; its row. */
    async function selectOverlay(): Promise<Locator> {
      const found = row(app, 'work.add-cow')
      await found.click()
      return found
    }

    /** The card that lights up when the middle of the chain's strip is pointed at. */
    async function servesTheMiddle(): Promise<string> {
      const strip = details(app).locator('.chain-strip canvas')
      await strip.hover()
      const cards = details(app).locator('.chain__card--served')
      const [lit = ''] = await cards.allTextContents()
      await details(app).getByRole('tab', { name: 'Chain' }).hover()
      return lit
    }

    test('adds the base and makes an overlay on it', async () => {
      await addFiles(app, [versions.before])
      await row(app, 'debian.img').click()
      await app.screenshot('main-1-base-added')

      await app.window
        .getByRole('button', { name: /^New overlay/ })
        .first()
        .click()
      const form = dialog(app, 'New overlay')
      await form.getByLabel('Name', { exact: true }).fill('work.add-cow')
      await form.getByText('backing_file=debian.img').waitFor()
      await form.getByText(/^add-cow-img create .*work\.add-cow$/).waitFor()
      await app.screenshot('main-2-new-overlay')
      await form.getByRole('button', { name: 'Create overlay' }).click()
      await form.waitFor({ state: 'detached' })
      await row(app, 'work.add-cow').waitFor()
      expect(await row(app, 'work.add-cow').getAttribute('aria-level')).toBe('2')
    })

    test('shows in the list how many sectors were written', async () => {
      const sectors = await playChanges(versions, overlay)
      const { allocatedBytes, virtualSize } = await inspectImage(nodeHost, overlay)
      expect(allocatedBytes).toBe(sectors * SECTOR)
      const percent = (100 * sectors * SECTOR) / virtualSize
      await expect
        .poll(async () => shownPercent(await row(app, 'work.add-cow').textContent()), {
          timeout: 30_000,
        })
        .toBeCloseTo(percent, 1)
      await selectOverlay()
      await details(app).getByRole('tab', { name: 'Chain' }).click()
      await app.screenshot('main-3-chain')
      await details(app).getByRole('tab', { name: 'Map' }).click()
      await details(app).getByRole('application').waitFor()
      await app.screenshot('main-4-map')
      await details(app).getByRole('tab', { name: 'Chain' }).click()
    })

    test('checks it', async () => {
      await selectOverlay()
      await app.window
        .getByRole('button', { name: /^Check/ })
        .first()
        .click()
      const form = dialog(app, /^Check/)
      await form.getByRole('button', { name: 'Check', exact: true }).click()
      await form.getByText('No problems').waitFor()
      await app.screenshot('main-5-check')
      await form.getByRole('button', { name: 'Close' }).last().click()
    })

    test('makes it larger', async () => {
      await selectOverlay()
      await app.window
        .getByRole('button', { name: /^Resize/ })
        .first()
        .click()
      const form = dialog(app, /^Resize/)
      await form.getByLabel('New virtual size').fill('+80M')
      await form.getByText(/^add-cow-img resize .*/).waitFor()
      await app.screenshot('main-6-resize')
      await form.getByRole('button', { name: /^Grow to/ }).click()
      await form.waitFor({ state: 'detached' })
      expect((await inspectImage(nodeHost, overlay)).virtualSize).toBe(GROWN)
    })

    test('flattens it to the raw disk that was to come out', async () => {
      await selectOverlay()
      expect(await servesTheMiddle()).toContain('debian.img')
      await choose(app, 'Flatten', /^In place/)
      const form = dialog(app, /^Flatten/)
      await form.getByText('add-cow-img flatten').waitFor()
      await app.screenshot('main-7-flatten')
      await form.getByRole('button', { name: 'Flatten', exact: true }).click()
      await jobDone(app, overlay)
      await details(app).getByText('Serves 100% of the disk').waitFor()
      // the strip follows a moment later
      await expect.poll(servesTheMiddle, { timeout: 30_000 }).toContain('work.add-cow')
      await app.screenshot('main-8-flattened')

      const raw = join(directory, 'work.raw')
      await isSound(raw)
      expect(await sha256(raw)).toBe(await sha256(versions.after, GROWN))
      expect(await sha256(versions.before)).toBe(baseBefore)
      expect((await inspectImage(nodeHost, overlay)).allocatedBytes).toBe(GROWN)
      expect(app.problems).toEqual([])
    })
  },
)

/** The percent that a row shows; NaN where it shows none. */
function shownPercent(text: string | null): number {
  return Number(/([\d.]+)\s*%/.exec(text ?? '')?.[1])
}
