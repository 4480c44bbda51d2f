import { afterAll, describe, expect, it } from 'vitest'
import { openDisk } from '../../engine/image/disk'
import { countToCopy } from '../../engine/job/flatten'
import type { JobControl } from '../../engine/job/job'
import { runJob } from '../../engine/job/jobs'
import { inSteps } from '../support/disks'
import type { FileSystemState } from '../support/host-log'
import { IMAGE_PATH, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { exploreRuns, patience, quota, type Recorded, tell } from './explore'
import { Canvas } from './history'
import { overlappingSetting, smallSettings, takenImageSettings } from './settings'
import { violations } from './verify'
import { readWindows, runWorkload, type Setting } from './workload'

const RESUME_EVERY = 5

/**
 * Some writes, then a flatten in steps, of which two are under way at a time: its log, and the
 * content that nothing may change.
 */
async function recordFlatten(setting: Setting, seed: number): Promise<Recorded> {
  const { cacheBytes, concurrent } = setting
  const random = new Random(seed)
  const written = await runWorkload(setting, ['write', 'write', 'zero', 'flush'], 6, seed)
  const start = written.host.snapshot()
  const content = await contentOf(new SimulatedHost(start), setting)
  const late = concurrent === true || random.chance(0.5)
  const host = new SimulatedHost(start, late ? { random: random.fork() } : {})
  const control = inSteps(setting.overlay.size, setting.overlay.clusterSize, random)
  const job = cacheBytes === undefined ? host : Object.assign(host, { cacheBytes })
  await runJob(job, { kind: 'flatten', path: OVERLAY_PATH, verify: random.chance(0.5) }, control)
  const allowed = { sizes: [setting.overlay.size], certain: content, alternatives: new Map() }
  const judge = async (state: FileSystemState, cut: number, nth: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = await violations(crashed, allowed, setting.windows)
    const acknowledged = cut === host.log.length
    if (wrong.length > 0 || (nth % RESUME_EVERY !== 0 && !acknowledged)) return wrong
    if (!acknowledged) await resume(crashed, control)
    return await imageAlone(crashed, content)
  }
  return { start, log: host.log, judge }
}

async function contentOf(host: SimulatedHost, setting: Setting): Promise<Canvas> {
  const disk = await openDisk(host, OVERLAY_PATH, { writable: false })
  try {
    return await readWindows(disk, setting.windows)
  } finally {
    await disk.close()
  }
}

/** Starts the flatten again; what was copied and made durable is not copied twice. */
async function resume(host: SimulatedHost, control: JobControl): Promise<void> {
  await runJob(host, { kind: 'flatten', path: OVERLAY_PATH, verify: true }, control)
}

/** After a flatten the image file alone is the disk, and exactly as long. */
async function imageAlone(host: SimulatedHost, content: Canvas): Promise<string[]> {
  const image = host.bytesAt(IMAGE_PATH)
  if (image === undefined) return ['the image file is gone']
  const disk = await openDisk(host, OVERLAY_PATH, { writable: false })
  const { size } = disk
  const left = await countToCopy(disk)
  await disk.close()
  const found = new Canvas(content.windows)
  for (const window of content.windows) image.read(found.part(window), window.offset)
  const wrong = found.equals(content) ? [] : ['the image file alone is not the disk']
  if (left > 0) wrong.push(`${String(left)} bytes are still read from below`)
  return image.length === size
    ? wrong
    : [...wrong, `the image file has ${String(image.length)} bytes`]
}

describe('a crash while an overlay is flattened', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of flattening: ${String(tried)}`)
  })

  const settings = [...smallSettings, ...takenImageSettings, overlappingSetting]
  it.each(settings)('changes nothing, and flatten goes on: $name', async (setting) => {
    const record = (seed: number): Promise<Recorded> => recordFlatten(setting, seed)
    const { states, violations: wrong } = await exploreRuns(record, quota(12))
    tried += states
    expect(wrong).toEqual([])
  })
})
