import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { DiskMap, MapCounts } from '../../electron/contract/map'
import { GIB, MIB, TIB } from '../../engine/base/units'
import { lookOf, NOBODY, STEPS, type CellLook } from '../../renderer/modules/map/cell-look'
import { cellParts } from '../../renderer/modules/map/cell-parts'
import { hexLines } from '../../renderer/modules/map/hex-lines'
import { type FetchTile, MapSource } from '../../renderer/modules/map/map-source'
import {
  cellAt,
  cellCount,
  clampView,
  drag,
  fitGrid,
  reveal,
  shownBytes,
  wholeDisk,
  zoomAt,
} from '../../renderer/modules/map/map-view'
import { rowWindow, scrollToRow } from '../../renderer/modules/map/row-window'

const sizes = fc.oneof(fc.integer({ min: 1, max: 4 * MIB }), fc.integer({ min: 1, max: 2 ** 52 }))
const grids = fc
  .tuple(sizes, fc.integer({ min: 40, max: 1500 }), fc.integer({ min: 40, max: 900 }))
  .map(([size, width, height]) => fitGrid(size, width, height))

describe('the grid', () => {
  test('holds the whole disk, whatever its size, in cells of a power of two', () => {
    fc.assert(
      fc.property(grids, (grid) => {
        const { cellBytes } = wholeDisk(grid)
        expect(cellCount(grid, cellBytes)).toBeLessThanOrEqual(grid.columns * grid.rows)
        expect(Number.isInteger(Math.log2(cellBytes))).toBe(true)
        expect(shownBytes(grid, wholeDisk(grid))).toEqual({ from: 0, to: grid.size })
      }),
    )
  })

  test('is at least half full where a disk has more than a few cells', () => {
    for (const size of [10 * MIB, GIB, 20 * GIB, TIB, 3 * TIB]) {
      const grid = fitGrid(size, 304, 180)
      const room = grid.columns * grid.rows
      expect(cellCount(grid, grid.wholeCellBytes) / room).toBeGreaterThan(0.5)
    }
  })

  test('keeps the byte under the pointer where it is while it zooms', () => {
    const grid = fitGrid(TIB, 600, 400)
    let view = wholeDisk(grid)
    const anchor = 700 * GIB
    let place: number | undefined
    for (let step = 0; step < 28; step += 1) {
      view = zoomAt(grid, view, 1, anchor)
      const cell = Math.floor(anchor / view.cellBytes) - view.first
      place ??= cell
      expect(cell).toBe(place)
    }
    expect(view.cellBytes).toBe(512)
    expect(zoomAt(grid, view, 1, anchor).cellBytes).toBe(512)
    expect(zoomAt(grid, view, -40, anchor)).toEqual(wholeDisk(grid))
  })

  test('never leaves the disk, however it is dragged', () => {
    const moves = fc.tuple(
      fc.integer({ min: -9999, max: 9999 }),
      fc.integer({ min: -9e6, max: 9e6 }),
    )
    fc.assert(
      fc.property(grids, fc.integer({ min: 0, max: 30 }), moves, (grid, steps, [dx, dy]) => {
        const from = zoomAt(grid, wholeDisk(grid), steps, Math.floor(grid.size / 2))
        const view = drag(grid, from, dx, dy)
        const { from: first, to } = shownBytes(grid, view)
        expect(first).toBeGreaterThanOrEqual(0)
        expect(to).toBeGreaterThan(first)
        expect(to).toBeLessThanOrEqual(grid.size)
        expect(view.shift).toBeGreaterThanOrEqual(0)
        expect(view.shift).toBeLessThan(1)
        expect(clampView(grid, view)).toEqual(view)
      }),
    )
  })

  test('follows the pointer while it is dragged', () => {
    const grid = fitGrid(TIB, 600, 400)
    const from = zoomAt(grid, wholeDisk(grid), 8, TIB / 2)
    const cell = cellAt(grid, from, 300, 200)
    const view = drag(grid, from, 0, -50)
    expect(cellAt(grid, view, 300, 150)).toBe(cell)
  })

  test('has no cell behind the end of the disk', () => {
    const grid = fitGrid(3 * 512, 600, 400)
    const view = wholeDisk(grid)
    expect(cellAt(grid, view, grid.cellSide * 2.5, 1)).toBe(2)
    expect(cellAt(grid, view, grid.cellSide * 3.5, 1)).toBeUndefined()
    expect(cellAt(grid, view, -1, 1)).toBeUndefined()
  })

  test('scrolls as little as shows a cell', () => {
    const grid = fitGrid(TIB, 600, 400)
    const view = zoomAt(grid, wholeDisk(grid), 10, TIB / 2)
    const { from, to } = shownBytes(grid, view)
    expect(reveal(grid, view, from)).toEqual(view)
    expect(reveal(grid, view, to).first).toBe(view.first + grid.columns)
    expect(reveal(grid, view, from - 1).first).toBe(view.first - grid.columns)
    expect(shownBytes(grid, reveal(grid, view, 0)).from).toBe(0)
  })
})

/** A map of two layers with one number after another, and cells of 4 KiB at the finest. */
function source(
  size: number,
  cells: readonly (readonly number[])[],
  fetch: FetchTile = noTile,
): MapSource {
  const levels = [Float64Array.from(cells.flat())]
  const map: DiskMap = {
    ...{ id: 'a', size, layerCount: 2, extentCount: 1, cellBytes: 4096, levels },
  }
  return new MapSource(map, fetch, () => undefined)
}

const noTile = (): Promise<MapCounts> => new Promise(() => undefined)
const look: CellLook = { main: NOBODY, step: 0, inlay: NOBODY, inlayShare: 0 }

function lookAt(numbers: readonly number[], lit?: number): CellLook {
  const one = source(4096, [numbers])
  one.pick(4096, 0)
  lookOf(one, lit, look)
  return { ...look }
}

describe('the look of a cell', () => {
  test('is that of the layer with most of the data, and as bright as it is full', () => {
    expect(lookAt([4096, 0, 0, 0])).toMatchObject({ main: 0, step: STEPS, inlay: NOBODY })
    expect(lookAt([0, 0, 512, 0])).toMatchObject({ main: 1, step: 1 })
    expect(lookAt([1, 0, 0, 4095])).toMatchObject({ main: 0, step: 1 })
  })

  test('shows the smaller layer inside of it: no change of an overlay is lost', () => {
    expect(lookAt([512, 0, 3584, 0])).toMatchObject({ main: 1, inlay: 0, inlayShare: 0.125 })
  })

  test('is muted for zeros, and of no layer where none has the cell', () => {
    expect(lookAt([0, 0, 0, 4096])).toMatchObject({ main: 1, step: 0 })
    expect(lookAt([0, 0, 0, 0])).toMatchObject({ main: NOBODY, step: 0 })
  })

  test('shows the layer that is lit wherever it serves anything, zeros as well', () => {
    expect(lookAt([0, 8, 4000, 0], 0)).toMatchObject({ main: 1, inlay: 0 })
    expect(lookAt([0, 0, 4096, 0], 0)).toMatchObject({ main: 1, inlay: NOBODY })
  })
})

describe('the source of cells', () => {
  test('tells who has what of a cell, the rest being in no layer', () => {
    const { parts, span } = cellParts(
      source(5000, [
        [4096, 0, 0, 0],
        [0, 0, 100, 4],
      ]),
      4096,
      1,
    )
    expect(span).toBe(904)
    expect(parts).toEqual([
      { depth: undefined, content: 'zero', bytes: 800 },
      { depth: 1, content: 'data', bytes: 100 },
      { depth: 1, content: 'zero', bytes: 4 },
    ])
  })

  test('fetches what is finer than its levels once; shows the larger cell until then', async () => {
    const fetch = vi.fn((_cellBytes: number, _first: number, count: number) =>
      Promise.resolve(new Float64Array(count * 4).fill(128)),
    )
    const one = source(
      8192,
      [
        [4096, 0, 0, 0],
        [0, 0, 4096, 0],
      ],
      fetch,
    )
    one.pick(512, 9)
    expect([one.exact, one.span, one.counts[one.base + 2]]).toEqual([false, 4096, 4096])
    one.want(512, 0, 15)
    one.want(512, 0, 15)
    await vi.waitFor(() => {
      one.pick(512, 9)
      expect([one.exact, one.span, one.counts[one.base]]).toEqual([true, 512, 128])
    })
    one.want(512, 3, 12)
    expect(fetch).toHaveBeenCalledExactlyOnceWith(512, 0, 1024)
  })

  test('gives up what is no longer wanted, and says what failed', async () => {
    const fetch = vi.fn(() => Promise.reject(new Error('no')))
    const onChange = vi.fn()
    const { map } = source(8192, [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ])
    const one = new MapSource(map, fetch, onChange)
    one.want(512, 0, 15)
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith(expect.any(Error)))
    one.close()
    one.want(1024, 0, 7)
    expect(fetch).toHaveBeenCalledTimes(1)
  })
})

describe('rows of a list without end', () => {
  test('are those at the scroll position', () => {
    expect(rowWindow(100, 24, 240, 48)).toEqual({ height: 2400, first: 2, count: 11, top: 48 })
    expect(rowWindow(3, 24, 240, 0)).toEqual({ height: 72, first: 0, count: 3, top: 0 })
  })

  test.each([10, 1000, 1_000_000, 2_000_000_000])('reach the last of %d', (rows) => {
    const scroll = scrollToRow(rows - 1, rows, 24, 240, 0)
    const { first, count, height, top } = rowWindow(rows, 24, 240, scroll)
    expect(first + count).toBe(rows)
    expect(top + count * 24).toBeLessThanOrEqual(Math.max(240, height) + 24)
    for (const row of [0, Math.floor(rows / 2), rows - 1]) {
      const shown = rowWindow(rows, 24, 240, scrollToRow(row, rows, 24, 240, 0))
      expect(row).toBeGreaterThanOrEqual(shown.first)
      expect(row).toBeLessThan(shown.first + shown.count)
    }
  })
})

test('bytes are written in hex and as text, with their offset', () => {
  const bytes = Uint8Array.from([0x41, 0x00, 0x7f, 0x20, 0xff, 0x7e, 0x30, 0x31, 0x42])
  expect(hexLines(bytes, 0x1fffe, 8)).toEqual([
    { offset: '1fffe', hex: '41 00 7f 20 ff 7e 30 31', text: 'A.. .~01' },
    { offset: '20006', hex: '42', text: 'B' },
  ])
  expect(hexLines(bytes, 0, 16)[0]?.hex).toBe('41 00 7f 20 ff 7e 30 31  42')
})
