import { linkSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MAX_CHAIN_LAYERS } from '../../../engine/image/chain'
import { encodeHeader as encodeAcow } from '../../../engine/format/acow/header'
import { encodeHeader, fileLength, HEADER_SIZE } from '../../../engine/format/add-cow/header'
import type { Host } from '../../../engine/host/host'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { inspectChain, inspectImage } from '../../../engine/image/inspect'
import { diskContent } from '../../support/disks'
import { fileSystem } from '../../support/host-log'
import { describeNeeding, linux } from '../../support/requires'
import { SimulatedHost } from '../../support/simulated-host'
import { temporaryFolder } from '../../support/temporary-folder'

const SECTOR = 512

/** An add-cow file of layout 1 where the listed sectors are allocated. */
function addCow(backing: string, image: string, sectors: number, allocated: number[]): Uint8Array {
  const size = sectors * SECTOR
  const bytes = new Uint8Array(fileLength(size))
  bytes.set(encodeHeader({ backingName: backing, imageName: image, size }))
  for (const sector of allocated) {
    const at = HEADER_SIZE + Math.floor(sector / 8)
    bytes[at] = (bytes[at] ?? 0) | (1 << (sector % 8))
  }
  return bytes
}

/** An add-cow file of layout 2 with clusters of 4 KiB, none of them allocated. */
function acow(backing: string, image: string): Uint8Array {
  const names = { backingName: backing, imageName: image, backingFormat: '', imageFormat: 'raw' }
  const bytes = new Uint8Array(8192)
  bytes.set(encodeAcow({ ...names, clusterBits: 12, allAllocated: false }))
  return bytes
}

function filled(sectors: number, byte: number): Uint8Array {
  return new Uint8Array(sectors * SECTOR).fill(byte)
}

/**
 * A chain of so many layers, the base included, on a disk of as many sectors: layer n decides
 * sector n and fills it with n % 256, the base has what is left.
 */
function chainFiles(layers: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (let n = 0; n < layers - 1; n += 1) {
    const backing = n === layers - 2 ? 'base.raw' : `${String(n + 1)}.add-cow`
    files[`${String(n)}.add-cow`] = addCow(backing, `${String(n)}.raw`, layers, [n])
    files[`${String(n)}.raw`] = filled(layers, n % 256)
  }
  files['base.raw'] = filled(layers, (layers - 1) % 256)
  return files
}

function simulated(files: Record<string, Uint8Array>): SimulatedHost {
  const entries = Object.entries(files).map(([name, bytes]) => [`/d/${name}`, bytes] as const)
  return new SimulatedHost(fileSystem(Object.fromEntries(entries)))
}

function realFolder(files: Record<string, Uint8Array>): string {
  const folder = temporaryFolder()
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

async function checkDeepChain(host: Host, path: string, layers: number): Promise<void> {
  const disk = await openDisk(host, path, { writable: true })
  expect(disk.layers).toHaveLength(layers)
  const bytes = Buffer.alloc(disk.size)
  await disk.read(bytes, 0)
  const wanted = Buffer.alloc(layers * SECTOR)
  for (let n = 0; n < layers; n += 1) wanted.fill(n % 256, n * SECTOR, (n + 1) * SECTOR)
  expect(bytes.equals(wanted)).toBe(true)
  const depths: (number | undefined)[] = []
  for await (const { offset, length, depth } of disk.extents()) {
    expect([offset, length]).toEqual([depths.length * SECTOR, SECTOR])
    depths.push(depth)
  }
  expect(depths).toEqual(Array.from({ length: layers }, (_, n) => n))
  await disk.write(filled(1, 0xaa), (layers - 1) * SECTOR)
  await disk.close()
  expect((await diskContent(host, path)).at(-1)).toBe(0xaa)

  const chain = await inspectChain(host, path)
  expect(chain.problem).toBeUndefined()
  const served = chain.layers.map(({ servedBytes }) => servedBytes)
  const own = new Array<number>(layers).fill(SECTOR)
  expect(served).toEqual([2 * SECTOR, ...own.slice(2), 0])
  expect(chain.layers.map(({ depth }) => depth)).toEqual([...chain.layers.keys()])
}

describe('a deep chain', () => {
  test('of 250 layers is opened, read, mapped, told of and closed', async () => {
    const host = simulated(chainFiles(250))
    await checkDeepChain(host, '/d/0.add-cow', 250)
    expect(host.openCount).toBe(0)
    expect([...host.byteLocks.values()].every((holders) => holders.size === 0)).toBe(true)
  })

  test('of as many layers as there may be is opened, of one more refused', async () => {
    const host = simulated(chainFiles(MAX_CHAIN_LAYERS))
    expect((await inspectChain(host, '/d/0.add-cow')).layers).toHaveLength(MAX_CHAIN_LAYERS)

    const deeper = simulated(chainFiles(MAX_CHAIN_LAYERS + 1))
    for (const writable of [false, true]) {
      await expect(openDisk(deeper, '/d/0.add-cow', { writable })).rejects.toMatchObject({
        code: 'chain/too-deep',
        details: { limit: MAX_CHAIN_LAYERS },
        state: 'unchanged',
      })
      expect(deeper.openCount).toBe(0)
    }
    expect(deeper.openedPaths).not.toContain('/d/base.raw')
    const { layers, problem } = await inspectChain(deeper, '/d/0.add-cow')
    expect(layers).toHaveLength(MAX_CHAIN_LAYERS)
    expect(problem?.code).toBe('chain/too-deep')
    expect(deeper.openCount).toBe(0)
  })
})

describeNeeding(linux, 'a deep chain on a real disk', () => {
  test('takes two open files a layer, and gives them all back', async () => {
    const folder = realFolder(chainFiles(250))
    const openFiles = (): number => readdirSync('/proc/self/fd').length
    const before = openFiles()
    const disk = await openDisk(nodeHost, join(folder, '0.add-cow'), { writable: false })
    expect(openFiles() - before).toBe(2 * 249 + 1)
    await disk.close()
    await checkDeepChain(nodeHost, join(folder, '0.add-cow'), 250)
    expect(openFiles()).toBe(before)
  })
})

/** n overlays in a ring. */
function ring(length: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (let n = 0; n < length; n += 1) {
    const next = `${String((n + 1) % length)}.add-cow`
    files[`${String(n)}.add-cow`] = addCow(next, `${String(n)}.raw`, 8, [])
    files[`${String(n)}.raw`] = filled(8, 1)
  }
  return files
}

describe('a chain that leads back to itself', () => {
  test.each([1, 2, 3])('after %d layers', async (length) => {
    const host = simulated(ring(length))
    for (const writable of [false, true]) {
      const opening = openDisk(host, '/d/0.add-cow', { writable })
      await expect(opening).rejects.toMatchObject({ code: 'chain/loop', state: 'unchanged' })
    }
    const { layers, problem } = await inspectChain(host, '/d/0.add-cow')
    expect(layers).toHaveLength(length)
    expect(problem?.code).toBe('chain/loop')
    expect(host.openCount).toBe(0)
    expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
  })

  test('below its top', async () => {
    const files = { ...ring(2), 't.add-cow': addCow('0.add-cow', 't.raw', 8, []) }
    const host = simulated({ ...files, 't.raw': filled(8, 2) })
    const opening = openDisk(host, '/d/t.add-cow', { writable: false })
    await expect(opening).rejects.toMatchObject({ code: 'chain/loop' })
    expect(host.openCount).toBe(0)
  })

  const links = [
    ['a symbolic link', symlinkSync],
    ['a hard link', linkSync],
  ] as const
  test.each(links)('through %s', async (_, link) => {
    const folder = realFolder({ ...ring(1), 'up.add-cow': addCow('alias', 'up.raw', 8, []) })
    writeFileSync(join(folder, 'up.raw'), filled(8, 1))
    link(join(folder, 'up.add-cow'), join(folder, 'alias'))
    const opening = openDisk(nodeHost, join(folder, 'up.add-cow'), { writable: false })
    await expect(opening).rejects.toMatchObject({ code: 'chain/loop' })
  })

  test('by links of the file system alone', async () => {
    const folder = temporaryFolder()
    symlinkSync('b', join(folder, 'a'))
    symlinkSync('a', join(folder, 'b'))
    const opening = openDisk(nodeHost, join(folder, 'a'), { writable: false })
    await expect(opening).rejects.toMatchObject({ code: 'io/failed', details: { errno: 'ELOOP' } })
  })

  test.each(links)('the same file twice, through %s', async (_, link) => {
    const folder = realFolder({
      'self.add-cow': addCow('', 'self.link', 8, []),
      'own.add-cow': addCow('own.link', 'own.raw', 8, []),
      'own.raw': filled(8, 1),
      'a.add-cow': addCow('b.add-cow', 'shared.link', 8, []),
      'b.add-cow': addCow('', 'shared.raw', 8, []),
      'shared.raw': filled(8, 1),
    })
    link(join(folder, 'self.add-cow'), join(folder, 'self.link'))
    link(join(folder, 'own.raw'), join(folder, 'own.link'))
    link(join(folder, 'shared.raw'), join(folder, 'shared.link'))
    const cases = [
      ['self.add-cow', false],
      ['own.add-cow', true],
      ['a.add-cow', false],
    ] as const
    for (const [name, writable] of cases) {
      const opening = openDisk(nodeHost, join(folder, name), { writable })
      await expect(opening, name).rejects.toMatchObject({ code: 'chain/same-file' })
    }
  })
})

describe('a chain with something missing', () => {
  test('its base', async () => {
    const host = simulated({ 'x.add-cow': addCow('gone', 'x.raw', 8, []), 'x.raw': filled(8, 1) })
    for (const writable of [false, true]) {
      await expect(openDisk(host, '/d/x.add-cow', { writable })).rejects.toMatchObject({
        code: 'chain/backing-missing',
        details: { path: '/d/x.add-cow', backing: '/d/gone' },
      })
    }
    const { layers, problem } = await inspectChain(host, '/d/x.add-cow')
    expect(layers).toHaveLength(1)
    expect(problem?.code).toBe('chain/backing-missing')
    expect(await inspectImage(host, '/d/x.add-cow')).toMatchObject({ virtualSize: 4096 })
    expect(host.openCount).toBe(0)
  })

  test('its image file, at the top or below', async () => {
    const below = { 'x.add-cow': addCow('', 'gone', 8, []) }
    const top = { 't.add-cow': addCow('x.add-cow', 't.raw', 8, []), 't.raw': filled(8, 1) }
    const host = simulated({ ...below, ...top })
    for (const name of ['x', 't']) {
      const opening = openDisk(host, `/d/${name}.add-cow`, { writable: false })
      await expect(opening).rejects.toMatchObject({
        code: 'chain/data-missing',
        details: { path: '/d/x.add-cow', image: '/d/gone' },
      })
    }
    expect(host.openCount).toBe(0)
  })

  test('itself', async () => {
    const host = simulated({ 'x.raw': filled(8, 1) })
    const opening = openDisk(host, '/d/x.add-cow', { writable: false })
    await expect(opening).rejects.toMatchObject({ code: 'file/missing' })
    await expect(inspectChain(host, '/d/x.add-cow')).rejects.toMatchObject({ code: 'file/missing' })
  })

  test('its base, where nothing is read from it any more', async () => {
    const metadata = acow('gone', 'x.raw')
    metadata[32] = 1
    const host = simulated({ 'x.add-cow': metadata, 'x.raw': filled(8, 1) })
    const disk = await openDisk(host, '/d/x.add-cow', { writable: true })
    expect(disk.layers).toHaveLength(1)
    await disk.close()
    expect((await diskContent(host, '/d/x.add-cow')).every((byte) => byte === 1)).toBe(true)
    expect((await inspectChain(host, '/d/x.add-cow')).problem).toBeUndefined()
  })

  test('a base behind a protocol is refused, not looked for', async () => {
    const host = simulated({
      'x.add-cow': addCow('http://h/x', 'x.raw', 8, []),
      'x.raw': filled(8, 1),
    })
    const opening = openDisk(host, '/d/x.add-cow', { writable: false })
    await expect(opening).rejects.toMatchObject({ code: 'not-supported' })
    expect([...host.openedPaths]).toEqual(['/d/x.add-cow', '/d/x.raw'])
  })
})

test('a short layer in the middle hides what lies below it', async () => {
  const host = simulated({
    'top.add-cow': addCow('mid.add-cow', 'top.raw', 16, [0]),
    'top.raw': filled(16, 1),
    'mid.add-cow': addCow('base.raw', 'mid.raw', 8, [1]),
    'mid.raw': filled(8, 2),
    'base.raw': filled(16, 3),
  })
  const bytes = await diskContent(host, '/d/top.add-cow')
  const sectors = Array.from({ length: 16 }, (_, n) => bytes[n * SECTOR])
  expect(sectors).toEqual([1, 2, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0])
  const disk = await openDisk(host, '/d/top.add-cow', { writable: false })
  const runs: unknown[] = []
  for await (const { length, depth, content: kind } of disk.extents()) {
    runs.push([length / SECTOR, depth, kind])
  }
  await disk.close()
  expect(runs).toEqual([
    [1, 0, 'data'],
    [1, 1, 'data'],
    [6, 2, 'data'],
    [8, undefined, 'zero'],
  ])
  // a base of 1023 bytes shows its whole sector alone
  const odd = simulated({
    'x.add-cow': addCow('odd.raw', 'x.raw', 2, []),
    'x.raw': filled(2, 9),
    'odd.raw': filled(2, 5).subarray(0, 1023),
  })
  const seen = await diskContent(odd, '/d/x.add-cow')
  expect(seen.subarray(0, 512).every((byte) => byte === 5)).toBe(true)
  expect(seen.subarray(512).every((byte) => byte === 0)).toBe(true)
})

describe('an image file that is the backing file as well', () => {
  test('is read in layout 1, never written', async () => {
    const host = simulated({
      'x.add-cow': addCow('x.raw', 'x.raw', 8, [0]),
      'x.raw': filled(8, 7),
    })
    expect((await diskContent(host, '/d/x.add-cow')).every((byte) => byte === 7)).toBe(true)
    const writing = openDisk(host, '/d/x.add-cow', { writable: true })
    await expect(writing).rejects.toMatchObject({ code: 'chain/same-file' })
    expect(host.openCount).toBe(0)
    expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
  })

  test('is refused in layout 2', async () => {
    const host = simulated({ 'x.add-cow': acow('x.raw', 'x.raw'), 'x.raw': filled(8, 7) })
    for (const writable of [false, true]) {
      const opening = openDisk(host, '/d/x.add-cow', { writable })
      await expect(opening).rejects.toMatchObject({ code: 'chain/same-file' })
    }
    expect(host.openCount).toBe(0)
  })
})
