/* What commit and rebase do not do, and that nothing has changed then. */
import { describe, expect, test } from 'vitest'
import { KIB } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { inspectImage } from '../../../engine/image/inspect'
import { planJob, runJob } from '../../../engine/job/jobs'
import type { JobRequest } from '../../../engine/model/job'
import { checkDisk, diskContent, unwatched } from '../../support/disks'
import { expectError, failure } from '../../support/expect-error'
import { fileSystem, type FileSystemState } from '../../support/host-log'
import { BASE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { buildQcow2 } from '../../support/qcow2-builder'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const SIZE = 64 * KIB
const layouts = ['add-cow', 'acow'] as const
type Layout = (typeof layouts)[number]

async function written(layout: Layout, bytes: Uint8Array, onBase = true): Promise<FileSystemState> {
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE / 2 }] }
  const clusterSize = layout === 'acow' ? 4 * KIB : 512
  const spec = { layout, clusterSize, size: SIZE, ...(onBase && { base }) }
  const host = new SimulatedHost(newOverlay(spec, new Random(1)))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.write(bytes, 0)
  await disk.close()
  return host.snapshot()
}

const data = new Random(2).bytes(6 * KIB)
const commit = { kind: 'commit', path: OVERLAY_PATH, verify: true } as const

async function expectRefused(
  state: FileSystemState,
  code: 'invalid-argument' | 'read-only' | 'not-supported',
  message: RegExp,
): Promise<void> {
  const host = new SimulatedHost(state)
  const error = await failure(runJob(host, commit, unwatched))
  expectError(error, code, message)
  expect(error.state).toBe('unchanged')
  expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
  expect(host.openCount).toBe(0)
}

describe('no commit', () => {
  test.each(layouts)('without a base: %s', async (layout) => {
    await expectRefused(await written(layout, data, false), 'invalid-argument', /no backing file/)
  })

  test('of an overlay that is flattened', async () => {
    const host = new SimulatedHost(await written('acow', data))
    await runJob(host, { kind: 'flatten', path: OVERLAY_PATH, verify: false }, unwatched)
    await expectRefused(host.snapshot(), 'invalid-argument', /flattened/)
  })

  test('into a base that is only read', async () => {
    const image = {
      version: 3,
      clusterBits: 16,
      size: SIZE,
      extended: false,
      snapshots: 0,
    } as const
    const { file } = buildQcow2({ ...image, clusters: ['data'] }, new Random(3))
    const host = new SimulatedHost(fileSystem({ '/d/base.qcow2': file }))
    const names = { imageFile: 'x.raw', backingFile: 'base.qcow2' }
    await runJob(host, { kind: 'create', path: OVERLAY_PATH, format: 'acow', ...names }, unwatched)
    await expectRefused(host.snapshot(), 'read-only', /base\.qcow2 is qcow2, which is only read/)
  })

  test('that would make a probed base look like another format', async () => {
    const state = await written('add-cow', Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'))
    await expectRefused(state, 'not-supported', /starts like a qcow2 image/)
  })

  test('but where the format of the base is stored, its content is its own', async () => {
    const host = new SimulatedHost(
      await written('acow', Buffer.from('QFI\xfb\0\0\0\x03', 'latin1')),
    )
    const content = await diskContent(host, OVERLAY_PATH)
    await runJob(host, commit, unwatched)
    expect(Buffer.from(host.bytesAt(BASE_PATH)?.toBytes() ?? []).equals(content)).toBe(true)
    expect((await checkDisk(host, OVERLAY_PATH, 'none')).allocatedClusters).toBe(0)
  })
})

describe('nothing writes to a qcow2 image', () => {
  const path = '/d/x.qcow2'
  const requests: readonly JobRequest[] = [
    { kind: 'resize', path, size: 2 * SIZE, shrink: false },
    { kind: 'flatten', path, verify: false },
    { kind: 'commit', path, verify: false },
    { kind: 'rebase', path, backingFile: '', namesOnly: true },
    { kind: 'rebase', path, backingFile: '', namesOnly: false },
  ]

  test.each(requests)('$kind', async (request) => {
    const image = { version: 3, clusterBits: 16, size: SIZE, extended: false } as const
    const { file } = buildQcow2({ ...image, snapshots: 0, clusters: ['data'] }, new Random(3))
    const host = new SimulatedHost(fileSystem({ [path]: file }))
    const error = await failure(runJob(host, request, unwatched))
    expectError(error, 'read-only', /qcow2 images are only read; import it, or make an overlay/)
    expect(error.state).toBe('unchanged')
    expect(host.log).toEqual([])
    expect(host.openCount).toBe(0)
    const { problems } = await planJob(host, request)
    expect(problems.map(({ code }) => code)).toEqual(['read-only'])
  })
})

describe.each(layouts)('a rebase to nothing: %s', (layout) => {
  test('brings in all data, no zeros, and needs no base any more', async () => {
    const host = new SimulatedHost(await written(layout, data))
    const content = await diskContent(host, OVERLAY_PATH)
    const request = { kind: 'rebase', path: OVERLAY_PATH, backingFile: '' } as const
    const { bytesCopied } = await runJob(host, { ...request, namesOnly: false }, unwatched)
    const own = layout === 'acow' ? 8 * KIB : 6 * KIB
    expect(bytesCopied).toBe(SIZE / 2 - own)
    await host.remove(BASE_PATH)
    expect((await inspectImage(host, OVERLAY_PATH)).backing).toBeUndefined()
    expect((await diskContent(host, OVERLAY_PATH)).equals(content)).toBe(true)
    expect((await checkDisk(host, OVERLAY_PATH, 'none')).findings).toEqual([])
  })

  test('by its names alone shows zeros where the base was', async () => {
    const host = new SimulatedHost(await written(layout, data))
    const request = { kind: 'rebase', path: OVERLAY_PATH, backingFile: '' } as const
    await runJob(host, { ...request, namesOnly: true }, unwatched)
    const content = await diskContent(host, OVERLAY_PATH)
    expect(content.subarray(0, data.length).equals(data)).toBe(true)
    expect(content.subarray(8 * KIB).every((byte) => byte === 0)).toBe(true)
  })
})
