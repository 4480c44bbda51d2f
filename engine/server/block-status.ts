import { type ByteRange, clipRange } from '../base/byte-range'
import type { DiskExtent } from '../format/layer'
import type { Disk } from '../image/disk'
import { ALLOCATION_DEPTH, BASE_ALLOCATION, BLOCK_STATE } from '../nbd/protocol'

/** What a client can ask to be told of a disk, each under the id that the server gave it. */
export interface StatusContext {
  readonly name: string
  readonly id: number
  /** The flags of a run of the disk. */
  flagsOf(extent: DiskExtent): number
}

export const STATUS_CONTEXTS: readonly StatusContext[] = [
  {
    name: BASE_ALLOCATION,
    id: 0,
    flagsOf: ({ content }) => (content === 'zero' ? BLOCK_STATE.hole | BLOCK_STATE.zero : 0),
  },
  {
    // As QEMU counts: 0 where no layer decides, 1 for the top, 2 for its backing file.
    name: ALLOCATION_DEPTH,
    id: 1,
    flagsOf: ({ depth }) => (depth === undefined ? 0 : depth + 1),
  },
]

/** Runs that one reply has at most: a disk in many pieces is told in several replies. */
const MAX_RUNS = 4096
/** Runs of the disk that are looked at for one reply, whatever they add up to. */
const MAX_LOOKS = 16_384

/** Lengths and flags, in turns, of the runs of one context. */
export interface StatusRuns {
  readonly context: StatusContext
  readonly words: number[]
}

/**
 * What the contexts say of a range from its start on: at least of one run, not always of the whole
 * range. With `one`, of a single run.
 */
export async function blockStatus(
  disk: Disk,
  range: ByteRange,
  contexts: readonly StatusContext[],
  one: boolean,
): Promise<StatusRuns[]> {
  const found = contexts.map((context) => ({ context, words: [] }))
  const open = new Set<StatusRuns>(found)
  const limit = one ? 1 : MAX_RUNS
  let looks = 0
  for await (const extent of disk.extents(clipRange(range, disk.size))) {
    for (const runs of open) if (!addRun(runs, extent, limit)) open.delete(runs)
    looks += 1
    if (open.size === 0 || looks === MAX_LOOKS) break
  }
  return found
}

/** Adds a run behind the others; false where it would be one too many. */
function addRun({ context, words }: StatusRuns, extent: DiskExtent, limit: number): boolean {
  const flags = context.flagsOf(extent)
  const last = words.length - 1
  if (last > 0 && words[last] === flags) {
    words[last - 1] = (words[last - 1] ?? 0) + extent.length
    return true
  }
  if (words.length === limit * 2) return false
  words.push(extent.length, flags)
  return true
}
