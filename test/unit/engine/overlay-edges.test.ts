import { describe, expect, test } from 'vitest'
import { KIB, SECTOR_SIZE } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import { CrashLog } from '../../support/crash-states'
import { checkDisk, diskContent, unwatched } from '../../support/disks'
import {
  BASE_PATH,
  IMAGE_PATH,
  newOverlay,
  OVERLAY_PATH,
  type OverlaySpec,
} from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const SIZE = 20 * KIB
const BITMAP = 2560
const spec: OverlaySpec = { layout: 'add-cow', clusterSize: SECTOR_SIZE, size: SIZE }

test('a flush makes durable what a killed program has left in the cache of the host', async () => {
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE }] }
  const start = newOverlay({ ...spec, base }, new Random(1))
  const host = new SimulatedHost(start)
  const killed = await host.open(OVERLAY_PATH, { access: 'write' })
  await killed.write(Uint8Array.of(1), BITMAP)
  host.endProgram()

  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.flush()
  const crash = new CrashLog(start, host.log)
  crash.cutAt(host.log.length)
  expect(crash.uncertain).toBe(0)
  await disk.close()
})

test('what grows is empty, whatever the bits behind the old end said', async () => {
  const size = SIZE + SECTOR_SIZE
  const image = { length: 40 * KIB, garbage: true }
  const host = new SimulatedHost(newOverlay({ ...spec, size, image }, new Random(1)))
  const metadata = await host.open(OVERLAY_PATH, { access: 'write' })
  // in the last byte of the bitmap, and in those behind it
  await metadata.write(new Uint8Array(8).fill(0xfe), BITMAP + SIZE / SECTOR_SIZE / 8)
  await metadata.close()
  const before = await diskContent(host, OVERLAY_PATH)

  const request = { kind: 'resize', path: OVERLAY_PATH, size: 40 * KIB, shrink: false } as const
  await runJob(host, request, unwatched)
  const after = await diskContent(host, OVERLAY_PATH)
  expect(after.subarray(0, size).equals(before)).toBe(true)
  expect(after.subarray(size).every((byte) => byte === 0)).toBe(true)
  expect((await checkDisk(host, OVERLAY_PATH, 'none')).allocatedClusters).toBe(0)
})

test('zeros up to the end of the disk are within an image file that was shorter', async () => {
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE }] }
  const image = { length: 0, garbage: false }
  const host = new SimulatedHost(newOverlay({ ...spec, base, image }, new Random(1)))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.writeZeroes({ offset: 12 * KIB, length: 8 * KIB })
  await disk.close()
  expect(host.bytesAt(IMAGE_PATH)?.length).toBe(SIZE)
  const { findings } = await checkDisk(host, OVERLAY_PATH, 'none')
  expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([])
})

describe("another's permission is in the way, though it refuses none to us", () => {
  const [write, resize] = [101, 103]
  const paths = [OVERLAY_PATH, IMAGE_PATH, BASE_PATH]
  test.each(paths.flatMap((path) => [write, resize].map((byte) => ({ path, byte }))))(
    'byte $byte of $path',
    async ({ path, byte }) => {
      const base = { length: SIZE, data: [] }
      const host = new SimulatedHost(newOverlay({ ...spec, base }, new Random(1)))
      const other = await host.open(path, { access: 'read' })
      other.locks?.share(byte)
      const opening = openDisk(host, OVERLAY_PATH, { writable: true })
      await expect(opening).rejects.toMatchObject({ code: 'in-use' })
      other.locks?.release(byte)
      await (await openDisk(host, OVERLAY_PATH, { writable: true })).close()
      await other.close()
    },
  )
})
