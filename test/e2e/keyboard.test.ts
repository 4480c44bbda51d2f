/*
 * The main job without a pointer: from a base image to a plain raw disk by keys alone. At each step
 * the focus is somewhere, and can be seen there; what a screen reader is told is looked at beside
 * it.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { inspectImage, nodeHost } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { type AccessibleNode, accessibilityTree } from './support/accessibility-tree'
import { sha256 } from './support/ext4-disk'
import { makeOverlay } from './support/overlay'
import { answerOpenDialog, dialog, jobDone, jobs, row } from './support/window'

const MIB = 1024 * 1024
const SIZE = 16 * MIB
/** No way by Tab is longer. */
const FAR = 60

/** Where the keyboard is. */
interface Focus {
  readonly role: string
  readonly name: string
  readonly visible: boolean
}

describeNeeding(electron, 'the main job by keyboard', () => {
  let directory: string
  let overlay: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-keyboard-'))
    overlay = join(directory, 'keys.add-cow')
    await writeFile(join(directory, 'base.img'), randomFillSync(Buffer.alloc(SIZE)))
    app = await launchApp()
    await app.window.evaluate(() => {
      for (const kind of ['pointerdown', 'mousedown', 'wheel'])
        window.addEventListener(kind, () => Reflect.set(globalThis, 'pointerUsed', true), true)
    })
  })

  afterEach(async () => {
    expect(await focus()).toMatchObject({ visible: true })
  })

  afterAll(async () => {
    expect(await app.window.evaluate(() => 'pointerUsed' in globalThis)).toBe(false)
    expect(app.problems).toEqual([])
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  async function keys(...names: readonly string[]): Promise<void> {
    for (const name of names) await app.window.keyboard.press(name)
  }

  async function focus(): Promise<Focus> {
    return await app.window.evaluate(() => {
      const at = document.activeElement
      if (!(at instanceof HTMLElement) || at === document.body)
        return { role: '', name: '', visible: false }
      const current = document.getElementById(at.getAttribute('aria-activedescendant') ?? '')
      const isRinged = (element: Element): boolean => {
        const { outlineStyle, boxShadow, borderColor } = getComputedStyle(element)
        return outlineStyle !== 'none' || boxShadow !== 'none' || borderColor === 'Highlight'
      }
      // a field shows its focus on the frame around it
      const marked = [at, current, at.parentElement].filter((element) => element !== null)
      const { width, height } = at.getBoundingClientRect()
      const label = at.getAttribute('aria-label') ?? at.textContent
      return {
        role: at.getAttribute('role') ?? at.localName,
        name: label.trim(),
        visible: at.matches(':focus-visible') && marked.some(isRinged) && width * height > 0,
      }
    })
  }

  /** Goes on by Tab to what has this role and name. The focus can be seen all the way. */
  async function tabTo(role: string, name: RegExp | string): Promise<void> {
    for (let step = 0; step < FAR; step += 1) {
      const here = await focus()
      const fits = typeof name === 'string' ? here.name === name : name.test(here.name)
      if (here.role === role && fits) return
      await keys('Tab')
      expect(await focus(), `after ${here.role} ${here.name}`).toMatchObject({ visible: true })
    }
    throw new Error(`Tab never comes to ${role} ${String(name)}`)
  }

  /** Presses what has the focus, as soon as it can be pressed. */
  async function press(): Promise<void> {
    await app.window.waitForFunction(
      () => document.activeElement?.getAttribute('aria-disabled') !== 'true',
    )
    await keys('Enter')
  }

  async function inDialog(): Promise<boolean> {
    return await app.window.evaluate(
      () => document.activeElement?.closest('[role=dialog], [role=alertdialog]') !== null,
    )
  }

  async function backInList(): Promise<void> {
    await expect.poll(focus).toMatchObject({ role: 'treegrid', visible: true })
  }

  async function tree(): Promise<readonly AccessibleNode[]> {
    return await accessibilityTree(app.window)
  }

  test('adds the base, and finds it in the list', async () => {
    await app.window.getByRole('button', { name: 'Try it with a sample disk' }).waitFor()
    await answerOpenDialog(app, [join(directory, 'base.img')])
    await keys('Control+o')
    await row(app, 'base.img').waitFor()
    await tabTo('treegrid', 'Images')
    await keys('Home')
    expect(await row(app, 'base.img').getAttribute('aria-selected')).toBe('true')
  })

  test('makes an overlay on it', async () => {
    await keys('Control+n')
    const form = dialog(app, 'New overlay')
    await form.waitFor()
    expect(await inDialog()).toBe(true)
    expect(await focus()).toMatchObject({ visible: true })
    await keys('Control+a')
    await app.window.keyboard.type('keys.add-cow')
    await form.getByText('backing_file=base.img').waitFor()
    await tabTo('button', 'Create overlay')
    expect(await inDialog()).toBe(true)
    await press()
    await form.waitFor({ state: 'detached' })
    await row(app, 'keys.add-cow').getByText('OK').waitFor()
    await backInList()
    await expect.poll(() => row(app, 'keys.add-cow').getAttribute('aria-selected')).toBe('true')
  })

  test('hears of rows and their cells what can be seen of them', async () => {
    const nodes = await tree()
    const grid = nodes.find(({ role }) => role === 'treegrid')
    expect(grid).toMatchObject({ name: 'Images' })
    const rows = nodes.filter(({ role, name }) => role === 'row' && name.includes('.'))
    const overlayRow = rows.find(({ name }) => name.includes('keys.add-cow'))
    expect(overlayRow?.name).toContain('OK')
    expect(overlayRow?.name).toContain('16 MiB')
    expect(overlayRow?.name).toContain('base.img')
    expect(overlayRow?.level).toBe(2)
    expect(rows.map(({ level }) => level)).toEqual([1, 2])
    const cells = nodes.filter(({ role }) => role === 'gridcell' || role === 'cell')
    expect(cells.map(({ name }) => name)).toContain('keys.add-cow')
    const heads = nodes.filter(({ role }) => role === 'columnheader').map(({ name }) => name)
    expect(heads.slice(0, 3).map((name) => name.split(/[,\n]/)[0])).toEqual([
      expect.stringContaining('Name'),
      expect.stringContaining('State'),
      expect.stringContaining('Virtual size'),
    ])
  })

  test('looks at it: its map, down to the bytes of a sector', async () => {
    await keys('Enter')
    await tabTo('tab', 'Overview')
    await keys('ArrowRight', 'ArrowRight')
    expect(await focus()).toMatchObject({ role: 'tab', name: 'Map' })
    await tabTo('application', /^Map of keys\.add-cow/)
    await keys('Home', 'ArrowRight')
    const map = (await tree()).find(({ role, name }) => role === 'application' || name === 'Map of')
    expect(map?.name).toBe('Map of keys.add-cow')
    await expect
      .poll(async () => (await tree()).find(({ role }) => role === 'application')?.description)
      .toMatch(/sector [\d,]+.*base\.img/)
    for (let step = 0; step < 16; step += 1) await keys('+')
    await keys('Enter')
    await app.window.getByRole('textbox', { name: /^Bytes of sector/ }).waitFor()
    await keys('Control+1')
    await tabTo('treegrid', 'Images')
  })

  test('checks it', async () => {
    await keys('Control+k')
    const form = dialog(app, /^Check/)
    await form.waitFor()
    expect(await inDialog()).toBe(true)
    await tabTo('button', 'Check')
    await press()
    await form.getByText('No problems').waitFor()
    expect(await inDialog()).toBe(true)
    await keys('Escape')
    await form.waitFor({ state: 'detached' })
    await backInList()
  })

  test('makes it larger', async () => {
    await keys('Control+r')
    const form = dialog(app, /^Resize/)
    await form.waitFor()
    expect(await focus()).toMatchObject({ role: 'input', visible: true })
    await keys('Control+a')
    await app.window.keyboard.type('+16M')
    await form.getByText('add-cow-img resize').waitFor()
    await keys('Enter')
    await form.waitFor({ state: 'detached' })
    await backInList()
    expect((await inspectImage(nodeHost, overlay)).virtualSize).toBe(2 * SIZE)
  })

  test('closes a menu and a dialog with Escape, and is where it was', async () => {
    await keys('Shift+F10')
    await app.window.getByRole('menu').waitFor()
    await keys('ArrowDown')
    expect((await focus()).role).toBe('menuitem')
    await keys('Escape')
    await backInList()
    await keys('Control+l')
    await dialog(app, /^Flatten/).waitFor()
    // Tab goes round in it, and never out
    for (let step = 0; step < 12; step += 1) {
      expect(await inDialog()).toBe(true)
      await keys('Tab')
    }
    // where a button shows a tip, Escape takes that away first
    await expect
      .poll(async () => {
        if (await inDialog()) await keys('Escape')
        return await inDialog()
      })
      .toBe(false)
    await backInList()
  })

  test('flattens it to the raw disk', async () => {
    await keys('Control+l')
    const form = dialog(app, /^Flatten/)
    await form.getByText('add-cow-img flatten').waitFor()
    await tabTo('button', 'Flatten')
    await press()
    await jobDone(app, overlay)
    expect(await sha256(join(directory, 'keys.raw'))).toBe(
      await sha256(join(directory, 'base.img'), 2 * SIZE),
    )
  })

  test('hears how far a job is, and cancels it', async () => {
    // next to nothing to copy, but so much to verify that nobody can be too late
    const base = join(directory, 'long.img')
    await writeFile(base, randomFillSync(Buffer.alloc(MIB)))
    await truncate(base, 256 * 1024 * MIB)
    await makeOverlay(join(directory, 'long.add-cow'), 'long.img')
    await answerOpenDialog(app, [join(directory, 'long.add-cow')])
    await keys('Control+o')
    await row(app, 'long.add-cow').getByText('OK').waitFor()
    await tabTo('treegrid', 'Images')
    await app.window.keyboard.type('long')
    await keys('Control+l')
    const form = dialog(app, /^Flatten/)
    await form.getByText('add-cow-img flatten').waitFor()
    await tabTo('button', 'Flatten')
    await press()
    await form.waitFor({ state: 'detached' })
    const progress = async (): Promise<AccessibleNode | undefined> =>
      (await tree()).find(({ role }) => role === 'progressbar' || role === 'ProgressIndicator')
    await expect.poll(async () => (await progress())?.name).toContain('long.add-cow')
    await expect.poll(async () => (await progress())?.value).not.toBe('')
    await keys('Control+2')
    await tabTo('button', /^Cancel/)
    await press()
    await expect.poll(async () => (await jobs(app))[0]?.status).toBe('cancelled')
    await tabTo('button', /^Jobs/)
  })
})
