import { EngineError } from '../base/errors'
import { GIB, MIB } from '../base/units'
import type { Readable } from '../format/layer'
import type { Overlay } from '../format/overlay/overlay-layer'
import type { Host } from '../host/host'
import { countToCopy } from '../job/flatten'
import { betweenSteps, type JobControl } from '../job/job'
import { overlayOf, requireSpace } from '../job/plan'
import type { LiveDisk } from './live-disk'

/** What is brought in at a time: little, as who asks for the same clusters waits so long. */
const STEP = MIB
/** What a crash may make us copy again. */
const FLUSH_EVERY = GIB
/** While clients are at work, they get this many times as long as a step took. */
const CLIENTS_SHARE = 4

export interface FlattenOptions {
  /** Bytes of what lies below that are copied in a second, at most; no limit where absent. */
  readonly bytesPerSecond?: number
}

/**
 * Brings everything below into the image file of the present top, while clients read and write: in
 * small steps, between which clients come first. At the end reads and writes go straight to the
 * image file. It can be stopped at any point, and goes on from there when it is asked for again.
 *
 * A snapshot may be taken meanwhile: then the layer that it was begun with is brought to its end.
 * Returns the bytes that were copied. Errors: `job/cancelled`; `invalid-argument` for a raw disk;
 * `read-only` for one that is not written; `io/no-space` where it can be told beforehand, and those
 * of the host.
 */
export async function flattenLive(
  host: Host,
  live: LiveDisk,
  /** Counts what clients have asked for so far. */
  requests: () => number,
  options: FlattenOptions,
  control: JobControl,
): Promise<number> {
  const { disk } = live
  const overlay = overlayOf(disk)
  if (!disk.writable) throw notWritten(overlay.path)
  const stopping = { what: `The flatten of ${overlay.path}`, state: 'resumable' } as const
  control.report({ phase: 'preparing', current: 0, total: overlay.size })
  await requireSpace(host, overlay.image.path, await countToCopy(disk))
  const pace = new Pace(requests, options.bytesPerSecond ?? Infinity, control.signal)
  let copied = 0
  let flushedAt = 0
  do {
    // The size is asked for anew each time: the disk may be resized between two steps.
    for (let at = 0; at < overlay.size; at += STEP) {
      await betweenSteps(control, stopping, { phase: 'copying', current: at, total: overlay.size })
      copied += await pace.step(() => live.step(() => bringIn(overlay, at, disk.below)))
      if (copied - flushedAt < FLUSH_EVERY) continue
      await overlay.flush()
      flushedAt = copied
    }
    // most of the waiting is done here, where clients need not wait as well
    await overlay.flush()
  } while (!(await live.alone(() => sealWhereComplete(overlay))))
  control.report({ phase: 'copying', current: overlay.size, total: overlay.size })
  return copied
}

function notWritten(path: string): EngineError {
  const message = `${path} is served for reading only: nothing can be brought into its image file`
  return new EngineError('read-only', message, { path }, { state: 'unchanged' })
}

async function bringIn(overlay: Overlay, at: number, below: Readable): Promise<number> {
  const length = Math.min(STEP, overlay.size - at)
  return length > 0 ? await overlay.populate({ offset: at, length }, below, { verify: false }) : 0
}

/** False where a resize has left a part that is not allocated. */
async function sealWhereComplete(overlay: Overlay): Promise<boolean> {
  if ((await overlay.countAllocated()) < overlay.size) return false
  await overlay.seal()
  return true
}

/** Sees to it that the flatten takes no more than its share of time, and of bytes a second. */
class Pace {
  private copied = 0
  private readonly started = performance.now()

  constructor(
    private readonly requests: () => number,
    private readonly bytesPerSecond: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Runs a step, and waits as long as is due to others. One that copies nothing is free. */
  async step(work: () => Promise<number>): Promise<number> {
    const before = this.requests()
    const begun = performance.now()
    const copied = await work()
    if (copied === 0) return 0
    this.copied += copied
    // lets clients in: whether they are at work shows in what they ask for meanwhile
    await new Promise((resolve) => setImmediate(resolve))
    const now = performance.now()
    const busy = this.requests() !== before
    const share = busy ? (now - begun) * CLIENTS_SHARE : 0
    const due = this.started + (this.copied / this.bytesPerSecond) * 1000
    await pause(Math.max(share, due - now), this.signal)
    return copied
  }
}

/** Waits so many milliseconds, or until the signal. */
async function pause(time: number, signal: AbortSignal): Promise<void> {
  if (time < 1 || signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, time)
    signal.addEventListener('abort', end)
  })
}
