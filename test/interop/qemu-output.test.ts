import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { KIB, MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { addCowImg, output, run } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { type MapEntry, mapEntry } from './map-entry'
import { writeSparse } from './random-overlay'

const SIZE = 10 * MIB
const object = z.record(z.string(), z.unknown())

/** A sparse raw file with data in two places. */
function makeBase(folder: string, name = 'base.raw'): void {
  const bytes = new Uint8Array(SIZE)
  bytes.set(new Random(1).bytes(MIB), MIB)
  bytes.set(new Random(2).bytes(64 * KIB), 5 * MIB)
  writeSparse(join(folder, name), bytes)
}

/** Where data goes in each layer: whole clusters and a part of one, over data and over holes. */
const layerWrites: readonly (readonly [offset: number, length: number][])[] = [
  [
    [64 * KIB, 64 * KIB],
    [3 * MIB, 300 * KIB],
  ],
  [
    [0, 512],
    [MIB, 128 * KIB],
    [9 * MIB, 100 * KIB],
  ],
]

/** Two overlays on one base, once as acow and once as qcow2, both of 64 KiB clusters. */
async function makeTwins(folder: string, size = SIZE): Promise<void> {
  makeBase(folder)
  let [backing, qemuBacking, qemuFormat] = ['base.raw', 'base.raw', 'raw']
  for (const [index, writes] of layerWrites.entries()) {
    const [name, twin] = [`layer${String(index)}.add-cow`, `layer${String(index)}.qcow2`]
    const topSize = index === 0 ? [] : [String(size)]
    const options = `image_file=layer${String(index)}.raw,backing_file=${backing}`
    await succeed(folder, 'create', '-f', 'acow', '-o', options, name, ...topSize)
    const create = ['create', '-q', '-f', 'qcow2', '-b', qemuBacking, '-F', qemuFormat]
    await output(folder, 'qemu-img', ...create, twin, ...topSize)
    const disk = await openDisk(nodeHost, join(folder, name), { writable: true })
    for (const [offset, length] of writes) {
      if (offset >= disk.size) continue
      await disk.write(new Random(offset).bytes(length), offset)
      const write = `write -P 0x5a ${String(offset)} ${String(length)}`
      await output(folder, 'qemu-io', '-f', 'qcow2', '-c', write, twin)
    }
    await disk.close()
    ;[backing, qemuBacking, qemuFormat] = [name, twin, 'qcow2']
  }
}

async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await addCowImg(folder, ...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

async function ourJson<T>(schema: z.ZodType<T>, cwd: string, ...args: string[]): Promise<T> {
  const [command = '', ...rest] = args
  return schema.parse(JSON.parse(await succeed(cwd, command, '--output=json', ...rest)))
}

async function qemuJson<T>(schema: z.ZodType<T>, cwd: string, ...args: string[]): Promise<T> {
  const [command = '', ...rest] = args
  return schema.parse(JSON.parse(await output(cwd, 'qemu-img', command, '--output=json', ...rest)))
}

describeNeeding([program('qemu-img'), program('qemu-io')], 'beside qemu-img', () => {
  test('info of a raw file is the same', async () => {
    const folder = temporaryFolder()
    makeBase(folder)
    const ours = await ourJson(object, folder, 'info', 'base.raw')
    expect(ours).toEqual(await qemuJson(object, folder, 'info', '-f', 'raw', 'base.raw'))
    const text = await succeed(folder, 'info', 'base.raw')
    expect(text).toBe(await output(folder, 'qemu-img', 'info', '-f', 'raw', 'base.raw'))
  })

  test('info of an overlay has the same keys and figures', async () => {
    const folder = temporaryFolder()
    await makeTwins(folder)
    const [ours, theirs] = [
      await ourJson(z.array(object), folder, 'info', '--backing-chain', 'layer1.add-cow'),
      await qemuJson(z.array(object), folder, 'info', '--backing-chain', 'layer1.qcow2'),
    ]
    expect(ours.map((layer) => Object.keys(layer).sort())).toEqual(
      theirs.map((layer) => Object.keys(layer).sort()),
    )
    expect(ours.at(-1)).toEqual(theirs.at(-1))
    expect(ours.length).toBe(3)
    for (const key of ['virtual-size', 'cluster-size', 'dirty-flag']) {
      expect(ours.map((layer) => layer[key])).toEqual(theirs.map((layer) => layer[key]))
    }
    for (const key of ['filename', 'backing-filename', 'full-backing-filename']) {
      const renamed = theirs.map((layer) => String(layer[key]).replace('qcow2', 'add-cow'))
      expect(ours.map((layer) => String(layer[key]))).toEqual(renamed)
    }
    expect(ours[0]?.['format']).toBe('acow')
    expect(ours[0]?.['backing-filename-format']).toBe('add-cow')
    expect(ours[1]?.['backing-filename-format']).toBe('raw')
  })

  test('map of a raw file is the same', async () => {
    const folder = temporaryFolder()
    makeBase(folder)
    expect(await ourMap(folder, 'base.raw')).toEqual(await qemuMap(folder, 'base.raw', 'raw'))
    const text = await succeed(folder, 'map', 'base.raw')
    expect(text).toBe(await output(folder, 'qemu-img', 'map', '-f', 'raw', 'base.raw'))
  })

  test.each([12 * MIB, SIZE, 4 * MIB])(
    'map of an overlay of %i bytes has the same runs',
    async (size) => {
      const folder = temporaryFolder()
      await makeTwins(folder, size)
      const ours = await ourMap(folder, 'layer1.add-cow')
      const theirs = await qemuMap(folder, 'layer1.qcow2', 'qcow2')
      expect(withoutOwnOffsets(ours)).toEqual(withoutOwnOffsets(theirs))
      expect(ours.length).toBeGreaterThan(5)
    },
  )

  test('map without a base says what no layer holds', async () => {
    const folder = temporaryFolder()
    await succeed(folder, 'create', '-o', 'image_file=x.raw', 'x.add-cow', '1M')
    await output(folder, 'qemu-img', 'create', '-q', '-f', 'qcow2', 'x.qcow2', '1M')
    const options = 'image_file=y.raw,backing_file=x.add-cow'
    await succeed(folder, 'create', '-o', options, 'y.add-cow', '2M')
    const qemuOptions = ['-f', 'qcow2', '-b', 'x.qcow2', '-F', 'qcow2', 'y.qcow2', '2M']
    await output(folder, 'qemu-img', 'create', '-q', ...qemuOptions)
    for (const name of ['x', 'y']) {
      const ours = await ourMap(folder, `${name}.add-cow`)
      expect(ours).toEqual(await qemuMap(folder, `${name}.qcow2`, 'qcow2'))
    }
  })

  test('check counts the same clusters', async () => {
    const folder = temporaryFolder()
    await makeTwins(folder)
    const ours = await ourJson(object, folder, 'check', 'layer1.add-cow')
    const theirs = await qemuJson(object, folder, 'check', 'layer1.qcow2')
    for (const key of ['check-errors', 'total-clusters', 'allocated-clusters']) {
      expect(theirs[key]).toBeTypeOf('number')
      expect(ours[key]).toBe(theirs[key])
    }
    expect(ours).toMatchObject({
      filename: 'layer1.add-cow',
      format: 'acow',
      corruptions: 0,
      leaks: 0,
      'corruptions-fixed': 0,
      'leaks-fixed': 0,
      findings: [],
    })
    const text = await succeed(folder, 'check', 'layer1.add-cow')
    expect(text).toContain('No errors were found on the image.\n')
    expect(text).toContain('/160 = ')
  })

  test('check counts leaks and corruptions, and mends what it may', async () => {
    const folder = temporaryFolder()
    await makeTwins(folder)
    writeFileSync(join(folder, 'layer1.raw'), new Random(3).bytes(SIZE))
    const leaking = await addCowImg(folder, 'check', '--output=json', 'layer1.add-cow')
    expect(leaking.code).toBe(3)
    expect(object.parse(JSON.parse(leaking.stdout))).toMatchObject({ leaks: 1, corruptions: 0 })
    const mended = await addCowImg(folder, 'check', '-r', 'leaks', 'layer1.add-cow')
    expect(mended).toMatchObject({ code: 0, stderr: '' })
    expect(mended.stdout).toContain('Repaired: ')

    truncateSync(join(folder, 'layer1.add-cow'), 64 * KIB)
    const short = await addCowImg(folder, 'check', '--output=json', 'layer1.add-cow')
    expect(short.code).toBe(2)
    expect(object.parse(JSON.parse(short.stdout))).toMatchObject({ 'check-errors': 0 })
    expect((await addCowImg(folder, 'check', '-q', '-r', 'all', 'layer1.add-cow')).stdout).toBe('')
  })

  test("the original's own example works word for word", async () => {
    const folder = temporaryFolder()
    makeBase(folder, 'ubuntu.img')
    const example = 'create -f add-cow -o backing_file=ubuntu.img,image_file=test.raw test.add-cow'
    await succeed(folder, ...example.split(' '))
    await succeed(folder, 'flatten', 'test.add-cow')
    const compare = ['compare', '-f', 'raw', '-F', 'raw', 'ubuntu.img', 'test.raw']
    expect(await output(folder, 'qemu-img', ...compare)).toBe('Images are identical.\n')
  })

  test('resize takes the words of qemu-img', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sub'))
    makeBase(folder)
    const options = 'backing_file=../base.raw,image_file=x.raw'
    await succeed(folder, 'create', '-q', '-o', options, 'sub/x.add-cow')
    for (const [size, ...args] of [
      [12 * MIB, '+2M'],
      [10.5 * MIB, '-1536K', '--shrink'],
      [1536 * MIB, '1.5G'],
    ] as const) {
      const [change, ...flags] = args
      const said = await succeed(folder, 'resize', ...flags, 'sub/x.add-cow', change)
      expect(said).toBe('Image resized.\n')
      expect((await ourJson(object, folder, 'info', 'sub/x.add-cow'))['virtual-size']).toBe(size)
    }
    const refused = await run(folder, 'qemu-img', 'resize', '-f', 'raw', 'base.raw', '1M')
    const ours = await addCowImg(folder, 'resize', 'sub/x.add-cow', '1M')
    expect([refused.code, ours.code]).toEqual([1, 1])
    expect(ours.stderr).toContain('--shrink')
  })
})

/** Without the file names, which this qemu-img leaves out of its JSON. */
async function ourMap(folder: string, name: string): Promise<MapEntry[]> {
  return await ourJson(z.array(mapEntry), folder, 'map', name)
}

async function qemuMap(folder: string, name: string, format: string): Promise<MapEntry[]> {
  return await qemuJson(z.array(mapEntry), folder, 'map', '-f', format, name)
}

/** Where qcow2 puts a cluster in its file is its own affair. */
function withoutOwnOffsets(entries: readonly MapEntry[]): MapEntry[] {
  const merged: MapEntry[] = []
  for (const { offset, ...entry } of entries) {
    const isBase = entry.depth === 2 && offset !== undefined
    const next = isBase ? { ...entry, offset } : entry
    const last = merged.at(-1)
    if (last?.depth === next.depth && last.data === next.data && last.present === next.present) {
      merged[merged.length - 1] = { ...last, length: last.length + next.length }
    } else {
      merged.push(next)
    }
  }
  return merged
}
