import type { Extent } from '../../../engine'
import type { MapCounts } from '../../contract/map'

const SECTOR = 512

/** Numbers in the finest level: 4 MiB. A chain of more layers has fewer cells. */
const MAX_NUMBERS = 2 ** 19
const MIN_CELLS = 1024
/** No window shows fewer cells than this of a whole disk. */
const COARSEST_CELLS = 256

/** Numbers that each cell has: data and zeros of every layer. */
export function slotsOf(layerCount: number): number {
  return 2 * layerCount
}

/** Cells of `cellBytes` each, from an offset on, that count who serves what of them. */
export class CellCounter {
  readonly counts: MapCounts
  private readonly slots: number

  constructor(
    layerCount: number,
    /** Where the first cell begins, in bytes. */
    private readonly start: number,
    private readonly cellBytes: number,
    cells: number,
  ) {
    this.slots = slotsOf(layerCount)
    this.counts = new Float64Array(cells * this.slots)
  }

  /** Counts an extent that lies within the cells. */
  add({ offset, length, depth, content }: Extent): void {
    if (depth === undefined) return
    const { counts, slots, cellBytes } = this
    const slot = 2 * depth + (content === 'data' ? 0 : 1)
    const from = offset - this.start
    const end = from + length
    let cell = Math.floor(from / cellBytes)
    for (let at = from; at < end; cell += 1) {
      const next = Math.min(end, (cell + 1) * cellBytes)
      const index = cell * slots + slot
      counts[index] = (counts[index] ?? 0) + next - at
      at = next
    }
  }
}

/** What a cell of a pyramid's finest level covers: as little as its memory allows. */
export function finestCellBytes(size: number, layerCount: number): number {
  const room = Math.floor(MAX_NUMBERS / slotsOf(Math.max(1, layerCount)))
  const cells = Math.max(MIN_CELLS, 2 ** Math.floor(Math.log2(room)))
  let cellBytes = SECTOR
  while (size > cells * cellBytes) cellBytes *= 2
  return cellBytes
}

/** The finest level with all coarser ones, each of half as many cells. */
export function buildLevels(finest: MapCounts, layerCount: number): MapCounts[] {
  const slots = slotsOf(layerCount)
  const levels = [finest]
  for (let level = finest; level.length / slots > COARSEST_CELLS;) {
    level = halve(level, slots)
    levels.push(level)
  }
  return levels
}

function halve(level: MapCounts, slots: number): MapCounts {
  const cells = Math.ceil(level.length / slots / 2)
  const half = new Float64Array(cells * slots)
  for (let index = 0; index < level.length; index += 1) {
    const cell = Math.floor(index / slots / 2)
    const target = cell * slots + (index % slots)
    half[target] = (half[target] ?? 0) + (level[index] ?? 0)
  }
  return half
}
