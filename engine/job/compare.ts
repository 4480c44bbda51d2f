import { type ByteRange, rangeEnd, splitRange } from '../base/byte-range'
import { MIB, SECTOR_SIZE } from '../base/units'
import type { Host } from '../host/host'
import { type Disk, openDisk } from '../image/disk'
import {
  type CompareRequest,
  type CompareResult,
  type DifferingRange,
  type JobPlan,
  type JobResult,
  MAX_DIFFERING_RANGES,
} from '../model/job'
import { betweenSteps, type Job, type JobControl } from './job'
import { commandLine, filesOf } from './plan'
import { pairedRuns, SideBySide, surelyEqual } from './side-by-side'

/** After so many bytes of the disk the job can be watched, paused and cancelled. */
const STEP = 32 * MIB

/**
 * Finds where two disks read differently. What one has more than the other counts as different
 * where it is not zero. Holes, and what both have from the same place, are not read.
 */
export const compareJob: Job<CompareRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    return await withDisks(host, request, (one, other) =>
      Promise.resolve({
        kind: 'compare',
        problems: [],
        warnings: [],
        files: [...filesOf(one, 'read'), ...filesOf(other, 'read')],
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: commandLine('compare', request.path, request.other),
      }),
    )
  },

  async run(host, request, control): Promise<JobResult> {
    const { path, firstOnly } = request
    return await withDisks(host, request, async (one, other) => {
      const found = new Differences()
      for await (const range of differences(one, other, request, control)) {
        found.add(range)
        if (firstOnly) break
      }
      const compare = await found.result(one, other)
      return { kind: 'compare', path, compare }
    })
  },
}

async function withDisks<Result>(
  host: Host,
  { path, other: otherPath }: CompareRequest,
  use: (one: Disk, other: Disk) => Promise<Result>,
): Promise<Result> {
  const one = await openDisk(host, path, { writable: false })
  try {
    const other = await openDisk(host, otherPath, { writable: false })
    try {
      return await use(one, other)
    } finally {
      await other.close()
    }
  } finally {
    await one.close()
  }
}

/** The sectors that differ, ascending. */
async function* differences(
  one: Disk,
  other: Disk,
  { path, other: otherPath }: CompareRequest,
  control: JobControl,
): AsyncGenerator<ByteRange> {
  const what = `The comparison of ${path} with ${otherPath}`
  const total = Math.max(one.size, other.size)
  const sides = new SideBySide(one, other, SECTOR_SIZE)
  let nextLook = 0
  for await (const run of pairedRuns(one, other, { offset: 0, length: total })) {
    for (const step of splitRange(run, STEP)) {
      if (step.offset >= nextLook) {
        const progress = { phase: 'verifying', current: step.offset, total } as const
        await betweenSteps(control, { what, state: 'unchanged' }, progress)
        nextLook = step.offset + STEP
      }
      if (surelyEqual(run)) break
      yield* sides.differences(step)
    }
  }
  control.report({ phase: 'verifying', current: total, total })
}

/** What a comparison found: ranges that touch are one; of very many the first are kept. */
class Differences {
  private readonly ranges: DifferingRange[] = []
  private bytes = 0
  private last: ByteRange | undefined
  private more = false

  add(range: ByteRange): void {
    this.bytes += range.length
    const { last } = this
    if (last === undefined || rangeEnd(last) !== range.offset) {
      this.keep()
      this.last = range
    } else {
      this.last = { offset: last.offset, length: last.length + range.length }
    }
  }

  /** Puts the range that nothing can touch any more into the list. */
  private keep(): void {
    if (this.last === undefined) return
    if (this.ranges.length < MAX_DIFFERING_RANGES) this.ranges.push(this.last)
    else this.more = true
  }

  async result(one: Disk, other: Disk): Promise<CompareResult> {
    this.keep()
    const { ranges, bytes, more } = this
    const sizes = [one.size, other.size] as const
    const [first] = ranges
    const found = { sizes, ranges, differingBytes: bytes, more }
    if (first === undefined) return { ...found, identical: true }
    return { ...found, identical: false, firstDifference: await firstByte(one, other, first) }
  }
}

/** The first byte that differs in a range of sectors of which the first one does. */
async function firstByte(one: Disk, other: Disk, { offset, length }: ByteRange): Promise<number> {
  const sector = { offset, length: Math.min(length, SECTOR_SIZE) }
  for await (const byte of new SideBySide(one, other, 1).differences(sector)) return byte.offset
  // the file was written to meanwhile
  return offset
}
