import { describe, expect, test } from 'vitest'
import type { DiskContent, Partition } from '../../engine/model/content'
import { contentParts, partsIn } from '../../renderer/modules/map/content-parts'
import { fitGrid, fitRange, shownBytes, wholeDisk } from '../../renderer/modules/map/map-view'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { richLibrary } from '../support/fake-library'
import { byRole, click, mountWindow, pageText, settle } from './support/mount-window'

const MIB = 2 ** 20
const READ = 120

function partition(number: number, offset: number, length: number): Partition {
  return { number, offset: offset * MIB, length: length * MIB, typeId: '83' }
}

function table(...partitions: Partition[]): DiskContent {
  return { table: { type: 'mbr', id: '00000000', partitions, problems: [] } }
}

describe('what is inside of a disk', () => {
  test('stands in the order in which it lies there, and ends with the disk', () => {
    const content = table(partition(1, 50, 60), partition(2, 1, 9), partition(3, 200, 1))
    expect(
      contentParts(content, 100 * MIB).map(({ from, to, partition: of }) => ({
        number: of?.number,
        from: from / MIB,
        to: to / MIB,
      })),
    ).toEqual([
      { number: 2, from: 1, to: 10 },
      { number: 1, from: 50, to: 100 },
    ])
  })

  test('can be a file system without a partition table', () => {
    const fileSystem = { type: 'ext4', size: 90 * MIB } as const
    expect(contentParts({ fileSystem }, 100 * MIB)).toEqual([{ from: 0, to: 90 * MIB, fileSystem }])
    expect(contentParts({ fileSystem }, 0)).toEqual([])
    expect(contentParts(undefined, 100)).toEqual([])
  })

  test('is found by any byte of a cell', () => {
    const parts = contentParts(table(partition(1, 1, 1), partition(2, 2, 1)), 10 * MIB)
    const numbers = (from: number, to: number): unknown =>
      partsIn(parts, from * MIB, to * MIB).map((part) => part.partition?.number)
    expect(numbers(0, 1)).toEqual([])
    expect(numbers(1, 2)).toEqual([1])
    expect(numbers(1.5, 2.5)).toEqual([1, 2])
    expect(numbers(3, 4)).toEqual([])
  })
})

test.each([
  [0, 1],
  [513 * MIB, 12_801 * MIB],
  [19_000 * MIB, 20_000 * MIB],
  [0, Infinity],
])('the range from %d to %d is shown whole, and as close as goes', (from, to) => {
  const size = 20_000 * MIB
  const grid = fitGrid(size, 400, 300)
  const view = fitRange(grid, from, to)
  const shown = shownBytes(grid, view)
  expect(shown.from).toBeLessThanOrEqual(from)
  expect(shown.to).toBeGreaterThanOrEqual(Math.min(to, size))
  const closer = (Math.min(to, size) - from) / (view.cellBytes / 2)
  if (view.cellBytes > 512) expect(Math.ceil(closer) + 1).toBeGreaterThan(grid.columns * grid.rows)
  expect(view.cellBytes).toBeLessThanOrEqual(wholeDisk(grid).cellBytes)
})

describe('the map', () => {
  async function open(): Promise<void> {
    await mountWindow(new FakeBridge({ images: richLibrary() }))
    useView().select('deep')
    await settle(READ)
  }

  test('is opened at a partition from the overview, and names what is there', async () => {
    await open()
    await click(byRole('button', /^Show 3 · LVM/))
    await settle(READ)
    expect(useView().tab).toBe('map')
    expect(pageText()).toContain('3 · LVM · vg-data')
    expect(byRole('button', 'Inside the disk').getAttribute('aria-pressed')).toBe('true')
  })

  test('is drawn without it after a press in the legend', async () => {
    await open()
    useView().tab = 'map'
    await settle(READ)
    expect(document.querySelectorAll('.band__part')).toHaveLength(4)
    await click(byRole('button', 'Inside the disk'))
    expect(document.querySelectorAll('.band__part')).toHaveLength(0)
  })
})
