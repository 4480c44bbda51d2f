import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../../../build/lib/project'
import { encodeHeader } from '../../../engine/format/add-cow/header'
import { openDisk } from '../../../engine/image/disk'
import type { Finding } from '../../../engine/model/image'
import { checkDisk, diskContent } from '../../support/disks'
import type { HostCall } from '../../support/host-call'
import { IMAGE_PATH, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import {
  ACOW_BITMAP,
  BITMAP,
  BITMAP_LENGTH,
  bytesOf,
  CLUSTER,
  codes,
  type Files,
  files,
  SIZE,
  state,
} from '../../support/damaged-overlay'

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
    name: 'bits that a crash left behind the bitmap, or data of somebody',
    layout: 'add-cow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(1), BITMAP + BITMAP_LENGTH + 9000)
    },
    finding: { code: 'metadata-long', severity: 'notice' },
    details: {
      path: OVERLAY_PATH,
      length: BITMAP + BITMAP_LENGTH + 9001,
      needed: BITMAP + BITMAP_LENGTH,
    },
  },
  {
    name: 'the same behind the padding of a bitmap',
    layout: 'acow',
    damage: ({ metadata }) => {
      metadata.write(Uint8Array.of(1), ACOW_BITMAP + CLUSTER)
    },
    finding: { code: 'metadata-long', severity: 'notice' },
    details: {
      path: OVERLAY_PATH,
      length: ACOW_BITMAP + CLUSTER + 1,
      needed: ACOW_BITMAP + CLUSTER,
    },
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
    name: 'an image file that gives the size and is no whole number of sectors',
    layout: 'acow',
    damage: ({ image }) => {
      image.truncate(SIZE + 511)
    },
    finding: { code: 'size-unaligned', severity: 'notice' },
    details: { path: IMAGE_PATH, length: SIZE + 511, virtualSize: SIZE },
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
  {
    name: 'data that no bit speaks of, in whole blocks of the host alone',
    layout: 'add-cow',
    damage: ({ metadata, image }) => {
      // allocated: sectors 0 to 2, and 30
      metadata.write(Uint8Array.of(0x07, 0, 0, 0x40), BITMAP)
      image.write(new Uint8Array(16384).fill(7), 0)
    },
    finding: { code: 'data-unallocated', severity: 'leak' },
    by: 'leaks',
    details: { path: IMAGE_PATH, bytes: 8192 },
  },
]

describe('a check finds', () => {
  test.each(['add-cow', 'acow'] as const)('nothing in a sound overlay: %s', async (layout) => {
    const host = new SimulatedHost(state(files(layout)))
    const result = await checkDisk(host, OVERLAY_PATH, 'all')
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
    const before = await diskContent(host, OVERLAY_PATH)
    const { findings } = await checkDisk(host, OVERLAY_PATH, 'none')
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({ ...finding, details, repaired: false })
    expect(findings[0]?.repair?.by).toBe(by)
    expect(findings[0]?.message).toMatch(/^\S.*[^.]$/)
    expect(host.log).toEqual([])

    for (const repair of ['leaks', 'all'] as const) {
      const mended = new SimulatedHost(start)
      const asked = by !== undefined && (repair === 'all' || by === 'leaks')
      const untouched = bytesOf(mended)
      const found = await checkDisk(mended, OVERLAY_PATH, repair)
      expect(found.findings).toEqual([{ ...findings[0], repaired: asked }])
      if (!asked) expect(bytesOf(mended)).toEqual(untouched)
      expect((await diskContent(mended, OVERLAY_PATH)).equals(before)).toBe(true)
      expect(codes(await checkDisk(mended, OVERLAY_PATH, 'none'))).toEqual(
        asked ? [] : [finding.code],
      )
      expect(mended.openCount).toBe(0)
    }
  })

  test.each(CASES.filter(({ by }) => by !== undefined))(
    'the same after a repair that was cut off anywhere: $name ($layout)',
    async ({ layout, damage, finding }) => {
      const damaged = files(layout)
      damage(damaged)
      const start = state(damaged)
      const before = await diskContent(new SimulatedHost(start), OVERLAY_PATH)
      for (let nth = 0, reached = true; reached; nth += 1) {
        reached = false
        const fail = ({ index }: HostCall): 'EIO' | undefined => {
          if (index < nth) return undefined
          reached = true
          return 'EIO'
        }
        const broken = new SimulatedHost(start, { fail })
        if (
          (await Promise.allSettled([checkDisk(broken, OVERLAY_PATH, 'all')]))[0].status ===
          'rejected'
        ) {
          expect(reached).toBe(true)
        }
        const again = new SimulatedHost(broken.snapshot())
        expect((await diskContent(again, OVERLAY_PATH)).equals(before)).toBe(true)
        const left = codes(await checkDisk(again, OVERLAY_PATH, 'all'))
        expect([[], [finding.code]]).toContainEqual(left)
        expect((await diskContent(again, OVERLAY_PATH)).equals(before)).toBe(true)
        expect(codes(await checkDisk(again, OVERLAY_PATH, 'none'))).toEqual([])
      }
    },
  )

  test('all that is written down', () => {
    const spec = readFileSync(join(projectRoot, 'engine/format/overlay/SPEC.md'), 'utf8')
    const written = spec.split('\n').flatMap((line) => /^\| `([a-z-]+)` \|/.exec(line)?.[1] ?? [])
    const elsewhere = ['same-file', 'backing-unusable', 'base-changed']
    const all = new Set([...CASES.map(({ finding }) => finding.code), ...elsewhere])
    expect([...all].sort()).toEqual(written.sort())
  })
})

test('a repair gives back whole blocks, and leaves the rest of a block alone', async () => {
  const damaged = files('add-cow')
  damaged.metadata.write(Uint8Array.of(0x07, 0, 0, 0x40), BITMAP)
  damaged.image.write(new Uint8Array(16384).fill(7), 0)
  const host = new SimulatedHost(state(damaged))
  await checkDisk(host, OVERLAY_PATH, 'leaks')
  const punched = host.log.flatMap((entry) =>
    entry.kind === 'punch' ? [[entry.offset, entry.length]] : [],
  )
  expect(punched).toEqual([[4096, 8192]])
})

test('clearing stray bits keeps what follows the bitmap', async () => {
  const damaged = files('acow')
  const theirs = new Random(5).bytes(100)
  damaged.metadata.write(Uint8Array.of(0xff), ACOW_BITMAP + CLUSTER - 1)
  damaged.metadata.write(theirs, ACOW_BITMAP + CLUSTER)
  const host = new SimulatedHost(state(damaged))
  const { findings } = await checkDisk(host, OVERLAY_PATH, 'all')
  expect(findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['bits-past-end', true],
    ['metadata-long', false],
  ])
  const bytes = host.bytesAt(OVERLAY_PATH)?.toBytes()
  expect(bytes?.[ACOW_BITMAP + CLUSTER - 1]).toBe(0)
  expect(bytes?.subarray(ACOW_BITMAP + CLUSTER)).toEqual(theirs)
})

test('a file that is longer than its bitmap, by zeros, is sound', async () => {
  for (const layout of ['add-cow', 'acow'] as const) {
    const longer = files(layout)
    longer.metadata.truncate(longer.metadata.length + 2 ** 30)
    longer.metadata.write(new Uint8Array(10_000), longer.metadata.length - 20_000)
    expect(codes(await checkDisk(new SimulatedHost(state(longer)), OVERLAY_PATH, 'none'))).toEqual(
      [],
    )
  }
})

test('what only another repair hides is not called repaired', async () => {
  const damaged = files('add-cow')
  // the rest of the last block becomes a part of the file, and no hole any more
  damaged.image.truncate(6000)
  const host = new SimulatedHost(state(damaged))
  const { findings } = await checkDisk(host, OVERLAY_PATH, 'all')
  expect(findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['image-file-short', true],
    ['allocated-hole', false],
  ])
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
  const before = await diskContent(host, OVERLAY_PATH)
  expect(codes(await checkDisk(host, OVERLAY_PATH, 'none'))).toEqual([
    'bits-past-end',
    'image-file-short',
  ])
  const leaks = await checkDisk(host, OVERLAY_PATH, 'leaks')
  expect(leaks.findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['bits-past-end', true],
    ['image-file-short', false],
  ])
  // extended, the image file ends in a whole block that nobody uses
  const all = await checkDisk(host, OVERLAY_PATH, 'all')
  expect(all.findings.map(({ code, repaired }) => [code, repaired])).toEqual([
    ['image-file-short', true],
    ['data-unallocated', true],
  ])
  expect(codes(await checkDisk(host, OVERLAY_PATH, 'none'))).toEqual([])
  expect((await diskContent(host, OVERLAY_PATH)).equals(before)).toBe(true)
})

describe('the three sizes', () => {
  test('the header alone against image file and bitmap: nothing is opened', async () => {
    const damaged = files('add-cow')
    const names = { backingName: 'base.raw', imageName: 'x.raw' }
    damaged.metadata.write(encodeHeader({ ...names, size: SIZE * 100 }), 0)
    const host = new SimulatedHost(state(damaged))
    for (const repair of ['none', 'all'] as const) {
      await expect(checkDisk(host, OVERLAY_PATH, repair)).rejects.toMatchObject({
        code: 'format/corrupt',
        details: { size: SIZE * 100, imageLength: SIZE, length: BITMAP + BITMAP_LENGTH },
      })
    }
    await expect(diskContent(host, OVERLAY_PATH)).rejects.toMatchObject({ code: 'format/corrupt' })
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
    await checkDisk(host, OVERLAY_PATH, 'all')
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
    await disk.close()
    expect(host.bytesAt(OVERLAY_PATH)?.length).toBe(BITMAP + BITMAP_LENGTH)
  })

  test('the image file alone against both, with nothing allocated: sound', async () => {
    const damaged = files('add-cow')
    damaged.metadata.write(new Uint8Array(BITMAP_LENGTH), BITMAP)
    damaged.image.truncate(0)
    expect(codes(await checkDisk(new SimulatedHost(state(damaged)), OVERLAY_PATH, 'none'))).toEqual(
      [],
    )
  })
})
