/*
 * How smoothly the window moves: a map of a 1 TiB overlay with a million extents, and a list with
 * 10 000 images. Beside what reaches the display stands what the page itself costs, as on a virtual
 * display the processor draws, and on a busy machine others take their share.
 */
import { open } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { type CDPSession, type Page, _electron as playwright } from 'playwright-core'
import { projectRoot, say } from '../../build/lib/project'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { printTimings } from './harness'

const GIB = 1024 ** 3
const SIZE = 1024 * GIB
/** One extent of 4 KiB lies in each MiB, at a scattered place. */
const SLOT = 1024 ** 2
const EXTENT_BYTES = 4096
const SLOTS = SIZE / SLOT
/** A byte of the bitmap is one extent. */
const SLOT_BITMAP = SLOT / 512 / 8
/** Every so many slots the extent holds data in the image file; the others are holes: zeros. */
const DATA_STEP = 16
const FRAMES = 240
const OPENED = 7
const SCAN_MS = 20_000
const OPEN_GOAL = 0.5
const WORK_GOAL = 0.008

export interface Machine {
  readonly executable: string
  readonly switches: readonly string[]
  readonly env: Record<string, string>
}

/** What a page does in each frame while it is measured. */
type Motion = 'pan' | 'zoom' | 'walk' | 'scroll' | 'fill'

/** In seconds, but `processor`: of the page's thread, for one frame on average. */
interface Frames {
  readonly intervals: readonly number[]
  readonly work: readonly number[]
  readonly processor: number
}

/** Measures the map, in the folder and with a profile there that is new. */
export async function benchMap(machine: Machine, directory: string): Promise<void> {
  say('A map of 1 TiB with a million extents.')
  const overlay = await makeWide(directory)
  await inWindow(machine, join(directory, 'map-profile'), [overlay], async (page, session) => {
    const row = page.locator('[role=treegrid] [data-image-id]').filter({ hasText: 'wide.add-cow' })
    await row.click()
    const first = await openMap(page)
    const again: number[] = []
    for (let round = 0; round < OPENED; round += 1) {
      await page.getByRole('tab', { name: 'Overview', exact: true }).click()
      again.push(await openMap(page))
    }
    await printTimings(
      [
        { name: 'map, opened first', seconds: [first] },
        { name: 'map, opened again', goal: OPEN_GOAL, seconds: again },
      ],
      'map-opened',
    )
    await printFrames(page, session, ['fill', 'pan', 'zoom', 'walk'], 'map-frames')
  })
}

/** Measures the list of a profile. */
export async function benchList(machine: Machine, profile: string): Promise<void> {
  say('The list, scrolled from end to end.')
  await inWindow(machine, profile, [], async (page, session) => {
    await page.locator('[role=treegrid] [data-image-id]').first().click({ trial: true })
    // the scan of all images, which changes rows until it ends
    await page.waitForTimeout(SCAN_MS)
    await printFrames(page, session, ['fill', 'scroll'], 'list-frames')
  })
}

async function inWindow(
  machine: Machine,
  profile: string,
  files: readonly string[],
  work: (page: Page, session: CDPSession) => Promise<void>,
): Promise<void> {
  const application = await playwright.launch({
    executablePath: machine.executable,
    args: [...machine.switches, `--user-data-dir=${profile}`, projectRoot, ...files],
    env: machine.env,
  })
  try {
    const page = await application.firstWindow()
    const session = await page.context().newCDPSession(page)
    // what the loader adds to functions with a name, and the page does not have
    await page.evaluate('globalThis.__name = (named) => named')
    // time of the processor, not of the clock: what others take of the machine is not in it
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    await work(page, session)
  } finally {
    await application.close()
  }
}

/** Seconds from the press on the tab until the frame in which the map was drawn has ended. */
async function openMap(page: Page): Promise<number> {
  const drawn = page.evaluate(async () => {
    const pressed = await new Promise<number>((resolve) => {
      const options = { capture: true, once: true }
      document.addEventListener('pointerdown', () => resolve(performance.now()), options)
    })
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
    const grid = (): Element | null => document.querySelector('canvas[role=application]')
    while (grid() === null) await frame()
    // it is drawn in the next frame, which has ended when another begins
    await frame()
    await frame()
    return (performance.now() - pressed) / 1000
  })
  await page.getByRole('tab', { name: 'Map', exact: true }).click()
  return await drawn
}

async function printFrames(
  page: Page,
  session: CDPSession,
  motions: readonly Motion[],
  file: string,
): Promise<void> {
  const rows: Parameters<typeof printTimings>[0][number][] = []
  for (const motion of motions) {
    const { intervals, work, processor } = await measure(page, session, motion)
    const load = loadavg()[0] ?? 0
    const late = intervals.filter((seconds) => seconds > 1 / 59).length / intervals.length
    say(
      `${motion}: ${(100 * late).toFixed(0)} % of ${String(intervals.length)} frames late, ` +
        `processor ${(1000 * processor).toFixed(1)} ms a frame, load ${load.toFixed(1)}.`,
    )
    rows.push(
      { name: `${motion}, frame`, seconds: [share(intervals, 0.5)] },
      { name: `${motion}, frame p95`, seconds: [share(intervals, 0.95)] },
      { name: `${motion}, frame p99`, seconds: [share(intervals, 0.99)] },
      { name: `${motion}, work`, seconds: [share(work, 0.5)] },
      { name: `${motion}, work p95`, goal: WORK_GOAL, seconds: [share(work, 0.95)] },
      { name: `${motion}, processor`, goal: WORK_GOAL, seconds: [processor] },
    )
  }
  await printTimings(rows, file)
}

async function measure(page: Page, session: CDPSession, motion: Motion): Promise<Frames> {
  const before = await processorOf(session)
  const found = await page.evaluate(moveInPage, { motion, frames: FRAMES })
  const processor = ((await processorOf(session)) - before) / FRAMES
  return { ...found, processor }
}

/** Seconds that the page's thread has worked: script, style, layout and painting. */
async function processorOf(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  const task = metrics.find(({ name }) => name === 'TaskDuration')
  if (task === undefined) throw new Error('The page does not tell its work')
  return task.value
}

/**
 * In the page: does one step of a motion in each frame. The work of a frame is from its begin until
 * a message that was sent in it comes, which is after style, layout and painting. The motion `fill`
 * is the yardstick: nothing but a canvas over all of the window, filled in one call.
 */
async function moveInPage({
  motion,
  frames,
}: {
  readonly motion: Motion
  readonly frames: number
}): Promise<{ readonly intervals: number[]; readonly work: number[] }> {
  const grid = document.querySelector('canvas[role=application]')
  const list = document.querySelector('[role=treegrid]')
  const sheet = document.createElement('canvas')
  if (motion === 'fill') {
    sheet.width = window.innerWidth
    sheet.height = window.innerHeight
    sheet.style.cssText = 'position: fixed; inset: 0; z-index: 9999'
    document.body.append(sheet)
  }
  const brush = sheet.getContext('2d')

  function wheel(travel: number, sideways: boolean): void {
    const { width, height } = grid?.getBoundingClientRect() ?? { width: 0, height: 0 }
    const place = { clientX: width / 2, clientY: height / 2 }
    const options = { bubbles: true, cancelable: true, shiftKey: sideways, ...place }
    grid?.dispatchEvent(new WheelEvent('wheel', { deltaY: travel, ...options }))
  }
  function scroller(): Element | undefined {
    for (let at = list; at !== null; at = at.parentElement) {
      if (at.scrollHeight > at.clientHeight + 1) return at
    }
    return undefined
  }
  const scrolled = scroller()

  function step(number: number): void {
    const back = Math.floor(number / 60) % 2 === 1
    if (motion === 'fill' && brush !== null) {
      brush.fillStyle = `hsl(${String(number)} 50% 50%)`
      brush.fillRect(0, 0, sheet.width, sheet.height)
    }
    if (motion === 'pan') wheel(back ? -100 : 100, true)
    // as far as the pyramid goes in, and out again
    if (motion === 'zoom') wheel(Math.floor(number / 12) % 2 === 1 ? 100 : -100, false)
    if (motion === 'walk') {
      const key = back ? 'ArrowUp' : 'ArrowDown'
      grid?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    }
    if (motion === 'scroll' && scrolled !== undefined) scrolled.scrollTop += back ? -400 : 400
  }

  const intervals: number[] = []
  const work: number[] = []
  const { port1, port2 } = new MessageChannel()
  let last: number | undefined
  for (let number = 0; number < frames; number += 1) {
    await new Promise<void>((resolve) => {
      requestAnimationFrame((time) => {
        const begun = performance.now()
        if (last !== undefined) intervals.push((time - last) / 1000)
        last = time
        step(number)
        port2.onmessage = () => {
          work.push((performance.now() - begun) / 1000)
          resolve()
        }
        port1.postMessage(undefined)
      })
    })
  }
  port1.close()
  sheet.remove()
  return { intervals, work }
}

function share(seconds: readonly number[], part: number): number {
  const sorted = seconds.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN
}

/** An overlay of 1 TiB with a million extents, on a base with data here and there. */
async function makeWide(directory: string): Promise<string> {
  const block = Buffer.alloc(EXTENT_BYTES, 0x5a)
  const base = await open(join(directory, 'wide-base.raw'), 'wx')
  await base.truncate(SIZE)
  for (let at = 0; at < SIZE; at += GIB) await base.write(block, 0, block.length, at)
  await base.close()
  const bitmap = Buffer.alloc(SLOTS * SLOT_BITMAP)
  const image = await open(join(directory, 'wide.raw'), 'wx')
  await image.truncate(SIZE)
  let state = 42
  for (let slot = 0; slot < SLOTS; slot += 1) {
    state = (state * 1103515245 + 12345) % 2 ** 31
    // never at the end of a slot, so that no two extents meet
    const place = Math.floor((state / 2 ** 31) * (SLOT_BITMAP - 1))
    bitmap[slot * SLOT_BITMAP + place] = 0xff
    const at = slot * SLOT + place * EXTENT_BYTES
    if (slot % DATA_STEP === 0) await image.write(block, 0, block.length, at)
  }
  await image.close()
  const path = join(directory, 'wide.add-cow')
  const header = encodeHeader({ backingName: 'wide-base.raw', imageName: 'wide.raw', size: SIZE })
  const overlay = await open(path, 'wx')
  await overlay.writev([header, bitmap])
  await overlay.close()
  return path
}
