import { describe, expect, test } from 'vitest'
import { encodeHeader } from '../../../engine/format/add-cow/header'
import type { Host } from '../../../engine/host/host'
import { openDisk } from '../../../engine/image/disk'
import { fingerprintDisk } from '../../../engine/image/fingerprint'
import { runJob } from '../../../engine/job/jobs'
import type { CheckResult, Finding, FindingCode, Fingerprint } from '../../../engine/model/image'
import { FINDING_CODES } from '../../../engine/model/image'
import type { HostCall } from '../../support/host-call'
import { fileSystem, type FileSystemState } from '../../support/host-log'
import { BASE_PATH, IMAGE_PATH, metadataFile, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import { SparseBytes } from '../../support/sparse-bytes'

type Repair = 'none' | 'leaks' | 'all'

/** A disk of 64 KiB and 3 sectors: its bitmap is 16 bytes and 3 bits of a 17th. */
const SIZE = 65536 + 3 * 512
const BITMAP = 2560
const BITMAP_LENGTH = 17
const CLUSTER = 4096
const ACOW_BITMAP = 4096

interface Files {
  readonly metadata: SparseBytes
  readonly image: SparseBytes
  readonly base: SparseBytes
}

/** An overlay with sectors 0 to 15 (clusters 0 and 1) allocated, on a base that is all data. */
function files(layout: 'add-cow' | 'acow'): Files {
  const random = new Random(3)
  const clusterSize = layout === 'acow' ? CLUSTER : 512
  const base = new SparseBytes()
  base.write(random.bytes(SIZE), 0)
  const metadata = metadataFile({ layout, clusterSize, size: SIZE, base: { length: 0, data: [] } })
  metadata.write(
    layout === 'acow' ? Uint8Array.of(3) : Uint8Array.of(0xff, 0xff),
    layout === 'acow' ? ACOW_BITMAP : BITMAP,
  )
  const image = new SparseBytes()
  image.write(random.bytes(8192), 0)
  image.truncate(SIZE)
  return { metadata, image, base }
}

function state({ metadata, image, base }: Files): FileSystemState {
  return fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: image, [BASE_PATH]: base })
}

async function check(
  host: Host,
  repair: Repair,
  expectedBase?: Fingerprint,
  path = OVERLAY_PATH,
): Promise<CheckResult> {
  const request = { kind: 'check', path, repair } as const
  const control = { signal: new AbortController().signal, report: () => undefined }
  const full = expectedBase === undefined ? request : { ...request, expectedBase }
  const { check: result } = await runJob(host, full, control)
  if (result === undefined) throw new Error('a check without a result')
  return result
}

async function content(host: Host, path = OVERLAY_PATH): Promise<Buffer> {
  const disk = await openDisk(host, path, { writable: false })
  try {
    const bytes = Buffer.alloc(disk.size)
    await disk.read(bytes, 0)
    return bytes
  } finally {
    await disk.close()
  }
}

function codes({ findings }: CheckResult): FindingCode[] {
  return findings.map(({ code }) => code)
}

/** All files and their bytes, to see that nothing was changed. */
function bytesOf(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(
    host.paths.map((path) => [
      path,
      Buffer.from(host.bytesAt(path)?.toBytes() ?? []).toString('base64'),
    ]),
  )
}

interface Case {
  readonly name: string
  readonly layout: 'add-cow' | 'acow'
  readonly damage: (files: Files) => void
  readonly finding: Pick<Finding, 'code' | 'severity'>
  readonly by?: 'leaks' | 'all'
  readonly details?: Finding['details']
}

const CASES: readonly Case[] = [
  {
    name: 'a bitmap that is cut off',
    layout: 'add-cow',
    damage: ({ metadata }) => {
      metadata.truncate(BITMAP + 5)
    },
    finding: { code: 'metadata-short', severity: 'corruption' },
    by: 'all',
    details: { path: OVERLAY_PATH, length: BITMAP + 5, needed: BITMAP + BITMAP_LENGTH },
  },
  {
    name: 'a bitmap that is cut off at its very start',
    layout: 'acow',
    damage: ({ metadata, image }) => {
      metadata.truncate(ACOW_BITMAP)
      image.punch(0, SIZE)
    },
    finding: { code: 'metadata-short', severity: 'corruption' },
    by: 'all',
    details: { path: OVERLAY_PATH, length: ACOW_BITMAP, needed: ACOW_BITMAP + 3 },
  },
  {
    name: 'bits behind the end in the last byte',
    layout: 'add-cow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(0b1010_1000), BITMAP + BITMAP_LENGTH - 1)
    },
    finding: { code: 'bits-past-end', severity: 'leak' },
    by: 'leaks',
    details: { path: OVERLAY_PATH, bits: 3 },
  },
  {
    name: 'bits in the padding of the bitmap',
    layout: 'acow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(0x03), ACOW_BITMAP + 100)
    },
    finding: { code: 'bits-past-end', severity: 'leak' },
    by: 'leaks',
    details: { path: OVERLAY_PATH, bits: 2 },
  },
  {
    name: 'a header whose size is no whole number of sectors',
    layout: 'add-cow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(0, 0, 0, 0, 0, 1, 6, 0x10), 2060)
    },
    finding: { code: 'size-unaligned', severity: 'notice' },
    details: { path: OVERLAY_PATH, size: SIZE + 16 },
  },
  {
    name: 'reserved bytes that are not zero',
    layout: 'add-cow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(1), BITMAP - 1)
    },
    finding: { code: 'reserved-not-zero', severity: 'notice' },
    details: { path: OVERLAY_PATH },
  },
  {
    name: 'an image file that ends before the allocated data',
    layout: 'add-cow',
    damage: ({ image, base }) => {
      image.truncate(8191)
      base.punch(4096, 8192)
    },
    finding: { code: 'image-file-short', severity: 'corruption' },
    by: 'all',
    details: { path: IMAGE_PATH, length: 8191, virtualSize: SIZE },
  },
  {
    name: 'an image file that goes on behind the disk',
    layout: 'add-cow',
    damage: ({ image }) => {
      image.write(new Uint8Array(512).fill(9), SIZE)
    },
    finding: { code: 'image-file-long', severity: 'notice' },
    details: { path: IMAGE_PATH, length: SIZE + 512, virtualSize: SIZE },
  },
  ...(['add-cow', 'acow'] as const).flatMap((layout): Case[] => [
    {
      name: 'a hole that hides data of the base',
      layout,
      damage: ({ image }) => {
        image.punch(4096, 4096)
      },
      finding: { code: 'allocated-hole', severity: 'notice' },
      details: { path: IMAGE_PATH, bytes: 4096 },
    },
    {
      name: 'data that no bit speaks of',
      layout,
      damage: ({ image }) => {
        image.write(new Uint8Array(12288).fill(7), 16384)
      },
      finding: { code: 'data-unallocated', severity: 'leak' },
      by: 'leaks',
      details: { path: IMAGE_PATH, bytes: 12288 },
    },
  ]),
]

describe('a check finds', () => {
  test.each(['add-cow', 'acow'] as const)('nothing in a sound overlay: %s', async (layout) => {
    const host = new SimulatedHost(state(files(layout)))
    const result = await check(host, 'all')
    expect(result.findings).toEqual([])
    const [total, allocated] = layout === 'acow' ? [17, 2] : [131, 16]
    expect(result).toMatchObject({ path: OVERLAY_PATH, format: layout })
    expect(result).toMatchObject({ totalClusters: total, allocatedClusters: allocated })
    expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
    expect(host.openCount).toBe(0)
  })

  test.each(CASES)('$name ($layout)', async ({ layout, damage, finding, by, details }) => {
    const damaged = files(layout)
    damage(damaged)
    const start = state(damaged)
    const host = new SimulatedHost(start)
    const before = await content(host)
    const { findings } = await check(host, 'none')
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({ ...finding, details, repaired: false })
    expect(findings[0]?.repair?.by).toBe(by)
    expect(findings[0]?.message).toMatch(/^\S.*[^.]$/)
    expect(host.log).toEqual([])

    for (const repair of ['leaks', 'all'] as const) {
      const mended = new SimulatedHost(start)
      const asked = by !== undefined && (repair === 'all' || by === 'leaks')
      const untouched = bytesOf(mended)
      const found = await check(mended, repair)
      expect(found.findings).toEqual([{ ...findings[0], repaired: asked }])
      if (!asked) expect(bytesOf(mended)).toEqual(untouched)
      expect((await content(mended)).equals(before)).toBe(true)
      expect(codes(await check(mended, 'none'))).toEqual(asked ? [] : [finding.code])
      expect(mended.openCount).toBe(0)
    }
  })

  test.each(CASES.filter(({ by }) => by !== undefined))(
    'the same after a repair that was cut off anywhere: $name ($layout)',
    async ({ layout, damage, finding }) => {
      const damaged = files(layout)
      damage(damaged)
      const start = state(damaged)
      const before = await content(new SimulatedHost(start))
      for (let nth = 0, reached = true; reached; nth += 1) {
        reached = false
        const fail = ({ index }: HostCall): 'EIO' | undefined => {
          if (index < nth) return undefined
          reached = true
          return 'EIO'
        }
        const broken = new SimulatedHost(start, { fail })
        if ((await Promise.allSettled([check(broken, 'all')]))[0].status === 'rejected') {
          expect(reached).toBe(true)
        }
        const again = new SimulatedHost(broken.snapshot())
        expect((await content(again)).equals(before)).toBe(true)
        const left = codes(await check(again, 'all'))
        expect([[], [finding.code]]).toContainEqual(left)
        expect((await content(again)).equals(before)).toBe(true)
        expect(codes(await check(again, 'none'))).toEqual([])
      }
    },
  )

  test('every code that there is', () => {
    const elsewhere: FindingCode[] = ['same-file', 'backing-unusable', 'base-changed']
    const all = new Set([...CASES.map(({ finding }) => finding.code), ...elsewhere])
    expect([...all].sort()).toEqual([...FINDING_CODES].sort())
  })
})

test('several damages are found and mended at once', async () => {
  const damaged = files('add-cow')
  damaged.metadata.write(Uint8Array.of(0x80), BITMAP + BITMAP_LENGTH - 1)
  damaged.metadata.write(Uint8Array.of(0xff), BITMAP + 3)
  damaged.image.truncate(10000)
  damaged.image.write(new Uint8Array(4096).fill(1), 8192)
  damaged.image.truncate(11000)
  damaged.base.punch(0, SIZE)
  const host = new SimulatedHost(state(damaged))
  const before = await content(host)
  expect(codes(await check(host, 'none'))).toEqual(['bits-past-end', 'image-file-short'])
  const leaks = await check(host, 'leaks')
  expect(leaks.findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['bits-past-end', true],
    ['image-file-short', false],
  ])
  // extended, the image file ends in a whole block that nobody uses
  const all = await check(host, 'all')
  expect(all.findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['image-file-short', true],
    ['data-unallocated', true],
  ])
  expect(codes(await check(host, 'none'))).toEqual([])
  expect((await content(host)).equals(before)).toBe(true)
})

describe('the three sizes', () => {
  test('the header alone against image file and bitmap: nothing is opened', async () => {
    const damaged = files('add-cow')
    const names = { backingName: 'base.raw', imageName: 'x.raw' }
    damaged.metadata.write(encodeHeader({ ...names, size: SIZE * 100 }), 0)
    const host = new SimulatedHost(state(damaged))
    for (const repair of ['none', 'all'] as const) {
      await expect(check(host, repair)).rejects.toMatchObject({
        code: 'format/corrupt',
        details: { size: SIZE * 100, imageLength: SIZE, length: BITMAP + BITMAP_LENGTH },
      })
    }
    await expect(content(host)).rejects.toMatchObject({ code: 'format/corrupt' })
    expect(host.log).toEqual([])
    expect(host.openCount).toBe(0)
  })

  test('the bitmap alone against both: read and repaired, not written', async () => {
    const damaged = files('add-cow')
    damaged.metadata.truncate(BITMAP + 2)
    const host = new SimulatedHost(state(damaged))
    const writing = openDisk(host, OVERLAY_PATH, { writable: true })
    await expect(writing).rejects.toMatchObject({ code: 'format/corrupt' })
    expect(host.openCount).toBe(0)
    await check(host, 'all')
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
    await disk.close()
    expect(host.bytesAt(OVERLAY_PATH)?.length).toBe(BITMAP + BITMAP_LENGTH)
  })

  test('the image file alone against both, with nothing allocated: sound', async () => {
    const damaged = files('add-cow')
    damaged.metadata.write(new Uint8Array(BITMAP_LENGTH), BITMAP)
    damaged.image.truncate(0)
    expect(codes(await check(new SimulatedHost(state(damaged)), 'none'))).toEqual([])
  })
})

describe('the base', () => {
  test('is known again after it was only touched', async () => {
    const host = new SimulatedHost(state(files('add-cow')))
    const base = await fingerprintDisk(host, BASE_PATH)
    const touched = { ...base, modifiedAt: base.modifiedAt + 1000 }
    expect(codes(await check(host, 'none', touched))).toEqual([])
  })

  test.each([
    ['content', 0],
    ['the last byte', SIZE - 1],
  ])('is told to have changed: %s', async (_, offset) => {
    const base = await fingerprintDisk(new SimulatedHost(state(files('acow'))), BASE_PATH)
    const changed = files('acow')
    const old = new Uint8Array(1)
    changed.base.read(old, offset)
    changed.base.write(
      old.map((byte) => byte ^ 1),
      offset,
    )
    const host = new SimulatedHost(state(changed))
    for (const repair of ['none', 'leaks', 'all'] as const) {
      const { findings } = await check(host, repair, base)
      expect(findings).toMatchObject([
        { code: 'base-changed', severity: 'corruption', repaired: false },
      ])
      expect(findings[0]?.repair).toBeUndefined()
    }
  })

  test('is told to have changed: its size', async () => {
    const base = await fingerprintDisk(new SimulatedHost(state(files('acow'))), BASE_PATH)
    const changed = files('acow')
    changed.base.truncate(SIZE + 512)
    const { findings } = await check(new SimulatedHost(state(changed)), 'none', base)
    expect(findings).toMatchObject([
      { code: 'base-changed', details: { size: SIZE + 512, expectedSize: SIZE } },
    ])
  })

  test('is missing: what can be looked at is, and nothing is given away', async () => {
    const { metadata, image } = files('add-cow')
    image.write(new Uint8Array(8192).fill(7), 16384)
    const host = new SimulatedHost(fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: image }))
    const untouched = bytesOf(host)
    const { findings } = await check(host, 'all')
    expect(findings[0]).toMatchObject({
      code: 'backing-unusable',
      severity: 'corruption',
      repaired: false,
    })
    expect(bytesOf(host)).toEqual(untouched)
  })
})

describe('an image file that is the backing file as well', () => {
  /** Layout 1 took such; only the first 16 sectors are marked as written. */
  function sameFileTwice(): SimulatedHost {
    const { metadata, base } = files('add-cow')
    const names = { backingName: 'x.raw', imageName: 'x.raw' }
    metadata.write(encodeHeader({ ...names, size: SIZE }), 0)
    return new SimulatedHost(fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: base }))
  }

  test('is found, and is no leak', async () => {
    const { findings } = await check(sameFileTwice(), 'none')
    expect(findings).toMatchObject([{ code: 'same-file', severity: 'corruption' }])
    expect(findings[0]?.repair).toBeUndefined()
  })

  test.each(['leaks', 'all'] as const)('loses nothing by -r %s', async (repair) => {
    const host = sameFileTwice()
    const untouched = bytesOf(host)
    const before = await content(host)
    const { findings } = await check(host, repair)
    expect(findings.filter(({ severity }) => severity === 'corruption')).toHaveLength(1)
    expect(findings.every(({ repaired }) => !repaired)).toBe(true)
    expect(bytesOf(host)).toEqual(untouched)
    expect((await content(host)).equals(before)).toBe(true)
  })
})

test('a raw file whose length is no whole number of sectors', async () => {
  const host = new SimulatedHost(fileSystem({ [BASE_PATH]: new Uint8Array(1000) }))
  const result = await check(host, 'all', undefined, BASE_PATH)
  expect(result).toMatchObject({ format: 'raw', totalClusters: 2, allocatedClusters: 2 })
  expect(result.findings).toMatchObject([
    { code: 'size-unaligned', severity: 'notice', details: { size: 1000 }, repaired: false },
  ])
})
