import { mkdtemp, open, rm } from 'node:fs/promises'
import { randomFillSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeHost, openDisk } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { addFiles, details, list, row } from './support/window'

const MIB = 1024 * 1024
const SIZE = 64 * MIB
/** A sector that the overlay alone has, and what stands in it. */
const MARKED = 41 * MIB + 512
const WORDS = 'written through the overlay'

describeNeeding(electron, 'the map of a disk', () => {
  let directory: string
  let overlay: string
  let app: RunningApp
  let extents: number

  /** A base whose first quarter holds data, and an overlay that holds a few runs all over. */
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-map-'))
    const base = await open(join(directory, 'base.img'), 'wx')
    await base.truncate(SIZE)
    const block = randomFillSync(Buffer.alloc(MIB))
    for (let at = 0; at < SIZE / 4; at += MIB) await base.write(block, 0, MIB, at)
    await base.close()
    overlay = join(directory, 'work.add-cow')
    await makeOverlay(overlay, 'base.img')
    const disk = await openDisk(nodeHost, overlay, { writable: true })
    for (let at = 0; at < 60; at += 2) await disk.write(block.subarray(0, 65_536), at * MIB)
    await disk.write(Buffer.alloc(512, WORDS), MARKED)
    await disk.flush()
    extents = 0
    for await (const extent of disk.extents()) extents += Math.sign(extent.length)
    await disk.close()
    app = await launchApp()
    await addFiles(app, [join(directory, 'base.img'), overlay])
    await row(app, 'work.add-cow').click()
    await details(app).getByRole('tab', { name: 'Map', exact: true }).click()
    await grid().waitFor()
  }, 180_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  function grid(): Locator {
    return app.window.getByRole('application', { name: 'Map of work.add-cow' })
  }

  async function way(name: string): Promise<void> {
    const ways = details(app).getByRole('tablist', { name: 'Ways to look at the disk' })
    await ways.getByRole('tab', { name }).click()
  }

  /** Colours that a canvas shows, each counted. */
  async function colours(): Promise<number> {
    return await grid().evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) return 0
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height)
      return new Set(new Uint32Array(pixels?.data.buffer ?? new ArrayBuffer(0))).size
    })
  }

  test('is drawn, with a layer to each colour', async () => {
    await expect.poll(colours).toBeGreaterThan(5)
    const legend = details(app).getByRole('list', { name: 'Layers on the map' })
    expect(await legend.getByRole('button').count()).toBe(2)
    await app.screenshot('map-whole')
    expect(app.problems).toEqual([])
  })

  test('says at the pointer who serves the place, and marks the layer', async () => {
    await grid().hover({ position: { x: 4, y: 4 } })
    await details(app).getByText('work.raw').first().waitFor()
    await app.screenshot('map-hover')
  })

  test('is walked and zoomed by keyboard, down to the bytes of a sector', async () => {
    await way('Extents')
    const table = details(app).getByRole('grid', { name: 'Extents' })
    expect(await table.getAttribute('aria-rowcount')).toBe(String(extents + 1))
    await table.focus()
    const marked = table.getByRole('row').filter({ hasText: '42,992,128' })
    for (let step = 0; step < extents && !(await marked.isVisible()); step += 1) {
      await app.window.keyboard.press('PageDown')
    }
    await marked.click()
    await app.screenshot('map-extents')
    await app.window.keyboard.press('Enter')
    await grid().waitFor()
    for (let step = 0; step < 12; step += 1) await app.window.keyboard.press('+')
    await app.screenshot('map-sectors')
    await app.window.keyboard.press('Enter')
    const bytes = details(app).getByRole('textbox', { name: /^Bytes of sector 83,969/ })
    await bytes.getByText('written ').first().waitFor()
    await app.screenshot('map-bytes')
  })

  test('is read out where the keyboard is', async () => {
    await way('Map')
    await grid().focus()
    await app.window.keyboard.press('ArrowLeft')
    const status = details(app).getByRole('status')
    await expect.poll(() => status.textContent()).toContain('sector 83,968')
  })

  test('follows the disk when that is written to', async () => {
    const disk = await openDisk(nodeHost, overlay, { writable: true })
    await disk.write(Buffer.alloc(512, 1), 62 * MIB)
    await disk.flush()
    await disk.close()
    await way('Extents')
    const table = details(app).getByRole('grid', { name: 'Extents' })
    await expect
      .poll(() => table.getAttribute('aria-rowcount'), { timeout: 20_000 })
      .toBe(String(extents + 3))
  })

  test('points out the layers in the chain', async () => {
    await details(app).getByRole('tab', { name: 'Chain', exact: true }).click()
    await details(app).getByRole('heading', { name: 'Where on the disk' }).waitFor()
    await details(app).getByRole('button', { name: 'Show base.img in the list' }).hover()
    await app.screenshot('map-in-chain')
    await list(app).focus()
    expect(app.problems).toEqual([])
  })
})
