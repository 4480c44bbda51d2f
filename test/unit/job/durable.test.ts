import { describe, expect, test } from 'vitest'
import { KIB, SECTOR_SIZE } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import type { JobRequest } from '../../../engine/model/job'
import { CrashLog } from '../../support/crash-states'
import { unwatched } from '../../support/disks'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const SIZE = 100 * KIB + SECTOR_SIZE

/** An overlay with a little of everything that a job may change, all of it durable. */
async function sound(layout: 'add-cow' | 'acow'): Promise<SimulatedHost> {
  const random = new Random(1)
  const base = { length: 200 * KIB, data: [{ offset: 0, length: 200 * KIB }] }
  const clusterSize = layout === 'acow' ? 16 * KIB : SECTOR_SIZE
  const image = { length: SIZE, garbage: true }
  const host = new SimulatedHost(
    newOverlay({ layout, clusterSize, size: SIZE, base, image }, random),
  )
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.write(random.bytes(20 * KIB), 10 * KIB)
  await disk.close()
  return new SimulatedHost(host.snapshot())
}

/** The same, cut off and with bits where none belong. */
async function damaged(layout: 'add-cow' | 'acow'): Promise<SimulatedHost> {
  const state = (await sound(layout)).snapshot()
  const metadata = state.files.get(state.names.get(OVERLAY_PATH) ?? 0)
  metadata?.write(Uint8Array.of(0xff), metadata.length - 1)
  if (layout === 'add-cow') state.files.get(state.names.get(IMAGE_PATH) ?? 0)?.truncate(20 * KIB)
  return new SimulatedHost(state)
}

async function shortBitmap(): Promise<SimulatedHost> {
  const state = (await sound('add-cow')).snapshot()
  state.files.get(state.names.get(OVERLAY_PATH) ?? 0)?.truncate(2560 + 5)
  return new SimulatedHost(state)
}

/** How many changes a crash could still take after a job has ended. */
async function uncertainAfter(host: SimulatedHost, request: JobRequest): Promise<number> {
  const start = host.snapshot()
  await runJob(host, request, unwatched)
  const kinds = host.log.map(({ kind }) => kind)
  expect(kinds.some((kind) => kind === 'write' || kind === 'truncate' || kind === 'punch')).toBe(
    true,
  )
  const crash = new CrashLog(start, host.log)
  crash.cutAt(host.log.length)
  return crash.uncertain
}

describe.each(['add-cow', 'acow'] as const)('what has ended, no crash takes: %s', (layout) => {
  const path = OVERLAY_PATH
  const made = { imageFile: '/images/new.raw', backingFile: BASE_PATH }
  const requests: readonly JobRequest[] = [
    { kind: 'create', path: '/overlays/new.add-cow', format: layout, ...made },
    { kind: 'resize', path, size: SIZE - 8 * KIB, shrink: true },
    { kind: 'resize', path, size: SIZE + 99 * KIB, shrink: false },
    { kind: 'check', path, repair: 'leaks' },
    { kind: 'flatten', path, verify: false },
    { kind: 'export', path, target: '/d/out.raw', verify: false },
  ]
  test.each(requests)('$kind', async (request) => {
    const host = await sound(layout)
    for (const folder of ['/images', '/overlays']) await makeFolder(host, folder)
    expect(await uncertainAfter(host, request)).toBe(0)
  })

  test('a repair of all', async () => {
    const request = { kind: 'check', path, repair: 'all' } as const
    expect(await uncertainAfter(await damaged(layout), request)).toBe(0)
  })
})

test('what has ended, no crash takes: the repair of a bitmap that is cut off', async () => {
  const request = { kind: 'check', path: OVERLAY_PATH, repair: 'all' } as const
  expect(await uncertainAfter(await shortBitmap(), request)).toBe(0)
})

test('what has ended, no crash takes: a raw disk of another size', async () => {
  const host = await sound('add-cow')
  const disk = await openDisk(host, BASE_PATH, { writable: true })
  const start = host.snapshot()
  const before = host.log.length
  await disk.truncate(4 * KIB)
  const crash = new CrashLog(start, host.log.slice(before))
  crash.cutAt(host.log.length - before)
  expect(crash.uncertain).toBe(0)
  await disk.close()
})

/** A simulated folder is there when a file is in it. */
async function makeFolder(host: SimulatedHost, folder: string): Promise<void> {
  await (await host.open(`${folder}/keep`, { access: 'write', create: true })).close()
  await host.syncDirectory(folder)
}
