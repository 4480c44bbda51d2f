import { rangeEnd } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { alignUp, formatSize, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../base/units'
import type { Layer } from '../format/layer'
import { type Disk, openDisk } from '../image/disk'
import type { JobPlan, JobResult, PlanWarning, ResizeRequest } from '../model/job'
import type { Job } from './job'
import { commandLine, filesOf } from './plan'

/**
 * Changes the virtual size of an image. A size that is no whole number of sectors is rounded up to
 * one.
 */
export const resizeJob: Job<ResizeRequest> = {
  stateWhenStopped: 'uncertain',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openDisk(host, request.path, { writable: true })
    try {
      const size = targetSize(request)
      const lost = size < disk.size ? await findLost(disk.top, size) : undefined
      const details = { bytes: lost?.lostBytes ?? 0 }
      const warnings: PlanWarning[] = details.bytes > 0 ? [{ code: 'data-cut-off', details }] : []
      const flags = size < disk.size ? ['--shrink'] : []
      return {
        kind: 'resize',
        problems: [],
        warnings,
        files: filesOf(disk, 'write'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: commandLine('resize', ...flags, request.path, String(size)),
        sizeBefore: disk.size,
        sizeAfter: size,
        ...lost,
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request): Promise<JobResult> {
    const disk = await openDisk(host, request.path, { writable: true })
    try {
      await resizeDisk(disk, request)
    } finally {
      await disk.close()
    }
    return { kind: 'resize', path: request.path }
  },
}

/** Resizes an open disk, under which nothing else may be under way. */
export async function resizeDisk(disk: Disk, request: ResizeRequest): Promise<void> {
  const size = targetSize(request)
  if (size < disk.size && !request.shrink) throw needsShrink(request.path, disk.size, size)
  await disk.truncate(size)
}

function targetSize({ path, size }: ResizeRequest): number {
  if (size > 0 && size <= MAX_VIRTUAL_SIZE) return alignUp(size, SECTOR_SIZE)
  const message = `Cannot resize ${path}: a disk of ${String(size)} bytes is out of range`
  const details = { path, field: 'size', size, limit: MAX_VIRTUAL_SIZE }
  throw new EngineError('invalid-argument', message, details, { state: 'unchanged' })
}

function needsShrink(path: string, from: number, to: number): EngineError {
  const message =
    `Cannot resize ${path} from ${formatSize(from)} to ${formatSize(to)}: ` +
    'data behind the new end would be lost; shrinking must be asked for'
  return new EngineError('resize/needs-shrink', message, { path, from, to }, { state: 'unchanged' })
}

/** What the layer itself has behind a new end. */
async function findLost(
  layer: Layer,
  size: number,
): Promise<{ lostBytes: number; lastAllocatedEnd: number }> {
  let lostBytes = 0
  let lastAllocatedEnd = 0
  for (let at = 0; at < layer.size;) {
    const extent = await layer.extentAt({ offset: at, length: layer.size - at })
    const end = rangeEnd({ offset: at, length: extent.length })
    if (extent.allocated && extent.content === 'data') {
      lastAllocatedEnd = end
      lostBytes += Math.max(0, end - Math.max(at, size))
    }
    at = end
  }
  return { lostBytes, lastAllocatedEnd }
}
