import * as fs from 'node:fs'
import { type ByteRange, rangeEnd } from '../base/byte-range'
import { Fiemap } from './fiemap'
import type { DataRanges } from './host'
import type { LinuxCalls } from './linux-calls'

/** Extents that are asked for at once. */
const ROOM = 2048

/**
 * Where the data of a range lies by FIEMAP: see HostFile. Only for files of which ExtentRuns could
 * tell as well.
 */
export async function dataRanges(
  fd: number,
  linux: LinuxCalls,
  range: ByteRange,
): Promise<DataRanges | undefined> {
  // the block in which a file ends goes on behind it
  const end = Math.min(rangeEnd(range), fs.fstatSync(fd).size)
  const told = new Fiemap(ROOM)
  let found: DataRanges = new Float64Array(2 * ROOM)
  let used = 0
  for (let at = range.offset; at < end;) {
    told.ask({ offset: at, length: end - at }, ROOM)
    await linux.fileExtentsLater(fd, told.bytes)
    const { count } = told
    if (used + 2 * count > found.length) found = longer(found)
    for (let index = 0; index < count; index += 1) {
      // what is on its way to such an extent is data already, and FIEMAP does not tell how much
      if (told.isUnwritten(index)) return undefined
      const from = Math.max(told.startOf(index), range.offset)
      if (used === 0 || from > at) {
        found[used] = from
        used += 2
      }
      at = Math.min(told.endOf(index), end)
      found[used - 1] = at
    }
    if (count < ROOM) break
  }
  return found.subarray(0, used)
}

function longer(array: DataRanges): DataRanges {
  const twice = new Float64Array(2 * array.length)
  twice.set(array)
  return twice
}
