import { MIB, SECTOR_SIZE } from '../base/units'
import { type Disk, openDisk } from '../image/disk'
import type { JobPlan, JobProgress, JobResult, MeasureRequest } from '../model/job'
import { costsOf } from './cost'
import { betweenSteps, type Job, type JobControl } from './job'
import { commandLine, filesOf } from './plan'
import { pairedRuns, SideBySide, surelyEqual } from './side-by-side'

/** After so many bytes of the disk the job can be watched, paused and cancelled. */
const STEP = 32 * MIB

/** Works out what other jobs would cost, and how much of an overlay its base has just the same. */
export const measureJob: Job<MeasureRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openDisk(host, request.path, { writable: false })
    try {
      const flags = request.compareWithBase ? ['--compare-with-base'] : []
      return {
        kind: 'measure',
        problems: [],
        warnings: [],
        files: filesOf(disk, 'read'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: commandLine('measure', ...flags, request.path),
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const disk = await openDisk(host, request.path, { writable: false })
    try {
      const costs = await costsOf(disk, looks(control, request, 'preparing', disk.size))
      const measure = { virtualSize: disk.size, ...costs }
      const result = { kind: 'measure', path: request.path } as const
      if (!request.compareWithBase) return { ...result, measure }
      const passed = looks(control, request, 'verifying', disk.size)
      return { ...result, measure: { ...measure, equalToBase: await countEqual(disk, passed) } }
    } finally {
      await disk.close()
    }
  },
}

type Looks = (offset: number) => Promise<void> | undefined

/** To be called with ascending offsets: now and then the job can be watched and stopped there. */
function looks(
  control: JobControl,
  { path }: MeasureRequest,
  phase: JobProgress['phase'],
  total: number,
): Looks {
  const stopping = { what: `The measurement of ${path}`, state: 'unchanged' } as const
  let next = 0
  return (offset) => {
    if (offset < next) return undefined
    next = offset + STEP
    return betweenSteps(control, stopping, { phase, current: offset, total })
  }
}

/** Bytes of the top, by whole sectors, that what lies below has just the same. */
async function countEqual(disk: Disk, passed: Looks): Promise<number> {
  const sides = new SideBySide(disk, disk.below, SECTOR_SIZE)
  let equal = 0
  for await (const run of pairedRuns(disk, disk.below, { offset: 0, length: disk.size })) {
    await passed(run.offset)
    if (run.left.depth !== 0 || disk.layers.length === 1) continue
    equal += run.length
    if (surelyEqual(run)) continue
    for await (const { offset, length } of sides.differences(run)) {
      equal -= length
      await passed(offset)
    }
  }
  return equal
}
