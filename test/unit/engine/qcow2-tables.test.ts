import { describe, expect, test } from 'vitest'
import { GIB, MIB } from '../../../engine/base/units'
import { DEFAULT_CACHE_BYTES, PAGE_SIZE } from '../../../engine/cache/page-cache'
import { ClusterUse } from '../../../engine/format/qcow2/cluster-use'
import { type Disk, openDisk } from '../../../engine/image/disk'
import { checkDisk } from '../../support/disks'
import { fileSystem } from '../../support/host-log'
import {
  type Built,
  type BuiltCluster,
  type BuiltImage,
  buildQcow2,
  put64,
} from '../../support/qcow2-builder'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const PATH = '/d/x.qcow2'
const CLUSTER = 4096
const SOLE = 1n << 63n
/** Bytes of the disk that one table of a cluster maps. */
const TABLE_SPAN = (CLUSTER / 8) * CLUSTER

const emptyImage: BuiltImage = {
  version: 3,
  clusterBits: 12,
  size: 0,
  extended: false,
  clusters: [],
  snapshots: 0,
}

function hostWith({ file }: Built, others: Record<string, Uint8Array> = {}): SimulatedHost {
  return new SimulatedHost(fileSystem({ [PATH]: file.toBytes(), ...others }))
}

/** A disk with so many tables, all there and empty. */
function withTables(count: number): SimulatedHost {
  const built = buildQcow2({ ...emptyImage, size: count * TABLE_SPAN }, new Random(1))
  const start = Math.ceil(built.file.length / CLUSTER) * CLUSTER
  for (let table = 0; table < count; table += 1) {
    put64(built.file, built.l1 + table * 8, SOLE | BigInt(start + table * CLUSTER))
  }
  built.file.truncate(start + count * CLUSTER)
  return hostWith(built)
}

/** Calls to the host that a walk over the whole disk takes, backwards: nothing is read ahead. */
async function callsOfWalk(host: SimulatedHost, disk: Disk): Promise<number> {
  const before = host.calls
  for (let at = disk.size - TABLE_SPAN; at >= 0; at -= TABLE_SPAN) {
    await disk.extentAt({ offset: at, length: CLUSTER })
  }
  return host.calls - before
}

describe('memory that tables take', () => {
  // what is kept need not be read again: so what is read again tells what was not kept
  test('pages of tables are kept up to a limit, whatever the size of the disk', async () => {
    const kept = DEFAULT_CACHE_BYTES / PAGE_SIZE
    const host = withTables(2 * kept)
    const disk = await openDisk(host, PATH, { writable: false })
    expect(await callsOfWalk(host, disk)).toBeGreaterThanOrEqual(2 * kept)
    expect(await callsOfWalk(host, disk)).toBeGreaterThanOrEqual(kept)
    await disk.close()
  })

  test('those of a disk that has few are all kept', async () => {
    const host = withTables(100)
    const disk = await openDisk(host, PATH, { writable: false })
    expect(await callsOfWalk(host, disk)).toBeGreaterThanOrEqual(100)
    expect(await callsOfWalk(host, disk)).toBe(0)
    await disk.close()
  })

  test('decompressed clusters are kept up to a limit', async () => {
    const clusters = new Array<BuiltCluster>(3 * 64).fill('compressed')
    const image = { ...emptyImage, size: clusters.length * CLUSTER, clusters }
    const host = hostWith(buildQcow2(image, new Random(2)))
    const disk = await openDisk(host, PATH, { writable: false })
    const bytes = new Uint8Array(disk.size)
    await disk.read(bytes, 0)
    const before = host.calls
    await disk.read(bytes, 0)
    expect(host.calls - before).toBeGreaterThanOrEqual(2 * 64)
    await disk.close()
  })

  test('what clusters are used for is noted for so many, and said where there are more', () => {
    const use = new ClusterUse(CLUSTER)
    // the first cluster of each page of notes: 16384 pages of 16384 clusters
    const span = 16384 * CLUSTER
    for (let page = 0; page < 16384; page += 1) use.add(page * span, CLUSTER, 'data')
    expect(use.full).toBe(false)
    expect(use.add(0, CLUSTER, 'data')).toBe('data')
    use.add(16384 * span, CLUSTER, 'data')
    expect(use.full).toBe(true)
    expect(use.add(16384 * span, CLUSTER, 'data')).toBeUndefined()
    expect(use.add(span, CLUSTER, 'data')).toBe('data')
  })
})

/** Kinds in runs, some of them longer than what one page of a table tells. */
function randomClusters(random: Random, count: number, extended: boolean): BuiltCluster[] {
  const plain = ['none', 'zero', 'zero-allocated', 'data', 'data', 'compressed'] as const
  const kinds = extended ? ([...plain, 'mixed'] as const) : plain
  const clusters: BuiltCluster[] = []
  while (clusters.length < count) {
    const kind = random.pick(kinds)
    const length = Math.min(random.between(1, 100), count - clusters.length)
    clusters.push(...new Array<BuiltCluster>(length).fill(kind))
  }
  return clusters
}

interface Told {
  readonly allocated: boolean
  readonly content: string
  readonly end: number
}

/** What the disk tells of itself, asked for so many bytes at a time; runs that go on in one. */
async function told(disk: Disk, step: number): Promise<Told[]> {
  const runs: Told[] = []
  let follows: number | undefined
  for (let at = 0; at < disk.size;) {
    const length = Math.min(step - (at % step), disk.size - at)
    const extent = await disk.top.extentAt({ offset: at, length })
    const end = at + extent.length
    const { allocated, content, source } = extent
    const last = runs.at(-1)
    const alike = last?.allocated === allocated && last.content === content
    if (alike && follows === source?.offset) runs.pop()
    runs.push({ allocated, content, end })
    follows = source === undefined ? undefined : source.offset + extent.length
    at = end
  }
  return runs
}

describe('entries that say the same', () => {
  test.each([
    { clusterBits: 9, extended: false },
    { clusterBits: 12, extended: false },
    { clusterBits: 14, extended: true },
    { clusterBits: 12, extended: false, dataFile: 'apart.raw' },
  ])('are told as one run, as cluster by cluster: %j', async (variant) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const random = new Random(seed)
      const { dataFile } = variant as { readonly dataFile?: string }
      const kinds = randomClusters(random, random.between(300, 900), variant.extended)
      const clusters = kinds.map((kind) =>
        dataFile !== undefined && kind === 'compressed' ? 'data' : kind,
      )
      const size = clusters.length * 2 ** variant.clusterBits - random.pick([0, 512])
      const built = buildQcow2({ ...emptyImage, ...variant, size, clusters }, random)
      const others = dataFile === undefined ? {} : { '/d/apart.raw': built.apart.toBytes() }
      const disk = await openDisk(hostWith(built, others), PATH, { writable: false })
      const each = await told(disk, 512)
      expect(each.length).toBeGreaterThan(3)
      expect(await told(disk, GIB), `seed ${String(seed)}`).toEqual(each)
      expect(await told(disk, MIB), `seed ${String(seed)}`).toEqual(each)
      await disk.close()
    }
  })

  test('each cluster of a run that lies where another one does is counted', async () => {
    const clusters = new Array<BuiltCluster>(40).fill('data')
    const built = buildQcow2({ ...emptyImage, size: 40 * CLUSTER, clusters }, new Random(3))
    const [table = 0] = built.l2
    const first = table + CLUSTER
    for (let i = 0; i < 10; i += 1) {
      put64(built.file, table + (20 + i) * 8, SOLE | BigInt(first + (5 + i) * CLUSTER))
    }
    const { findings } = await checkDisk(hostWith(built), PATH, 'none')
    expect(findings).toMatchObject([
      { code: 'cluster-shared', details: { times: 10, offset: 20 * CLUSTER } },
    ])
  })

  test('what of a run passes the end of the file is told, cluster by cluster', async () => {
    const clusters = new Array<BuiltCluster>(40).fill('data')
    const built = buildQcow2({ ...emptyImage, size: 40 * CLUSTER, clusters }, new Random(4))
    built.file.truncate(built.file.length - 7 * CLUSTER)
    const { findings, allocatedClusters } = await checkDisk(hostWith(built), PATH, 'none')
    expect(findings).toMatchObject([
      { code: 'entry-damaged', details: { times: 7, offset: 33 * CLUSTER } },
    ])
    expect(allocatedClusters).toBe(33)
  })
})
