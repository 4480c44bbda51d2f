import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ImageSummary } from '../../electron/contract/library'
import {
  allocatedShare,
  buildForest,
  flattenForest,
  imageOrder,
  type ImageRow,
  type Sort,
} from '../../renderer/modules/library/image-tree'
import { overlay, rawImage } from '../support/fake-library'

const collator = new Intl.Collator('en', { numeric: true })
const BY_NAME: Sort = { column: 'name', direction: 'ascending' }

function rowsOf(
  images: readonly ImageSummary[],
  options: { sort?: Sort; filter?: string; collapsed?: readonly string[] } = {},
): ImageRow[] {
  const { sort = BY_NAME, filter = '', collapsed = [] } = options
  const map = new Map(images.map((image) => [image.id, image]))
  const forest = buildForest(map, imageOrder(sort, collator))
  return flattenForest(forest, { filter, collapsed: new Set(collapsed) })
}

function drawn(rows: readonly ImageRow[]): string[] {
  return rows.map((row) => '  '.repeat(row.level - 1) + row.image.id)
}

const base = rawImage('base', 'base.raw', { usedBy: 2 })
const first = overlay('first', 'first.add-cow', base)
const second = overlay('second', 'second.add-cow', base)
const top = overlay('top', 'atop.add-cow', first)
const family = [top, second, base, first]

describe('the tree', () => {
  test('has overlays under their base, to any depth', () => {
    expect(drawn(rowsOf(family))).toEqual(['base', '  first', '    top', '  second'])
  })

  test('tells each row its place among its siblings, and its parent', () => {
    const rows = rowsOf(family)
    const place = rows.map(({ image, position, siblings, parentId }) => [
      image.id,
      position,
      siblings,
      parentId,
    ])
    expect(place).toEqual([
      ['base', 1, 1, undefined],
      ['first', 1, 2, 'base'],
      ['top', 1, 1, 'first'],
      ['second', 2, 2, 'base'],
    ])
  })

  test('has an overlay at the top whose base the library does not know', () => {
    const lost = overlay('lost', 'lost.add-cow', '/gone/base.raw')
    const stray = { ...overlay('stray', 'stray.add-cow', base), baseId: 'not-here' }
    expect(drawn(rowsOf([lost, stray]))).toEqual(['lost', 'stray'])
  })

  test('leaves out what is below a closed branch', () => {
    const rows = rowsOf(family, { collapsed: ['first'] })
    expect(drawn(rows)).toEqual(['base', '  first', '  second'])
    expect(rows[1]).toMatchObject({ hasChildren: true, expanded: false })
  })

  test('shows every image of bases that run in a ring', () => {
    const a = { ...overlay('a', 'a.add-cow', base), baseId: 'b' }
    const b = { ...overlay('b', 'b.add-cow', base), baseId: 'c' }
    const c = { ...overlay('c', 'c.add-cow', base), baseId: 'a' }
    const self = { ...overlay('self', 'self.add-cow', base), baseId: 'self' }
    const ids = rowsOf([a, b, c, self]).map((row) => row.image.id)
    expect([...ids].sort()).toEqual(['a', 'b', 'c', 'self'])
  })

  test('takes a chain of ten thousand layers', () => {
    const chain: ImageSummary[] = [base]
    for (let depth = 1; depth < 10_000; depth += 1)
      chain.push(overlay(`o${depth}`, `o${depth}.add-cow`, chain[depth - 1] ?? base))
    const rows = rowsOf(chain, { filter: 'o9999' })
    expect(rows).toHaveLength(10_000)
    expect(rows.at(-1)?.level).toBe(10_000)
  })

  test('has every image exactly once, whatever the bases are', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    const bases = fc.array(fc.constantFrom(...ids, 'unknown', undefined), {
      minLength: 6,
      maxLength: 6,
    })
    fc.assert(
      fc.property(bases, (chosen) => {
        const images = ids.map((id, index) => {
          const baseId = chosen[index]
          return { ...rawImage(id, id), ...(baseId === undefined ? {} : { baseId }) }
        })
        const seen = rowsOf(images).map((row) => row.image.id)
        expect([...seen].sort()).toEqual(ids)
      }),
    )
  })
})

describe('sorting', () => {
  const sized = [
    rawImage('nine', 'b9.raw', { virtualSize: 9 }),
    rawImage('ten', 'b10.raw', { virtualSize: 10 }),
    rawImage('hundred', 'b1.raw', { virtualSize: 100 }),
  ]

  test('is by value, not by text', () => {
    const sort: Sort = { column: 'virtualSize', direction: 'ascending' }
    expect(drawn(rowsOf(sized, { sort }))).toEqual(['nine', 'ten', 'hundred'])
    const back: Sort = { column: 'virtualSize', direction: 'descending' }
    expect(drawn(rowsOf(sized, { sort: back }))).toEqual(['hundred', 'ten', 'nine'])
  })

  test('counts numbers in names', () => {
    expect(drawn(rowsOf(sized))).toEqual(['hundred', 'nine', 'ten'])
  })

  test('has what is not known last in both directions', () => {
    const unknown: ImageSummary = {
      id: 'unknown',
      name: 'a.raw',
      directory: '/srv',
      state: 'unreadable',
      usedBy: 0,
    }
    const images = [unknown, ...sized]
    for (const direction of ['ascending', 'descending'] as const) {
      const rows = rowsOf(images, { sort: { column: 'virtualSize', direction } })
      expect(rows.at(-1)?.image.id).toBe('unknown')
    }
  })

  test('keeps the tree: only siblings change places', () => {
    const big = overlay('big', 'z.add-cow', base, { sizeOnDisk: 9e9 })
    const small = overlay('small', 'a.add-cow', base, { sizeOnDisk: 1 })
    const other = rawImage('other', 'other.raw', { sizeOnDisk: 5e12 })
    const sort: Sort = { column: 'sizeOnDisk', direction: 'descending' }
    expect(drawn(rowsOf([small, base, big, other], { sort }))).toEqual([
      'other',
      'base',
      '  big',
      '  small',
    ])
  })

  test('has by state first what needs a look', () => {
    const images = [
      rawImage('fine', 'a'),
      rawImage('gone', 'b', { state: 'missing' }),
      rawImage('check', 'c', { state: 'needs-check' }),
    ]
    const sort: Sort = { column: 'state', direction: 'ascending' }
    expect(drawn(rowsOf(images, { sort }))).toEqual(['gone', 'check', 'fine'])
  })
})

describe('searching', () => {
  test('keeps what leads to a match, and tells it from a match', () => {
    const rows = rowsOf(family, { filter: 'ATOP' })
    expect(drawn(rows)).toEqual(['base', '  first', '    top'])
    expect(rows.map((row) => row.matches)).toEqual([false, false, true])
  })

  test('opens closed branches that have a match', () => {
    const rows = rowsOf(family, { filter: 'atop', collapsed: ['base', 'first'] })
    expect(drawn(rows)).toEqual(['base', '  first', '    top'])
  })

  test('wants every word, in name or folder', () => {
    const there = rawImage('there', 'disk.raw', { directory: '/srv/berlin' })
    const here = rawImage('here', 'disk.raw', { directory: '/srv/bonn' })
    expect(drawn(rowsOf([there, here], { filter: ' disk  BERLIN ' }))).toEqual(['there'])
    expect(rowsOf([there, here], { filter: 'nowhere' })).toEqual([])
  })
})

test('the allocated share is that of an overlay, and known only from figures', () => {
  expect(allocatedShare(base)).toBeUndefined()
  const half = overlay('half', 'half', base, { virtualSize: 200, allocatedBytes: 100 })
  expect(allocatedShare(half)).toBe(0.5)
  const { id, name, directory, state, usedBy } = half
  expect(allocatedShare({ id, name, directory, state, usedBy })).toBeUndefined()
  expect(allocatedShare({ ...half, virtualSize: 0, allocatedBytes: 0 })).toBe(0)
})
