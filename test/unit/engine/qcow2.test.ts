import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type ErrorData, toErrorData } from '../../../engine/base/errors'
import { openDisk } from '../../../engine/image/disk'
import { inspectChain, inspectImage } from '../../../engine/image/inspect'
import { runJob } from '../../../engine/job/jobs'
import type { Finding } from '../../../engine/model/image'
import { plainContent } from '../../support/disks'
import { fileSystem } from '../../support/host-log'
import { type Built, type BuiltImage, buildQcow2, put32, put64 } from '../../support/qcow2-builder'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const PATH = '/d/x.qcow2'
const CLUSTER = 4096
const TOP_BIT = 1n << 63n

/** Six clusters of every kind, of which the third to last are data. */
function build(change: Partial<BuiltImage> = {}): Built {
  const image: BuiltImage = {
    version: 3,
    clusterBits: 12,
    size: 6 * CLUSTER,
    extended: false,
    clusters: ['none', 'zero', 'compressed', 'data', 'data', 'data'],
    snapshots: 2,
    ...change,
  }
  return buildQcow2(image, new Random(5))
}

function hostWith({ file, apart }: Built, others: Record<string, Uint8Array> = {}): SimulatedHost {
  const state = fileSystem({ [PATH]: file.toBytes(), '/d/apart.raw': apart.toBytes(), ...others })
  return new SimulatedHost(state)
}

async function read(host: SimulatedHost, path = PATH): Promise<Uint8Array> {
  const disk = await openDisk(host, path, { writable: false })
  try {
    const bytes = new Uint8Array(disk.size)
    await disk.read(bytes, 0)
    return bytes
  } finally {
    await disk.close()
  }
}

async function failure(work: Promise<unknown>): Promise<ErrorData> {
  return toErrorData(
    await work.then(
      () => new Error('it was done'),
      (error: unknown) => error,
    ),
  )
}

async function check(host: SimulatedHost): Promise<readonly Finding[]> {
  const control = { signal: new AbortController().signal, report: () => undefined }
  const result = await runJob(host, { kind: 'check', path: PATH, repair: 'none' }, control)
  return result.check?.findings ?? []
}

async function findings(host: SimulatedHost): Promise<string[]> {
  return (await check(host)).map(({ code, severity }) => `${severity} ${code}`)
}

function flipped(built: Built, at: number, value: number): Built {
  const byte = new Uint8Array(1)
  built.file.read(byte, at)
  built.file.write(Uint8Array.of((byte[0] ?? 0) ^ value), at)
  return built
}

describe('what must not be opened', () => {
  test.each([
    ['version 4', (b: Built) => put32(b.file, 4, 4), 'format/unsupported-version', /version 4/],
    ['version 1, another format', (b: Built) => put32(b.file, 4, 1), undefined, /qcow/],
    ['AES', (b: Built) => put32(b.file, 32, 1), 'format/unsupported-feature', /encrypted: aes/],
    ['LUKS', (b: Built) => put32(b.file, 32, 2), 'format/unsupported-feature', /encrypted: luks/],
    [
      'a feature with a name',
      (b: Built) => put64(b.file, 72, 1n << 9n),
      'format/unsupported-feature',
      /a feature of tomorrow/,
    ],
    [
      'a feature without',
      (b: Built) => put64(b.file, 72, 1n << 40n),
      'format/unsupported-feature',
      /bit 40/,
    ],
    [
      'a compression of tomorrow',
      (b: Built) => {
        put64(b.file, 72, 8n)
        b.file.write(Uint8Array.of(7), 104)
      },
      'format/unsupported-feature',
      /compression type 7/,
    ],
    [
      'zstd without its bit',
      (b: Built) => b.file.write(Uint8Array.of(1), 104),
      'format/corrupt',
      /feature bit/,
    ],
    [
      'clusters of 256 bytes',
      (b: Built) => put32(b.file, 20, 8),
      'format/corrupt',
      /cluster_bits are 8/,
    ],
    [
      'clusters of 4 MiB',
      (b: Built) => put32(b.file, 20, 22),
      'format/corrupt',
      /cluster_bits are 22/,
    ],
    ['subclusters too small', (b: Built) => put64(b.file, 72, 16n), 'format/corrupt', /too small/],
    ['no room in level 1', (b: Built) => put64(b.file, 24, 1n << 40n), 'format/corrupt', /entries/],
    [
      'more than a disk can be',
      (b: Built) => put64(b.file, 24, 1n << 60n),
      'format/corrupt',
      /longer/,
    ],
    ['level 1 too large', (b: Built) => put32(b.file, 36, 5_000_000), 'format/corrupt', /32 MiB/],
    [
      'level 1 outside',
      (b: Built) => put64(b.file, 40, 1n << 40n),
      'format/corrupt',
      /level 1 ends/,
    ],
    [
      'level 1 between clusters',
      (b: Built) => put64(b.file, 40, 512n),
      'format/corrupt',
      /no cluster/,
    ],
    ['a header of 8 bytes', (b: Built) => put32(b.file, 100, 8), 'format/corrupt', /8 bytes long/],
    [
      'an extension too long',
      (b: Built) => put32(b.file, 116, 1 << 30),
      'format/corrupt',
      /extension/,
    ],
    [
      'refcounts of 128 bits',
      (b: Built) => put32(b.file, 96, 7),
      'format/corrupt',
      /refcount_order/,
    ],
    ['a file cut off', (b: Built) => b.file.truncate(80), 'format/corrupt', /ends at byte 80/],
  ])('%s', async (_what, damage, code, message) => {
    const built = build()
    damage(built)
    const error = await failure(read(hostWith(built)))
    expect(error.message).toMatch(message)
    if (code !== undefined) expect(error).toMatchObject({ code, details: { path: PATH } })
  })

  test('a data file that is not there, or is the image itself', async () => {
    const clusters = ['none', 'data'] as const
    const built = build({ clusters, dataFile: 'gone.raw' })
    expect(await failure(read(hostWith(built)))).toMatchObject({ code: 'chain/data-missing' })
    const own = build({ clusters, dataFile: 'x.qcow2' })
    expect(await failure(read(hostWith(own)))).toMatchObject({ code: 'chain/same-file' })
  })

  test('its own backing file', async () => {
    const built = build({ backing: { name: 'x.qcow2', format: 'qcow2' } })
    expect(await failure(read(hostWith(built)))).toMatchObject({ code: 'chain/loop' })
  })
})

describe('damage further in', () => {
  const [L1_ENTRY, L2_ENTRY] = [0, 3 * 8]
  test.each([
    ['a table outside of the file', (b: Built) => put64(b.file, b.l1 + L1_ENTRY, 1n << 40n)],
    ['a table between clusters', (b: Built) => put64(b.file, b.l1 + L1_ENTRY, 512n)],
    [
      'data outside of the file',
      (b: Built) => put64(b.file, at(b) + L2_ENTRY, TOP_BIT | (1n << 40n)),
    ],
    ['data between clusters', (b: Built) => put64(b.file, at(b) + L2_ENTRY, TOP_BIT | 512n)],
    ['a file cut off in the data', (b: Built) => b.file.truncate(b.file.length - 2 * CLUSTER)],
  ])('%s: an error where it is read, and a finding', async (_what, damage) => {
    const built = build()
    damage(built)
    const error = await failure(read(hostWith(built)))
    expect(error).toMatchObject({ code: 'format/corrupt', details: { path: PATH } })
    expect(await findings(hostWith(built))).toContain('corruption entry-damaged')
    const chain = await inspectChain(hostWith(built), PATH)
    expect(chain).toMatchObject({ layers: [{ path: PATH }], problem: { code: 'format/corrupt' } })
  })

  test('what is not damaged is read', async () => {
    const whole = await read(hostWith(build()))
    const built = build()
    put64(built.file, at(built) + L2_ENTRY, 1n << 40n)
    const disk = await openDisk(hostWith(built), PATH, { writable: false })
    for (const cluster of [0, 1, 2, 4, 5]) {
      const bytes = new Uint8Array(CLUSTER)
      await disk.read(bytes, cluster * CLUSTER)
      expect(bytes).toEqual(whole.subarray(cluster * CLUSTER, (cluster + 1) * CLUSTER))
    }
    await disk.close()
  })

  test.each([
    ['nonsense', Uint8Array.of(0xff, 0xff, 0xff)],
    ['too little', deflateRawSync(new Uint8Array(CLUSTER - 1))],
    ['too much', deflateRawSync(new Uint8Array(CLUSTER + 1))],
  ])('a compressed cluster of %s', async (_what, bytes) => {
    const built = build()
    const place = new Uint8Array(8)
    built.file.read(place, at(built) + 2 * 8)
    const offset = new DataView(place.buffer).getUint32(4)
    built.file.write(bytes, offset)
    expect(await failure(read(hostWith(built)))).toMatchObject({
      code: 'format/corrupt',
      details: { host: offset },
    })
  })

  test('a zero cluster in version 2, and subclusters that are both', async () => {
    const old = build({ version: 2, clusters: ['none', 'zero'] })
    expect(await failure(read(hostWith(old)))).toMatchObject({ code: 'format/corrupt' })
    const both = build({ clusterBits: 14, extended: true, clusters: ['data'], size: 1 << 14 })
    put64(both.file, at(both) + 8, 0x1_0000_0001n)
    expect(await failure(read(hostWith(both)))).toMatchObject({ code: 'format/corrupt' })
  })

  test('a snapshot table outside of the file', async () => {
    const built = build()
    put64(built.file, 64, BigInt(built.file.length))
    expect(await failure(inspectImage(hostWith(built), PATH))).toMatchObject({
      code: 'format/corrupt',
    })
    expect(await findings(hostWith(built))).toContain('corruption table-damaged')
  })
})

describe('check', () => {
  test('a sound image has no findings', async () => {
    expect(await findings(hostWith(build()))).toEqual([])
  })

  test.each([
    ['dirty', (b: Built) => flipped(b, 79, 1), 'notice marked-dirty'],
    ['corrupt', (b: Built) => flipped(b, 79, 2), 'corruption marked-corrupt'],
    [
      'a cluster in the header',
      (b: Built) => put64(b.file, at(b) + 24, TOP_BIT | BigInt(b.l1)),
      'corruption cluster-in-metadata',
    ],
    [
      'two clusters in one place',
      (b: Built) => {
        const entry = new Uint8Array(8)
        b.file.read(entry, at(b) + 24)
        b.file.write(entry, at(b) + 32)
      },
      'corruption cluster-shared',
    ],
    ['refcounts outside', (b: Built) => put64(b.file, 48, 1n << 40n), 'corruption table-damaged'],
  ])('%s', async (_what, damage, finding) => {
    const built = build()
    damage(built)
    expect(await findings(hostWith(built))).toContain(finding)
  })

  test('each cluster counts that lies in the place of another, or where none can be', async () => {
    const clusters = ['data', 'data', 'data', 'none', 'none', 'none'] as const
    const built = build({ clusters })
    const entries = new Uint8Array(3 * 8)
    built.file.read(entries, at(built))
    built.file.write(entries, at(built) + 3 * 8)
    expect(await check(hostWith(built))).toMatchObject([
      { code: 'cluster-shared', details: { times: 3, offset: 3 * CLUSTER } },
    ])
    const short = build({ clusters })
    short.file.truncate(short.file.length - 2 * CLUSTER)
    expect(await check(hostWith(short))).toMatchObject([
      { code: 'entry-damaged', details: { times: 2, offset: CLUSTER } },
    ])
  })

  test('shared clusters are no damage where no entry says that it is alone', async () => {
    const built = build()
    const entry = new Uint8Array(8)
    built.file.read(entry, at(built) + 24)
    entry[0] = (entry[0] ?? 0) & 0x7f
    for (const place of [24, 32]) built.file.write(entry, at(built) + place)
    expect(await findings(hostWith(built))).toEqual([])
  })
})

describe('reading', () => {
  test('a backing file without a stated format is probed: raw, qcow2, but no other', async () => {
    const built = build({ backing: { name: 'base' } })
    const raw = new Random(9).bytes(6 * CLUSTER)
    const onRaw = await read(hostWith(built, { '/d/base': raw }))
    expect(onRaw.subarray(0, CLUSTER)).toEqual(raw.subarray(0, CLUSTER))
    const inner = build({ clusters: ['data'], size: CLUSTER })
    const onQcow2 = await read(hostWith(built, { '/d/base': inner.file.toBytes() }))
    expect(onQcow2.subarray(0, CLUSTER)).toEqual((await read(hostWith(inner))).subarray(0, CLUSTER))
    raw.set(Buffer.from('LUKS\u00ba\u00be', 'latin1'))
    expect(await failure(read(hostWith(built, { '/d/base': raw })))).toMatchObject({
      code: 'not-supported',
    })
  })

  test('the format that is stated is the one that is opened', async () => {
    const inner = build({ clusters: ['data'], size: CLUSTER }).file.toBytes()
    const asRaw = build({ backing: { name: 'base', format: 'raw' } })
    const bytes = await read(hostWith(asRaw, { '/d/base': inner }))
    expect(bytes.subarray(0, CLUSTER)).toEqual(inner.subarray(0, CLUSTER))
    const asQcow2 = build({ backing: { name: 'base', format: 'qcow2' } })
    const raw = new Uint8Array(CLUSTER)
    expect(await failure(read(hostWith(asQcow2, { '/d/base': raw })))).toMatchObject({
      code: 'format/unrecognized',
    })
  })

  test('nothing is written, and an image for writing refuses', async () => {
    const host = hostWith(build())
    const code = 'read-only'
    expect(await failure(openDisk(host, PATH, { writable: true }))).toMatchObject({ code })
    expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
  })

  test('what a data file is too short for reads as zero', async () => {
    const clusters = ['none', 'none', 'zero', 'zero', 'data', 'data'] as const
    const built = build({ clusters, dataFile: 'apart.raw' })
    built.apart.truncate(0)
    expect(await read(hostWith(built))).toEqual(new Uint8Array(6 * CLUSTER))
    expect(await check(hostWith(built))).toEqual([])
  })

  test('info tells of what is in the header', async () => {
    const info = await inspectImage(hostWith(build()), PATH)
    expect(info).toMatchObject({
      format: 'qcow2',
      virtualSize: 6 * CLUSTER,
      allocatedBytes: 5 * CLUSTER,
      clusterSize: CLUSTER,
      qcow2: { version: 3, compression: 'zlib', dirty: false, corrupt: false },
    })
    const names = info.qcow2?.snapshots.map(({ id, name }) => `${id} ${name}`)
    expect(names).toEqual(['1 snapshot 0', '2 snapshot 1'])
  })

  test('requests that start and end within compressed clusters', async () => {
    const count = 200
    const clusters = Array.from({ length: count }, () => 'compressed' as const)
    const built = build({ clusters, size: count * CLUSTER })
    const whole = await read(hostWith(built))
    const disk = await openDisk(hostWith(built), PATH, { writable: false })
    for (let offset = 0; offset < disk.size; offset += 3000) {
      const bytes = new Uint8Array(Math.min(3000, disk.size - offset))
      await disk.read(bytes, offset)
      expect(bytes).toEqual(whole.subarray(offset, offset + bytes.length))
    }
    await disk.close()
  })

  test('zeros and data are plain, and data lies where it is said to; nothing else is', async () => {
    const built = build({
      clusters: ['none', 'zero', 'compressed', 'data', 'zero-allocated', 'data'],
    })
    const whole = await read(hostWith(built))
    const disk = await openDisk(hostWith(built), PATH, { writable: false })
    // brings the tables into memory, without which nothing can be told at once
    await disk.read(new Uint8Array(1), 0)
    const runs = await plainContent(disk, { offset: 700, length: disk.size - 700 })
    const covered = runs.map(({ offset, bytes }) => [offset, bytes.length])
    expect(covered).toEqual([
      [700, CLUSTER - 700],
      [CLUSTER, CLUSTER],
      [3 * CLUSTER, CLUSTER],
      [4 * CLUSTER, CLUSTER],
      [5 * CLUSTER, CLUSTER],
    ])
    for (const { offset, bytes } of runs) {
      expect(bytes).toEqual(whole.subarray(offset, offset + bytes.length))
    }
    await disk.close()
  })

  test('many requests at a time, in more compressed clusters than are kept', async () => {
    const count = 300
    const clusters = Array.from({ length: count }, () => 'compressed' as const)
    const built = build({ clusters, size: count * CLUSTER })
    const whole = await read(hostWith(built))
    const disk = await openDisk(hostWith(built), PATH, { writable: false })
    const random = new Random(5)
    const readSome = async (): Promise<void> => {
      for (let left = 50; left > 0; left -= 1) {
        const bytes = new Uint8Array(1 + random.below(2 * CLUSTER))
        const offset = random.below(disk.size - bytes.length)
        await disk.read(bytes, offset)
        const expected = whole.subarray(offset, offset + bytes.length)
        expect(Buffer.compare(bytes, expected)).toBe(0)
      }
    }
    await Promise.all(Array.from({ length: 100 }, readSome))
    await disk.close()
  })
})

/** Where the first table of level 2 is. */
function at({ l2 }: Built): number {
  return l2[0] ?? 0
}
