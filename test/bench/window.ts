/*
 * The window itself: how soon its list can be used after a start with many images in it, how late
 * its main process answers while a flatten runs, and how smoothly its map and its list move.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, _electron as playwright } from 'playwright-core'
import { prepareElectron, displayIfNone } from '../../build/electron/prepare-electron'
import { buildIfNeeded } from '../../build/lib/build'
import { projectRoot, say } from '../../build/lib/project'
import type { StoredLibrary } from '../../electron/main/stored-data'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { nodeHost, runJob } from '../../engine/index'
import { printTimings } from './harness'
import { benchList, benchMap, type Machine } from './window-frames'

const MIB = 1024 * 1024
const IMAGES = 1000
const MANY_IMAGES = 10_000
const DISK = 16 * MIB
/** Of the base that is flattened. */
const FLATTENED_MIB = 3072
const START_GOAL = 1.5
const ANSWER_GOAL = 0.05

/** Runs all of it, in a folder that exists; prints the figures and keeps them. */
export async function runWindowBench(directory: string, rounds: number): Promise<void> {
  const { runtime, switches } = await prepareElectron()
  await buildIfNeeded()
  const display = await displayIfNone()
  const env = { ...inherited(), ...(display && { DISPLAY: display.name }) }
  const machine = { executable: runtime.executable, switches, env }
  try {
    await benchStart(machine, directory, rounds)
    await benchAnswers(machine, directory)
    await benchList(machine, await makeLibrary(directory, 'many', MANY_IMAGES))
    await benchMap(machine, directory)
  } finally {
    await display?.stop()
  }
}

function inherited(): Record<string, string> {
  const entries = Object.entries(process.env)
  return Object.fromEntries(entries.flatMap(([key, value]) => (value ? [[key, value]] : [])))
}

/** A profile whose library has that many overlays, all of which exist, on one base. */
async function makeLibrary(directory: string, name: string, count: number): Promise<string> {
  const folder = join(directory, name)
  const profile = join(directory, `${name}-profile`)
  await mkdir(folder)
  await mkdir(profile)
  const base = join(folder, 'base.raw')
  const image = await open(base, 'wx')
  await image.truncate(DISK)
  await image.close()
  const bitmap = new Uint8Array(DISK / 512 / 8)
  const seen = { virtualSize: DISK, allocatedBytes: 0, modifiedAt: Date.now() }
  const images: StoredLibrary['images'][number][] = [
    {
      id: 'base',
      path: base,
      seen: { ...seen, format: 'raw', sizeOnDisk: 0, filesBelow: [] },
    },
  ]
  for (let number = 1; number < count; number += 1) {
    const id = `overlay-${String(number).padStart(5, '0')}`
    const path = join(folder, `${id}.add-cow`)
    const imageName = `${id}.raw`
    const header = encodeHeader({ backingName: 'base.raw', imageName, size: DISK })
    await writeFile(path, Buffer.concat([header, bitmap]))
    await writeFile(join(folder, imageName), '')
    images.push({
      id,
      path,
      seen: {
        ...{ ...seen, format: 'add-cow', sizeOnDisk: header.length + bitmap.length },
        ...{ imagePath: join(folder, imageName), baseName: 'base.raw', basePath: base },
        filesBelow: [base],
      },
    })
  }
  const library: StoredLibrary = { version: 1, images }
  await writeFile(join(profile, 'library.json'), JSON.stringify(library))
  return profile
}

interface Start {
  /** Seconds from the start of the process. */
  readonly painted: number
  readonly usable: number
  /** Seconds of all processes until then. */
  readonly cpu: number
  readonly bytes: number
}

async function benchStart(machine: Machine, directory: string, rounds: number): Promise<void> {
  say(`Starts with ${String(IMAGES)} images in the list.`)
  const profile = await makeLibrary(directory, 'images', IMAGES)
  const starts: Start[] = []
  // the first start fills the caches of the system and of Chromium, and does not count
  for (let round = 0; round <= rounds; round += 1) {
    const start = await startOnce(machine, profile)
    if (round > 0) starts.push(start)
  }
  await printTimings(
    [
      { name: 'first paint', seconds: starts.map(({ painted }) => painted) },
      { name: 'usable list', goal: START_GOAL, seconds: starts.map(({ usable }) => usable) },
      { name: 'processor until then', seconds: starts.map(({ cpu }) => cpu) },
    ],
    'startup',
  )
  const memory = starts.map(({ bytes }) => bytes).sort((a, b) => a - b)
  const median = memory[Math.floor(memory.length / 2)] ?? 0
  say(`Memory of all processes then: ${(median / MIB).toFixed(0)} MiB (PSS).`)
}

async function startOnce(machine: Machine, profile: string): Promise<Start> {
  const startedAt = Date.now()
  const port = ['--remote-debugging-port=0', `--user-data-dir=${profile}`]
  const program = spawn(machine.executable, [...machine.switches, ...port, projectRoot], {
    env: machine.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => program.once('exit', resolve))
  const browser = await chromium.connectOverCDP(await debuggerAddress(program))
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('The application has no window')
  const page = context.pages()[0] ?? (await context.waitForEvent('page'))
  await page.locator('[role=treegrid] [data-image-id]').first().click({ trial: true })
  const usable = (Date.now() - startedAt) / 1000
  const { cpu, bytes } = costOf(program.pid ?? 0)
  const paintedAt = await page.evaluate(() => {
    const [paint] = performance.getEntriesByName('first-contentful-paint')
    return performance.timeOrigin + (paint?.startTime ?? Number.NaN)
  })
  await browser.close()
  program.kill()
  await ended
  return { painted: (paintedAt - startedAt) / 1000, usable, cpu, bytes }
}

async function debuggerAddress(program: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = ''
    program.stderr?.on('data', (part: Buffer) => {
      text += part.toString()
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
      if (address !== undefined) resolve(address)
    })
    program.once('exit', () => reject(new Error(`The application ended:\n${text}`)))
  })
}

/** Of a process and all below it: seconds of the processor, and bytes of memory (PSS). */
function costOf(root: number): { readonly cpu: number; readonly bytes: number } {
  const parents = new Map<number, number>()
  const seconds = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? textOf(`/proc/${name}/stat`) : ''
    if (stat === '') continue
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    parents.set(pid, Number(fields[1]))
    // in hundredths of a second, whatever the kernel counts in
    seconds.set(pid, (Number(fields[11]) + Number(fields[12])) / 100)
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === root || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)))
  const ours = [...parents.keys()].filter(isOurs)
  const kib = (pid: number): number =>
    Number(/^Pss:\s+(\d+)/m.exec(textOf(`/proc/${String(pid)}/smaps_rollup`))?.[1] ?? 0)
  return {
    cpu: ours.reduce((sum, pid) => sum + (seconds.get(pid) ?? 0), 0),
    bytes: ours.reduce((sum, pid) => sum + kib(pid) * 1024, 0),
  }
}

/** Empty for a process that has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function benchAnswers(machine: Machine, directory: string): Promise<void> {
  say(`Answers while an overlay on ${String(FLATTENED_MIB)} MiB of data is flattened.`)
  const overlay = await makeFull(directory)
  const profile = await mkdtemp(join(directory, 'profile-'))
  const application = await playwright.launch({
    executablePath: machine.executable,
    args: [...machine.switches, `--user-data-dir=${profile}`, projectRoot, overlay],
    env: machine.env,
  })
  const page = await application.firstWindow()
  const rows = page.locator('[role=treegrid] [data-image-id]')
  await rows.first().click()
  await application.evaluate(() => {
    const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
    const delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    Reflect.set(globalThis, 'delays', delays)
  })
  const answers = await page.evaluate(async () => {
    const all = await window.addCow.invoke('app.bootstrap', undefined)
    const imageId = all.ok ? (all.value.images[0]?.id ?? '') : ''
    const request = { kind: 'flatten', imageId, verify: true } as const
    await window.addCow.invoke('job.start', request)
    const found: number[] = []
    for (let busy = true; busy;) {
      // what a click on a row does: the list marks it, the details are asked for, a frame is drawn
      const row = document.querySelector('[role=treegrid] [data-image-id]')
      const before = performance.now()
      if (row instanceof HTMLElement) row.click()
      const reply = await window.addCow.invoke('app.bootstrap', undefined)
      await new Promise((resolve) => requestAnimationFrame(resolve))
      found.push((performance.now() - before) / 1000)
      await new Promise((resolve) => setTimeout(resolve, 20))
      busy = reply.ok && reply.value.jobs.some(({ status }) => status === 'running')
    }
    return found
  })
  const delays = await application.evaluate(() => {
    const histogram: unknown = Reflect.get(globalThis, 'delays')
    if (typeof histogram !== 'object' || histogram === null) throw new Error('Nothing measured')
    const percentile: unknown = Reflect.get(histogram, 'percentile')
    if (typeof percentile !== 'function') throw new Error('Nothing measured')
    return [50, 99, 100].map((share) => Number(Reflect.apply(percentile, histogram, [share])) / 1e9)
  })
  const [median = 0, p99 = 0, most = 0] = delays
  await application.close()
  await rm(profile, { recursive: true, force: true })
  const late = answers.toSorted((a, b) => a - b)[Math.floor((answers.length - 1) * 0.99)] ?? 0
  await printTimings(
    [
      { name: 'event loop, median', seconds: [median] },
      { name: 'event loop, p99', goal: ANSWER_GOAL, seconds: [p99] },
      { name: 'event loop, worst', seconds: [most] },
      { name: 'a click, answered', seconds: answers },
      { name: 'a click, p99', seconds: [late] },
    ],
    'answers',
  )
}

/** An overlay with nothing of its own on a base that is data all over. */
async function makeFull(directory: string): Promise<string> {
  const base = await open(join(directory, 'full.raw'), 'wx')
  const block = randomFillSync(Buffer.alloc(MIB))
  for (let at = 0; at < FLATTENED_MIB; at += 1) await base.write(block, 0, MIB, at * MIB)
  await base.close()
  const path = join(directory, 'full.add-cow')
  const control = { signal: new AbortController().signal, report: () => undefined }
  const names = { imageFile: 'over.raw', backingFile: 'full.raw' }
  await runJob(nodeHost, { kind: 'create', path, format: 'add-cow', ...names }, control)
  return path
}
