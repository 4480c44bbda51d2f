/* What measure says is what the jobs then do. */
import { describe, expect, test } from 'vitest'
import { KIB } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import type { JobRequest, MeasureResult } from '../../../engine/model/job'
import { diskContent, unwatched } from '../../support/disks'
import type { FileSystemState } from '../../support/host-log'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const SIZE = 128 * KIB

/**
 * An overlay with data, with zeros of its own, and with what its base has just the same, on a base
 * that is a hole from the middle on.
 */
async function files(layout: 'add-cow' | 'acow'): Promise<FileSystemState> {
  const random = new Random(5)
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE / 2 }] }
  const clusterSize = layout === 'acow' ? 4 * KIB : 512
  const host = new SimulatedHost(newOverlay({ layout, clusterSize, size: SIZE, base }, random))
  const same = (await diskContent(host, OVERLAY_PATH)).subarray(16 * KIB, 24 * KIB)
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.write(random.bytes(8 * KIB), 4 * KIB)
  await disk.write(same, 16 * KIB)
  await disk.write(random.bytes(12 * KIB), 80 * KIB)
  await disk.writeZeroes({ offset: 32 * KIB, length: 8 * KIB })
  await disk.close()
  return host.snapshot()
}

async function measured(state: FileSystemState, path = OVERLAY_PATH): Promise<MeasureResult> {
  const host = new SimulatedHost(state)
  const request = { kind: 'measure', path, compareWithBase: true } as const
  const { measure } = await runJob(host, request, unwatched)
  expect(host.log).toEqual([])
  expect(host.openCount).toBe(0)
  if (measure === undefined) throw new Error('no result')
  return measure
}

/** Bytes that a job copied, and by how much the blocks of a file grew. */
async function done(
  state: FileSystemState,
  request: JobRequest,
  file: string,
): Promise<{ copied: number | undefined; grown: number }> {
  const host = new SimulatedHost(state)
  const before = host.bytesAt(file)?.allocatedBytes ?? 0
  const { bytesCopied } = await runJob(host, request, unwatched)
  return { copied: bytesCopied, grown: (host.bytesAt(file)?.allocatedBytes ?? 0) - before }
}

describe.each(['add-cow', 'acow'] as const)('the figures of %s', (layout) => {
  test('are those of a flatten', async () => {
    const state = await files(layout)
    const { flatten } = await measured(state)
    const request = { kind: 'flatten', path: OVERLAY_PATH, verify: false } as const
    const { copied, grown } = await done(state, request, IMAGE_PATH)
    // All of the base's data that the overlay does not have.
    expect(flatten).toEqual({
      bytesToCopy: 40 * KIB,
      spaceNeeded: 40 * KIB,
      spaceFreed: 0,
    })
    expect(copied).toBe(40 * KIB)
    expect(grown).toBeLessThanOrEqual(40 * KIB)
  })

  test('are those of an export', async () => {
    const state = await files(layout)
    const { export: cost, virtualSize } = await measured(state)
    const target = '/d/out.raw'
    const request = { kind: 'export', path: OVERLAY_PATH, target, verify: false } as const
    const { copied, grown } = await done(state, request, target)
    expect(virtualSize).toBe(SIZE)
    expect(cost).toEqual({ bytesToCopy: 68 * KIB, spaceNeeded: 68 * KIB, spaceFreed: 0 })
    expect(copied).toBe(68 * KIB)
    expect(grown).toBeLessThanOrEqual(68 * KIB)
  })

  test('are those of a commit', async () => {
    const state = await files(layout)
    const { commit } = await measured(state)
    const request = { kind: 'commit', path: OVERLAY_PATH, verify: false } as const
    const { copied, grown } = await done(state, request, BASE_PATH)
    const image = new SimulatedHost(state).bytesAt(IMAGE_PATH)?.allocatedBytes
    // Only what goes into the hole of the base needs space there.
    expect(commit).toEqual({ bytesToCopy: 28 * KIB, spaceNeeded: 12 * KIB, spaceFreed: image })
    expect(copied).toBe(28 * KIB)
    expect(grown).toBeLessThanOrEqual(12 * KIB)
    const freed = await done(state, request, IMAGE_PATH)
    expect(-freed.grown).toBe(image)
  })

  test('count what the base has just the same', async () => {
    expect((await measured(await files(layout))).equalToBase).toBe(8 * KIB)
  })
})

test('a raw disk can only be exported', async () => {
  const measure = await measured(await files('acow'), BASE_PATH)
  const cost = { bytesToCopy: SIZE / 2, spaceNeeded: SIZE / 2, spaceFreed: 0 }
  expect(measure).toEqual({ virtualSize: SIZE, export: cost, equalToBase: 0 })
})
