import { type Disk, openDisk } from '../image/disk'
import type { FlattenRequest, JobPlan, JobResult } from '../model/job'
import { type Job, overlappingSteps, paceOf } from './job'
import { checkSpace, commandLine, filesOf, overlayOf, requireSpace } from './plan'

/**
 * Brings everything that lies below into the image file. The bitmap is the journal: a bit is set
 * when its cluster is in the image file, so the job can be stopped, killed and started again at any
 * point, and nothing is copied twice.
 */
export const flattenJob: Job<FlattenRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openDisk(host, request.path, { writable: true })
    try {
      const { image } = overlayOf(disk)
      const bytesToCopy = await countToCopy(disk)
      const space = await checkSpace(host, image.path, bytesToCopy)
      return {
        kind: 'flatten',
        warnings: bytesToCopy === 0 ? [{ code: 'nothing-to-copy', details: {} }] : [],
        files: filesOf(disk, 'write'),
        bytesToCopy,
        spaceNeeded: bytesToCopy,
        commandLine: commandLine('flatten', ...(request.verify ? ['--verify'] : []), request.path),
        sizeAfter: disk.size,
        ...space,
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const disk = await openDisk(host, request.path, { writable: true })
    try {
      const overlay = overlayOf(disk)
      const total = disk.size
      const stopping = { what: `The flatten of ${request.path}`, state: 'resumable' } as const
      control.report({ phase: 'preparing', current: 0, total })
      await requireSpace(host, overlay.image.path, await countToCopy(disk))
      const { durableEvery } = paceOf(control)
      let bytesCopied = 0
      let flushedAt = 0
      await overlappingSteps(control, stopping, total, async (step) => {
        const copied = await overlay.populate(step, disk.below, { verify: request.verify })
        bytesCopied += copied
        if (bytesCopied - flushedAt < durableEvery) return
        flushedAt = bytesCopied
        await overlay.flush()
      })
      await overlay.seal()
      control.report({ phase: 'copying', current: total, total })
      return { kind: 'flatten', path: request.path, bytesCopied }
    } finally {
      await disk.close()
    }
  },
}

/** Bytes below that the top does not have. */
export async function countToCopy(disk: Disk): Promise<number> {
  let bytes = 0
  await disk.walk(({ depth, content, length }) => {
    if (depth !== undefined && depth > 0 && content === 'data') bytes += length
  })
  return bytes
}
