import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { handedOver } from '../../electron/worker/handed-over'
import { DiskMaps, type MapControl } from '../../electron/worker/map/disk-maps'
import { ExtentIndex } from '../../electron/worker/map/extent-index'
import { buildLevels, CellCounter, finestCellBytes } from '../../electron/worker/map/pyramid'
import { type Extent, nodeHost, openDisk, runJob } from '../../engine'
import { KIB, MIB, TIB } from '../../engine/base/units'
import { temporaryFolder } from '../support/temporary-folder'

const control: MapControl = { signal: new AbortController().signal, report: () => undefined }

/** Sum of what every layer serves, data and zeros apart. */
function totals(counts: Float64Array, layerCount: number): number[] {
  const sums = new Array<number>(2 * layerCount).fill(0)
  for (const [index, bytes] of counts.entries()) {
    const slot = index % sums.length
    sums[slot] = (sums[slot] ?? 0) + bytes
  }
  return sums
}

describe('cells', () => {
  const extents = fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 40_000 }),
      depth: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
      content: fc.constantFrom('data', 'zero'),
    }),
    { minLength: 1, maxLength: 60 },
  )

  test('count each byte of each extent once, in the cell where it lies', () => {
    fc.assert(
      fc.property(extents, fc.constantFrom(512, 4096, 65_536), (parts, cellBytes) => {
        const size = parts.reduce((sum, { length }) => sum + length, 0)
        const cells = Math.ceil(size / cellBytes)
        const counter = new CellCounter(3, 0, cellBytes, cells)
        const expected = new Float64Array(cells * 6)
        let offset = 0
        for (const { length, depth, content } of parts) {
          counter.add({ offset, length, content, ...(depth !== undefined && { depth }) })
          for (let byte = offset; depth !== undefined && byte < offset + length; byte += 1) {
            const slot = 2 * depth + (content === 'data' ? 0 : 1)
            const index = Math.floor(byte / cellBytes) * 6 + slot
            expected[index] = (expected[index] ?? 0) + 1
          }
          offset += length
        }
        expect(counter.counts).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })

  test('of a coarser level say the same as those of the finest', () => {
    const finest = Float64Array.from({ length: 6 * 5001 }, (_, index) => (index * 7919) % 513)
    const levels = buildLevels(finest, 3)
    for (const level of levels) expect(totals(level, 3)).toEqual(totals(finest, 3))
    expect(levels.map((level) => level.length / 6)).toEqual([5001, 2501, 1251, 626, 313, 157])
  })

  test('are a sector at least, and so many that a map stays small', () => {
    expect(finestCellBytes(MIB, 2)).toBe(512)
    expect(finestCellBytes(TIB, 2)).toBe(8 * MIB)
    for (const layers of [1, 2, 6, 40, 256]) {
      const cells = (4096 * TIB) / finestCellBytes(4096 * TIB, layers)
      expect(cells * layers * 2 * 8).toBeLessThanOrEqual(4 * MIB)
      expect(cells).toBeGreaterThanOrEqual(1024)
    }
  })
})

describe('the index of extents', () => {
  test.each([1, 15, 16, 17, 1000])('finds the one before any of %d', (count) => {
    const index = new ExtentIndex(16)
    for (let number = 0; number < count; number += 1) index.add(number * 10)
    expect(index.count).toBe(count)
    for (let number = 0; number < count; number += 1) {
      const byNumber = index.before(number)
      const byOffset = index.beforeOffset(number * 10 + 9)
      expect(byNumber).toEqual(byOffset)
      expect(byNumber.offset).toBe(byNumber.index * 10)
      expect(number - byNumber.index).toBeGreaterThanOrEqual(0)
      expect(number - byNumber.index).toBeLessThan(Math.max(1, Math.ceil(count / 8)))
    }
  })
})

describe('the map of a disk', () => {
  let folder: string
  let top: string
  let maps: DiskMaps

  async function overlayOn(base: string, name: string): Promise<string> {
    const path = join(folder, `${name}.add-cow`)
    const request = { kind: 'create', path, format: 'add-cow', imageFile: `${name}.raw` } as const
    await runJob(nodeHost, { ...request, backingFile: base }, control)
    return path
  }

  async function write(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    const disk = await openDisk(nodeHost, path, { writable: true })
    await disk.write(bytes, offset)
    await disk.flush()
    await disk.close()
  }

  async function realExtents(): Promise<Extent[]> {
    const disk = await openDisk(nodeHost, top, { writable: false })
    const found: Extent[] = []
    for await (const { offset, length, content, depth } of disk.extents()) {
      found.push({ offset, length, content, ...(depth !== undefined && { depth }) })
    }
    await disk.close()
    return found
  }

  beforeEach(async () => {
    folder = temporaryFolder()
    maps = new DiskMaps(nodeHost)
    const base = join(folder, 'base.raw')
    writeFileSync(base, new Uint8Array(256 * KIB).fill(1))
    truncateSync(base, 4 * MIB)
    const middle = await overlayOn('base.raw', 'middle')
    await write(middle, 64 * KIB, new Uint8Array(4 * KIB).fill(2))
    await write(middle, 2 * MIB, new Uint8Array(64 * KIB).fill(2))
    top = await overlayOn('middle.add-cow', 'top')
    for (let at = 0; at < 40; at += 1) await write(top, MIB + at * 16 * KIB, Buffer.alloc(512, 3))
  })

  test('has every extent, and counts that add up to the disk', async () => {
    const map = await maps.open(top, control)
    const extents = await realExtents()
    expect(map).toMatchObject({ size: 4 * MIB, layerCount: 3, extentCount: extents.length })
    const expected = new Array<number>(6).fill(0)
    for (const { depth = 0, content, length } of extents) {
      const slot = 2 * depth + (content === 'data' ? 0 : 1)
      expected[slot] = (expected[slot] ?? 0) + length
    }
    for (const level of map.levels) expect(totals(level, 3)).toEqual(expected)
    expect(await maps.extents(top, 0, 512)).toEqual(
      extents.map((extent, index) => ({ ...extent, index })),
    )
  })

  test('tells extents by number and by offset, down to one sector', async () => {
    const extents = (await realExtents()).map((extent, index) => ({ ...extent, index }))
    expect(await maps.extents(top, 7, 3)).toEqual(extents.slice(7, 10))
    expect(await maps.extents(top, extents.length - 1, 10)).toEqual(extents.slice(-1))
    expect(await maps.extents(top, extents.length, 10)).toEqual([])
    for (const { offset, length, ...rest } of extents) {
      const extent = { offset, length, ...rest }
      expect(await maps.extentAt(top, offset)).toEqual(extent)
      expect(await maps.extentAt(top, offset + length - 1)).toEqual(extent)
    }
    expect(await maps.extentAt(top, 4 * MIB)).toBeUndefined()
  })

  test('has tiles of any size that say the same as its levels', async () => {
    const { levels, cellBytes } = await maps.open(top, control)
    for (const [height, level] of levels.entries()) {
      const size = cellBytes * 2 ** height
      const tile = await maps.tile(top, { cellBytes: size, first: 1, count: 900 })
      const shown = level.slice(6)
      expect(tile.slice(0, shown.length)).toEqual(shown.slice(0, tile.length))
      expect(tile.length).toBe(900 * 6)
    }
    const behind = await maps.tile(top, { cellBytes: 512, first: 2 ** 30, count: 2 })
    expect([...behind]).toEqual(new Array(12).fill(0))
  })

  test('gives the bytes of the disk, fewer at its end', async () => {
    expect([...(await maps.bytes(top, MIB - 1, 3))]).toEqual([0, 3, 3])
    expect([...(await maps.bytes(top, 64 * KIB, 1))]).toEqual([2])
    expect((await maps.bytes(top, 4 * MIB - 512, 65_536)).length).toBe(512)
    expect((await maps.bytes(top, 4 * MIB, 512)).length).toBe(0)
  })

  test('is made once for as long as no file of the chain changes', async () => {
    const report = vi.fn()
    const first = await maps.open(top, { ...control, report })
    expect(report).toHaveBeenCalled()
    report.mockClear()
    const levels = handedOver(first)
    structuredClone(first, { transfer: levels })
    expect(first.levels[0]?.length).toBe(0)
    const again = await maps.open(top, { ...control, report })
    expect(report).not.toHaveBeenCalled()
    expect(again.levels[0]?.length).toBeGreaterThan(0)
    appendFileSync(join(folder, 'base.raw'), 'x')
    await maps.open(top, { ...control, report })
    expect(report).toHaveBeenCalled()
  })

  test('is given up when it is no longer wanted', async () => {
    for (let at = 0; at < 600; at += 1) {
      await write(top, 3 * MIB + at * KIB, Buffer.alloc(512, 3))
    }
    const controller = new AbortController()
    const report = (): void => controller.abort()
    await expect(maps.open(top, { signal: controller.signal, report })).rejects.toMatchObject({
      code: 'job/cancelled',
      state: 'unchanged',
    })
  })
})

test('memory is handed over where an array has it for itself', () => {
  const own = new Float64Array(4)
  const shared = new Uint8Array(own.buffer, 0, 4)
  expect(handedOver(own)).toEqual([own.buffer])
  expect(handedOver({ levels: [own], size: 1 })).toEqual([own.buffer])
  expect(handedOver([shared, { own }])).toEqual([])
  expect(handedOver(undefined)).toEqual([])
})
