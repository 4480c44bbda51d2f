/* What an open disk promises to those who ask it side by side, or for what it does not have. */
import { describe, expect, test } from 'vitest'
import { KIB, SECTOR_SIZE, TIB } from '../../../engine/base/units'
import { Overlay } from '../../../engine/format/overlay/overlay-layer'
import type { CopyPiece } from '../../../engine/host/host'
import { type Disk, openDisk } from '../../../engine/image/disk'
import { inspectChain, inspectImage } from '../../../engine/image/inspect'
import { runJob } from '../../../engine/job/jobs'
import { checkDisk, diskContent, unwatched } from '../../support/disks'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import { HostOfWrappedFiles, WrappedFile } from '../../support/wrapped-host'

const CLUSTER = 16 * KIB
const SIZE = 3 * CLUSTER + SECTOR_SIZE
const spec = {
  layout: 'acow',
  clusterSize: CLUSTER,
  size: SIZE,
  base: { length: SIZE, data: [{ offset: 0, length: SIZE }] },
} as const

function overlayOf(disk: Disk): Overlay {
  if (disk.top instanceof Overlay) return disk.top
  throw new Error('the top is no overlay')
}

describe('a request past the end', () => {
  test.each([
    [SIZE - 1, 2],
    [SIZE, 1],
    [0, SIZE + 1],
    [-1, 1],
    [0.5, 1],
    [2 ** 53, 1],
    [NaN, 1],
  ])('of bytes from %d, %d long, is refused and changes nothing', async (offset, length) => {
    const host = new SimulatedHost(newOverlay(spec, new Random(1)))
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
    const bytes = new Uint8Array(length)
    const attempts = [
      async () => await disk.read(bytes, offset),
      async () => await disk.write(bytes, offset),
      () => disk.writeZeroes({ offset, length }),
      () => disk.discard({ offset, length }),
      async () => await disk.extentAt({ offset, length }),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    expect(host.log).toEqual([])
    await disk.close()
  })
})

test('a disk that is open for writing is opened for writing by nobody else', async () => {
  const host = new SimulatedHost(newOverlay(spec, new Random(1)))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  for (const path of [OVERLAY_PATH, IMAGE_PATH, BASE_PATH]) {
    const opening = openDisk(host, path, { writable: true })
    await expect(opening, path).rejects.toMatchObject({ code: 'in-use' })
  }
  await expect(checkDisk(host, OVERLAY_PATH, 'leaks')).rejects.toMatchObject({ code: 'in-use' })
  expect((await checkDisk(host, OVERLAY_PATH, 'none')).findings).toEqual([])
  await disk.close()
  expect(host.openCount).toBe(0)
  await (await openDisk(host, OVERLAY_PATH, { writable: true })).close()
})

test('a flatten takes nothing back from those who write meanwhile', async () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const random = new Random(seed)
    const start = newOverlay(spec, random)
    const expected = await diskContent(new SimulatedHost(start), OVERLAY_PATH)
    const host = new SimulatedHost(start, { random: random.fork() })
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
    const writes = [700, CLUSTER + 5000, 3 * CLUSTER + 10].map((offset) => {
      const bytes = random.bytes(400)
      expected.set(bytes, offset)
      return disk.write(bytes, offset)
    })
    const whole = { offset: 0, length: SIZE }
    await Promise.all([overlayOf(disk).populate(whole, disk.below, { verify: true }), ...writes])
    await disk.close()
    expect((await diskContent(host, OVERLAY_PATH)).equals(expected), `seed ${String(seed)}`).toBe(
      true,
    )
  }
})

test('of a last cluster that the disk has in part, that part counts', async () => {
  const host = new SimulatedHost(newOverlay(spec, new Random(1)))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.write(new Uint8Array(1), SIZE - 1)
  expect((await overlayOf(disk).info()).allocatedBytes).toBe(SECTOR_SIZE)
  await disk.write(new Uint8Array(1), 0)
  expect((await overlayOf(disk).info()).allocatedBytes).toBe(CLUSTER + SECTOR_SIZE)
  await disk.close()
})

test('a sealed overlay is complete for those who have it open as well', async () => {
  const host = new SimulatedHost(newOverlay(spec, new Random(1)))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  const overlay = overlayOf(disk)
  await overlay.populate({ offset: 0, length: SIZE }, disk.below, { verify: false })
  await overlay.seal()
  expect(overlay.allAllocated).toBe(true)
  expect((await overlay.info()).allocatedBytes).toBe(SIZE)
  await disk.close()
})

/** A device that does not keep what was copied to it. */
class Forgetful extends WrappedFile {
  override async copyFrom(pieces: readonly CopyPiece[]): Promise<void> {
    await super.copyFrom(pieces)
    const [first] = pieces
    if (first !== undefined) await super.write(Uint8Array.of(0x5a, 0xa5), first.offset + 7)
  }
}

describe('a device that does not keep what was copied to it', () => {
  const requests = [
    { kind: 'flatten', path: OVERLAY_PATH, verify: true },
    { kind: 'export', path: OVERLAY_PATH, target: '/d/out.raw', verify: true },
  ] as const
  test.each(requests)('is found out by $kind --verify', async (request) => {
    const host = new SimulatedHost(newOverlay(spec, new Random(1)))
    const before = await diskContent(host, OVERLAY_PATH)
    const forgetful = new HostOfWrappedFiles(host, (file) => new Forgetful(file))
    const running = runJob(forgetful, request, unwatched)
    await expect(running).rejects.toMatchObject({ code: 'verify/mismatch' })
    expect((await diskContent(host, OVERLAY_PATH)).equals(before)).toBe(true)
    expect(host.paths).toEqual([BASE_PATH, OVERLAY_PATH, IMAGE_PATH])
    expect(host.openCount).toBe(0)
  })
})

describe.each([
  { layout: 'add-cow', clusterSize: SECTOR_SIZE },
  { layout: 'acow', clusterSize: 4 * KIB },
] as const)('a sparse overlay of 16 TiB, $layout', (layout) => {
  const size = 16 * TIB
  const base = { length: size, data: [{ offset: 3 * TIB, length: 9000 }] }

  test('is told of, mapped and checked by a few calls', async () => {
    const start = newOverlay({ ...layout, size, base }, new Random(1))
    const writing = new SimulatedHost(start)
    const disk = await openDisk(writing, OVERLAY_PATH, { writable: true })
    for (const offset of [0, 5 * TIB, size - 100])
      await disk.write(new Uint8Array(100).fill(1), offset)
    await disk.close()
    const looks = {
      info: (host: SimulatedHost) => inspectImage(host, OVERLAY_PATH),
      chain: (host: SimulatedHost) => inspectChain(host, OVERLAY_PATH),
      map: mapOf,
      check: (host: SimulatedHost) => checkDisk(host, OVERLAY_PATH, 'all'),
    }
    for (const [what, look] of Object.entries(looks)) {
      const host = new SimulatedHost(writing.snapshot(), { callLimit: 150 })
      expect(await look(host), what).toBeDefined()
      expect(host.longestTransfer, what).toBeLessThanOrEqual(2 ** 21)
    }
    const { allocatedBytes } = await inspectImage(writing, OVERLAY_PATH)
    expect(allocatedBytes).toBe(3 * layout.clusterSize)
  })
})

async function mapOf(host: SimulatedHost): Promise<number> {
  const disk = await openDisk(host, OVERLAY_PATH, { writable: false })
  let runs = 0
  for await (const { length } of disk.extents()) runs += length > 0 ? 1 : 0
  await disk.close()
  expect(runs).toBeLessThan(12)
  return runs
}
