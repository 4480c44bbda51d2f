import { assert } from '../base/assert'
import { type ByteRange, rangeEnd } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { alignDown, SECTOR_SIZE } from '../base/units'
import type { Layer } from '../format/layer'
import type { Overlay } from '../format/overlay/overlay-layer'
import { detectFormat, PROBE_SIZE } from '../format/registry'
import type { CopyPiece, Host } from '../host/host'
import { Disk, isWritable, openDisk } from '../image/disk'
import type { CommitRequest, JobPlan, JobResult } from '../model/job'
import { costOfCommit } from './cost'
import { type Job, paceOf, stepsOf } from './job'
import { checkSpace, commandLine, filesOf, overlayOf, requireSpace } from './plan'
import { SideBySide } from './side-by-side'

/**
 * Writes what an overlay has down into its backing file, and empties the overlay.
 *
 * What the overlay has is given up only when the backing file holds the same, durably: first the
 * bits, durably, then the blocks. Until then it is read from the overlay, afterwards from below;
 * both are the same. So the disk never changes, a crash at any point leaves it whole, and the job
 * started again copies what the overlay still has.
 */
export const commitJob: Job<CommitRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const parts = await openForCommit(host, request)
    const { disk, base, baseLayer } = parts
    try {
      const cost = await costOfCommit(disk)
      const space = await checkSpace(host, dataFileOf(baseLayer), cost.spaceNeeded)
      const isEmpty = (await parts.top.countAllocated()) === 0
      return {
        kind: 'commit',
        warnings: isEmpty ? [{ code: 'nothing-to-copy', details: {} }] : [],
        files: filesOf(disk, 'write', 2),
        ...cost,
        commandLine: commandLine('commit', ...(request.verify ? ['--verify'] : []), request.path),
        sizeBefore: base.size,
        sizeAfter: Math.max(base.size, disk.size),
        ...space,
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const parts = await openForCommit(host, request)
    const { disk, top, base, baseLayer } = parts
    try {
      const total = disk.size
      const stopping = { what: `The commit of ${request.path}`, state: 'resumable' } as const
      control.report({ phase: 'preparing', current: 0, total })
      const { spaceNeeded } = await costOfCommit(disk)
      await requireSpace(host, dataFileOf(baseLayer), spaceNeeded)
      await growBase(base, total)
      const copy = new Copy(parts, request)
      let bytesCopied = 0
      let given = { offset: 0, copied: 0 }
      for await (const step of stepsOf(control, stopping, { phase: 'copying', total })) {
        bytesCopied += await copy.copyDown(step)
        const end = rangeEnd(step)
        if (bytesCopied - given.copied < paceOf(control).durableEvery && end < total) continue
        await base.flush()
        await top.release({ offset: given.offset, length: end - given.offset })
        given = { offset: end, copied: bytesCopied }
      }
      control.report({ phase: 'copying', current: total, total })
      return { kind: 'commit', path: request.path, bytesCopied }
    } finally {
      await disk.close()
    }
  },
}

interface Parts {
  readonly disk: Disk
  readonly top: Overlay
  /** The disk that the backing file is, with what lies below it. Closed with `disk`. */
  readonly base: Disk
  readonly baseLayer: Layer
}

/** Opens the overlay and its backing file for writing; refuses what cannot be committed. */
async function openForCommit(host: Host, { path }: CommitRequest): Promise<Parts> {
  const disk = await openDisk(host, path, { writable: true, writableLayers: 2 })
  try {
    const top = overlayOf(disk)
    const base = new Disk(disk.layers.slice(1), true)
    const [, baseLayer] = disk.layers
    if (baseLayer === undefined) throw refusal('invalid-argument', path, nothingBelow(top))
    if (!isWritable(baseLayer)) {
      const reason = `its backing file ${baseLayer.path} is ${baseLayer.format}, which is only read`
      throw refusal('read-only', path, reason)
    }
    await refuseForeignLook(disk, top, baseLayer)
    return { disk, top, base, baseLayer }
  } catch (error) {
    await disk.close()
    throw error
  }
}

function nothingBelow(top: Overlay): string {
  return top.allAllocated
    ? 'it is flattened, and its image file alone is the disk'
    : 'it has no backing file'
}

/**
 * Where the format of the backing file is probed at each open, a guest must not decide on it: what
 * it wrote to the start of the disk is not brought down where it looks like another format.
 */
async function refuseForeignLook(disk: Disk, top: Overlay, baseLayer: Layer): Promise<void> {
  if (baseLayer.format !== 'raw' || top.backing?.format !== undefined) return
  const prefix = new Uint8Array(Math.min(PROBE_SIZE, disk.size))
  await disk.read(prefix, 0)
  const found = detectFormat(prefix)
  if ('format' in found && found.format === 'raw') return
  const name = 'format' in found ? found.format : found.foreign
  const reason =
    `the disk starts like a ${name} image, and its backing file, whose format is not stored in ` +
    'this layout, would be taken for one afterwards'
  throw refusal('not-supported', top.path, reason)
}

function refusal(
  code: 'invalid-argument' | 'read-only' | 'not-supported',
  path: string,
  reason: string,
): EngineError {
  return new EngineError(code, `Cannot commit ${path}: ${reason}`, { path }, { state: 'unchanged' })
}

/** The file that grows when a layer is written to. */
function dataFileOf(layer: Layer): string {
  return layer.files.find(({ role }) => role === 'data')?.file.path ?? layer.path
}

/** Makes the backing file as long as the disk; what is added reads as zero, as it did. */
async function growBase(base: Disk, size: number): Promise<void> {
  if (base.size >= size) return
  // Of a raw file whole sectors are seen from above: what is behind them would come into sight.
  const seen = alignDown(base.size, SECTOR_SIZE)
  if (seen < base.size) {
    await base.writeZeroes({ offset: seen, length: base.size - seen })
    await base.flush()
  }
  await base.truncate(size)
}

/** Copies what the overlay has to the backing file. */
class Copy {
  private readonly sides: SideBySide

  constructor(
    private readonly parts: Parts,
    private readonly request: CommitRequest,
  ) {
    this.sides = new SideBySide(parts.disk, parts.base, SECTOR_SIZE)
  }

  /** Returns the bytes that were copied. */
  async copyDown(range: ByteRange): Promise<number> {
    const { disk, base } = this.parts
    const runs: ByteRange[] = []
    const pieces: CopyPiece[] = []
    for await (const { offset, length, depth, content, source } of disk.extents(range)) {
      if (depth !== 0) continue
      runs.push({ offset, length })
      if (content === 'zero') {
        await this.zeroDown({ offset, length })
      } else {
        assert(source !== undefined, 'what an overlay has lies in its image file')
        pieces.push({ source: source.file, sourceOffset: source.offset, offset, length })
      }
    }
    // Last, as it writes again what lies between pieces in one block: zeros are there by now.
    await base.copyIn(pieces)
    if (this.request.verify) for (const run of runs) await this.verify(run)
    return pieces.reduce((sum, { length }) => sum + length, 0)
  }

  /** Zeros over zeros would only take space in a backing file that is an overlay itself. */
  private async zeroDown(run: ByteRange): Promise<void> {
    const { base } = this.parts
    for await (const { offset, length, content } of base.extents(run)) {
      if (content === 'data') await base.writeZeroes({ offset, length })
    }
  }

  private async verify(run: ByteRange): Promise<void> {
    const { top, baseLayer } = this.parts
    for await (const { offset } of this.sides.differences(run)) {
      const message =
        `${baseLayer.path} does not hold at byte ${String(offset)} what was copied to it ` +
        `from ${top.path}; the overlay still has it`
      throw new EngineError('verify/mismatch', message, { path: baseLayer.path, offset })
    }
  }
}
