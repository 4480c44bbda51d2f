import { describe, expect, test } from 'vitest'
import { KIB, SECTOR_SIZE } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import { type CompareResult, MAX_DIFFERING_RANGES } from '../../../engine/model/job'
import { unwatched } from '../../support/disks'
import { type FileSystemState, fileSystem } from '../../support/host-log'
import { BASE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import { SparseBytes } from '../../support/sparse-bytes'

const [ONE, OTHER] = ['/d/one.raw', '/d/other.raw']

async function compare(
  state: FileSystemState,
  paths: readonly [string, string] = [ONE, OTHER],
  firstOnly = false,
): Promise<CompareResult> {
  const host = new SimulatedHost(state)
  const [path, other] = paths
  const { compare: result } = await runJob(
    host,
    { kind: 'compare', path, other, firstOnly },
    unwatched,
  )
  expect(host.openCount).toBe(0)
  expect(host.log).toEqual([])
  if (result === undefined) throw new Error('no result')
  return result
}

/** Two disks that are the same but at these bytes. */
function differingAt(size: number, ...offsets: readonly number[]): FileSystemState {
  const one = new Random(1).bytes(size)
  const other = one.slice()
  for (const at of offsets) other[at] = (other[at] ?? 0) ^ 0xff
  return fileSystem({ [ONE]: one, [OTHER]: other })
}

describe('ranges that differ', () => {
  test('are none where nothing does', async () => {
    const found = await compare(differingAt(64 * KIB))
    expect(found).toEqual({
      identical: true,
      sizes: [64 * KIB, 64 * KIB],
      ranges: [],
      differingBytes: 0,
      more: false,
    })
  })

  test('are whole sectors, one where they touch', async () => {
    const found = await compare(differingAt(64 * KIB, 700, 1024, 1600, 5000, 64 * KIB - 1))
    expect(found).toMatchObject({
      identical: false,
      firstDifference: 700,
      ranges: [
        { offset: 512, length: 3 * SECTOR_SIZE },
        { offset: 9 * SECTOR_SIZE, length: SECTOR_SIZE },
        { offset: 63.5 * KIB, length: SECTOR_SIZE },
      ],
      differingBytes: 5 * SECTOR_SIZE,
      more: false,
    })
  })

  test('touch over the end of a piece that is read at once', async () => {
    const end = 1024 * KIB
    const { ranges } = await compare(differingAt(2 * end, end - 1, end))
    expect(ranges).toEqual([{ offset: end - SECTOR_SIZE, length: 2 * SECTOR_SIZE }])
  })

  test('end with the first one where only that is asked for', async () => {
    const found = await compare(differingAt(64 * KIB, 700, 5000), [ONE, OTHER], true)
    expect(found).toMatchObject({ identical: false, firstDifference: 700 })
    expect(found.ranges).toEqual([{ offset: SECTOR_SIZE, length: SECTOR_SIZE }])
  })

  test.each([0, 1, 2])('are listed up to a bound; %d more are only counted', async (more) => {
    const count = MAX_DIFFERING_RANGES + more
    const size = 2 * count * SECTOR_SIZE
    const other = new Uint8Array(size)
    for (let at = 0; at < size; at += 2 * SECTOR_SIZE) other[at] = 1
    const found = await compare(fileSystem({ [ONE]: new Uint8Array(size), [OTHER]: other }))
    expect(found.ranges).toHaveLength(MAX_DIFFERING_RANGES)
    expect(found.more).toBe(more > 0)
    expect(found.differingBytes).toBe(count * SECTOR_SIZE)
  })
})

describe('of two sizes, what the longer one has more', () => {
  const short = new Random(2).bytes(8 * KIB)

  test.each([[ONE, OTHER] as const, [OTHER, ONE] as const])(
    'is the same as zeros',
    async (...p) => {
      const long = new Uint8Array(20 * KIB)
      long.set(short)
      const found = await compare(fileSystem({ [ONE]: short, [OTHER]: long }), p)
      expect(found).toMatchObject({ identical: true, ranges: [] })
      expect([...found.sizes].sort((a, b) => a - b)).toEqual([8 * KIB, 20 * KIB])
    },
  )

  test('differs where it is not zero', async () => {
    const long = new Uint8Array(20 * KIB)
    long.set(short)
    long[20 * KIB - 1] = 1
    const found = await compare(fileSystem({ [ONE]: short, [OTHER]: long }))
    const ranges = [{ offset: 19.5 * KIB, length: SECTOR_SIZE }]
    expect(found).toMatchObject({ ranges, firstDifference: 20 * KIB - 1 })
  })
})

test('a hole is the same as zeros that were written', async () => {
  const hole = new SparseBytes()
  hole.truncate(32 * KIB)
  const found = await compare(fileSystem({ [ONE]: hole, [OTHER]: new Uint8Array(32 * KIB) }))
  expect(found.identical).toBe(true)
})

test('what both have from one place is not read', async () => {
  const random = new Random(4)
  const size = 64 * KIB
  const base = { length: size, data: [{ offset: 0, length: size }] }
  const spec = { layout: 'acow', clusterSize: 4 * KIB, size, base } as const
  const made = new SimulatedHost(newOverlay(spec, random))
  const disk = await openDisk(made, OVERLAY_PATH, { writable: true })
  await disk.write(random.bytes(4 * KIB), 8 * KIB)
  await disk.close()

  const reads: string[] = []
  const fail = ({ kind, path }: { readonly kind: string; readonly path: string }): undefined => {
    if (kind === 'read') reads.push(path)
  }
  const host = new SimulatedHost(made.snapshot(), { fail })
  const readsOf = async (other: string): Promise<number> => {
    reads.length = 0
    const request = { kind: 'compare', path: OVERLAY_PATH, other, firstOnly: false } as const
    const { compare: found } = await runJob(host, request, unwatched)
    const expected = other === BASE_PATH ? [{ offset: 8 * KIB, length: 4 * KIB }] : []
    expect(found?.ranges).toEqual(expected)
    return reads.filter((path) => path === BASE_PATH).length
  }
  // To open it, and to compare the one cluster.
  expect(await readsOf(BASE_PATH)).toBeLessThan(6)
  const alone = reads.length
  expect(await readsOf(OVERLAY_PATH)).toBeLessThan(alone)
  expect(reads.filter((path) => path.endsWith('.raw') && path !== BASE_PATH)).toEqual([])
})
