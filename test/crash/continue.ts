import { rangeEnd } from '../../engine/base/byte-range'
import { SECTOR_SIZE } from '../../engine/base/units'
import type { Host } from '../../engine/host/host'
import { type Disk, openDisk } from '../../engine/image/disk'
import { runJob } from '../../engine/job/jobs'
import { unwatched } from '../support/disks'
import { IMAGE_PATH, OVERLAY_PATH } from '../support/overlays'
import type { Random } from '../support/random'
import type { SimulatedHost } from '../support/simulated-host'
import { Canvas } from './history'
import { badFindings, check } from './verify'
import { readWindows, type Setting } from './workload'

/** A disk that is longer is not flattened here: that would bring in millions of clusters. */
const FLATTEN_LIMIT = 1 << 24

/**
 * Goes on working with a disk after a crash, as a person would: writes, makes it longer, repairs
 * leaks, flattens. Returns what is wrong; empty = nothing.
 */
export async function continueAfterCrash(
  host: SimulatedHost,
  setting: Setting,
  random: Random,
): Promise<string[]> {
  const { windows } = setting
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  let expected: Canvas
  try {
    expected = await readWindows(disk, windows)
    await overwrite(disk, expected, random)
    const last = windows.reduce((end, window) => Math.max(end, rangeEnd(window)), 0)
    if (random.chance(0.5)) await shrinkSomewhat(disk, expected, random)
    const grown = disk.size + SECTOR_SIZE * random.between(1, 200)
    await disk.truncate(Math.min(last, grown))
    if (random.chance(0.5)) await overwrite(disk, expected, random)
  } finally {
    await disk.close()
  }
  const wrong = [
    ...(await differences(host, expected, 'after more work')),
    ...(await badFindings(host)),
  ]
  const left = (await check(host, 'leaks')).filter((finding) => {
    return finding.severity !== 'notice' && !finding.repaired
  })
  wrong.push(...left.map(({ code }) => `the repair of leaks leaves ${code}`))
  wrong.push(...(await differences(host, expected, 'after a repair')))
  if (setting.overlay.size <= FLATTEN_LIMIT) wrong.push(...(await flattened(host, expected)))
  return wrong
}

async function overwrite(disk: Disk, expected: Canvas, random: Random): Promise<void> {
  const window = random.pick(expected.windows.filter(({ offset }) => offset < disk.size))
  const end = Math.min(rangeEnd(window), disk.size)
  const offset = window.offset + random.below(end - window.offset)
  const range = { offset, length: random.between(1, Math.min(end - offset, 5000)) }
  const bytes = random.bytes(range.length)
  await disk.write(bytes, offset)
  expected.part(range).set(bytes)
  if (random.chance(0.5)) await disk.flush()
}

async function shrinkSomewhat(disk: Disk, expected: Canvas, random: Random): Promise<void> {
  const sectors = disk.size / SECTOR_SIZE
  const size = SECTOR_SIZE * random.between(Math.ceil(sectors / 2), sectors)
  await disk.truncate(size)
  expected.cut(size)
}

async function differences(host: Host, expected: Canvas, when: string): Promise<string[]> {
  const disk = await openDisk(host, OVERLAY_PATH, { writable: false })
  try {
    const found = await readWindows(disk, expected.windows)
    return found.equals(expected) ? [] : [`the disk reads wrong ${when}`]
  } finally {
    await disk.close()
  }
}

/** After a flatten the image file alone is the disk. */
async function flattened(host: SimulatedHost, expected: Canvas): Promise<string[]> {
  await runJob(host, { kind: 'flatten', path: OVERLAY_PATH, verify: true }, unwatched)
  const image = host.bytesAt(IMAGE_PATH)
  if (image === undefined) return ['the image file is gone after a flatten']
  const found = new Canvas(expected.windows)
  for (const window of expected.windows) image.read(found.part(window), window.offset)
  const wrong = found.equals(expected) ? [] : ['the image file is not the disk after a flatten']
  return [...wrong, ...(await differences(host, expected, 'after a flatten'))]
}
