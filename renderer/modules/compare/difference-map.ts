/*
 * What a comparison found, as a map of a disk: so that it is drawn, zoomed and walked as one. In
 * the place of layers there are the ways in which a part of the disk can differ.
 */
import type { DiskMap, MapCounts } from '../../../electron/contract/map'
import type { CompareResult, DifferingRange } from '../../../engine/model/job'
import { SECTOR_SIZE } from '../../../engine/base/units'

/** What stands in the place of a layer's number. What both have just the same has none. */
export const DIFFERS = 0
/** Behind the end of the smaller disk, and zero in the larger one, as it must be to be the same. */
export const BEYOND = 1
/** Behind the last range that is listed: nobody kept where it differs. */
export const NOT_LISTED = 2
const KINDS = 3

/** As of the map of a disk: those of what is shown as data, then those of what is muted. */
const SLOTS = 2 * KINDS
const MOST_CELLS = 2 ** 16
/** No window shows fewer cells than this of a whole disk. */
const COARSEST_CELLS = 256

interface Run extends DifferingRange {
  readonly slot: number
}

/** What lies within a part of the disk. */
export interface Found {
  /** How many ranges do, wholly or in part; the number of the first, from 0. */
  readonly count: number
  readonly first: number
  /** Bytes of them that are inside. */
  readonly bytes: number
}

/** The differing ranges of two disks, by place. */
export class DifferenceMap {
  readonly map: DiskMap
  private readonly runs: readonly Run[]

  constructor(readonly result: CompareResult) {
    const size = Math.max(...result.sizes)
    this.runs = runsOf(result, size)
    let cellBytes = SECTOR_SIZE
    while (size > MOST_CELLS * cellBytes) cellBytes *= 2
    const levels = [this.count(0, cellBytes, Math.max(1, Math.ceil(size / cellBytes)))]
    for (let level = levels[0]; level && level.length / SLOTS > COARSEST_CELLS;) {
      level = halve(level)
      levels.push(level)
    }
    const { length: extentCount } = result.ranges
    this.map = { id: '', size, layerCount: KINDS, extentCount, cellBytes, levels }
  }

  /** The numbers of `cells` cells of `cellBytes` each, from the one that begins at `start` on. */
  count(start: number, cellBytes: number, cells: number): MapCounts {
    const counts: MapCounts = new Float64Array(cells * SLOTS)
    const end = start + cells * cellBytes
    for (let index = firstEndingAfter(this.runs, start); index < this.runs.length; index += 1) {
      const run = this.runs[index]
      if (run === undefined || run.offset >= end) break
      const last = Math.min(end, run.offset + run.length) - start
      let at = Math.max(start, run.offset) - start
      for (let cell = Math.floor(at / cellBytes); at < last; cell += 1) {
        const next = Math.min(last, (cell + 1) * cellBytes)
        const slot = cell * SLOTS + run.slot
        counts[slot] = (counts[slot] ?? 0) + next - at
        at = next
      }
    }
    return counts
  }

  /** The ranges within a part of the disk. */
  within(offset: number, length: number): Found {
    const { ranges } = this.result
    const first = firstEndingAfter(ranges, offset)
    const end = offset + length
    let bytes = 0
    let at = first
    for (let range = ranges[at]; range && range.offset < end; range = ranges[at]) {
      bytes += Math.min(end, range.offset + range.length) - Math.max(offset, range.offset)
      at += 1
    }
    return { count: at - first, first, bytes }
  }

  /** The range that holds a byte, or else the next one behind it; -1 where there is none. */
  rangeFrom(offset: number): number {
    const index = firstEndingAfter(this.result.ranges, offset)
    return index < this.result.ranges.length ? index : -1
  }

  /** The last range that begins before a byte; -1 where there is none. */
  rangeBefore(offset: number): number {
    const { ranges } = this.result
    const index = firstEndingAfter(ranges, offset)
    const range = ranges[index]
    return range !== undefined && range.offset < offset ? index : index - 1
  }
}

/** The first of ascending ranges that ends behind an offset. */
function firstEndingAfter(ranges: readonly DifferingRange[], offset: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const range = ranges[middle]
    if (range !== undefined && range.offset + range.length <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/** All that is not the same, in order. */
function runsOf({ ranges, sizes, more }: CompareResult, size: number): Run[] {
  const runs: Run[] = []
  const shorter = Math.min(...sizes)
  const add = (offset: number, end: number, slot: number): void => {
    if (end > offset) runs.push({ offset, length: end - offset, slot })
  }
  let at = 0
  for (const { offset, length } of ranges) {
    add(Math.max(at, shorter), offset, 2 * BEYOND + 1)
    at = offset + length
    add(offset, at, 2 * DIFFERS)
  }
  if (more) add(at, size, 2 * NOT_LISTED + 1)
  else add(Math.max(at, shorter), size, 2 * BEYOND + 1)
  return runs
}

function halve(level: MapCounts): MapCounts {
  const half: MapCounts = new Float64Array(Math.ceil(level.length / SLOTS / 2) * SLOTS)
  for (let index = 0; index < level.length; index += 1) {
    const slot = Math.floor(index / SLOTS / 2) * SLOTS + (index % SLOTS)
    half[slot] = (half[slot] ?? 0) + (level[index] ?? 0)
  }
  return half
}
