import * as path from 'node:path'
import { type ByteRange, clipRange, rangeEnd, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { alignDown, alignUp, formatSize, MIB, SECTOR_SIZE } from '../base/units'
import { resolveName, storedName } from '../format/file-names'
import type { BackingReference } from '../format/layer'
import {
  encodeBackingName,
  MAX_WRITTEN_SIZE,
  Qcow2Writer,
  WRITTEN_CLUSTER_SIZE as CLUSTER,
  WRITTEN_TABLE_SPAN,
} from '../format/qcow2/image-writer'
import type { CopyPiece, Host, HostFile } from '../host/host'
import { Disk, openDisk } from '../image/disk'
import type { ExportOverlayRequest, JobPlan, JobResult } from '../model/job'
import { betweenSteps, type Job, type JobControl } from './job'
import { NewFiles } from './new-files'
import { partOf, refuseExisting } from './part-file'
import { checkSpace, commandLine, filesOf, overlayOf, requireSpace } from './plan'
import { SideBySide } from './side-by-side'

/** What is copied between two looks at the cancel signal. */
const STEP = 32 * MIB
const READ_STEP = MIB

/**
 * Writes an overlay as a new qcow2 overlay on the same backing file: the clusters that it has some
 * of, whole. The file grows as NAME.part and gets its name when it is complete and durable; where
 * anything goes wrong it is removed. Sources are only read.
 */
export const exportOverlayJob: Job<ExportOverlayRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openSource(host, request)
    try {
      const left = await refuseExisting(host, request.target)
      const bytesToCopy = await countToCopy(disk)
      const spaceNeeded = Math.max(0, bytesToCopy - left)
      const space = await checkSpace(host, request.target, spaceNeeded)
      const flags = request.verify ? ['--verify'] : []
      return {
        kind: 'export-overlay',
        warnings: [],
        files: [
          { path: request.target, role: 'target', action: 'create' },
          ...filesOf(disk, 'read'),
        ],
        bytesToCopy,
        spaceNeeded,
        commandLine: commandLine('convert', ...flags, '-O', 'qcow2', request.path, request.target),
        sizeAfter: disk.size,
        ...space,
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const files = new NewFiles(host)
    try {
      const bytesCopied = await writePart(host, request, control, files)
      await files.publishPart(request.target)
      return { kind: 'export-overlay', path: request.target, bytesCopied }
    } catch (error) {
      await files.remove()
      throw error
    }
  },
}

function stoppingOf({ path: source }: ExportOverlayRequest): { what: string; state: 'unchanged' } {
  return { what: `The export of ${source}`, state: 'unchanged' }
}

/** Opens the overlay, and refuses one that cannot be a qcow2 overlay that others can use. */
async function openSource(host: Host, request: ExportOverlayRequest): Promise<Disk> {
  const disk = await openDisk(host, request.path, { writable: false })
  try {
    overlayOf(disk)
    encodeBackingName(newBacking(disk, request)?.name ?? '')
    const { size } = disk
    if (size <= MAX_WRITTEN_SIZE) return disk
    const limit = formatSize(MAX_WRITTEN_SIZE)
    throw refusal(request, `a disk of ${formatSize(size)} is longer than ${limit}`)
  } catch (error) {
    await disk.close()
    throw error
  }
}

/** The backing file as the new overlay is to name it; undefined where it needs none. */
function newBacking(disk: Disk, request: ExportOverlayRequest): BackingReference | undefined {
  const [top, below] = disk.layers
  if (top?.backing === undefined || below === undefined) return undefined
  const { format } = below
  if (format === 'add-cow' || format === 'acow') {
    throw refusal(request, `its backing file ${below.path} is an add-cow overlay itself`)
  }
  const name = storedName(resolveName(top.backing.name, top.path), path.dirname(request.target))
  return { name, format }
}

function refusal({ path: source, target }: ExportOverlayRequest, reason: string): EngineError {
  const message = `Cannot write ${source} as the qcow2 overlay ${target}: ${reason}`
  return new EngineError('not-supported', message, { path: source, target }, { state: 'unchanged' })
}

/** Durably; bytes copied. */
async function writePart(
  host: Host,
  request: ExportOverlayRequest,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  const disk = await openSource(host, request)
  try {
    const left = await refuseExisting(host, request.target)
    control.report({ phase: 'preparing', current: 0, total: disk.size })
    await requireSpace(host, request.target, (await countToCopy(disk)) - left)
    const file = await files.makePart(request.target)
    const copied = await writeImage(disk, file, request, control)
    await file.sync()
    if (request.verify) await verify(host, disk, request, control)
    return copied
  } finally {
    await disk.close()
  }
}

async function writeImage(
  disk: Disk,
  file: HostFile,
  request: ExportOverlayRequest,
  control: JobControl,
): Promise<number> {
  const total = disk.size
  const writer = new Qcow2Writer(file, total)
  let copied = 0
  let index = 0
  for (const span of splitRange({ offset: 0, length: total }, WRITTEN_TABLE_SPAN)) {
    for (const step of splitRange(span, STEP)) {
      await betweenSteps(control, stoppingOf(request), {
        phase: 'copying',
        current: step.offset,
        total,
      })
      for await (const run of ownClusters(disk, step)) copied += await put(disk, file, writer, run)
    }
    await writer.endTable(index)
    index += 1
  }
  await writer.finish(newBacking(disk, request))
  control.report({ phase: 'copying', current: total, total })
  return copied
}

/** A run of whole clusters (or up to the end of the disk) that the overlay has some of. */
interface ClusterRun extends ByteRange {
  readonly content: 'data' | 'zero'
}

/**
 * The clusters of a range that the overlay decides any part of, neighbours of the same content in
 * one; `zero` where the disk reads as zero for certain. The range starts and ends at a cluster.
 */
async function* ownClusters(disk: Disk, range: ByteRange): AsyncGenerator<ClusterRun> {
  for await (const own of ownRuns(disk, range)) {
    let at = own.offset
    for await (const extent of disk.extents(own)) {
      if (extent.content === 'data') continue
      const start = alignUp(extent.offset, CLUSTER)
      const end = rangeEnd(extent)
      const zeroEnd = end === rangeEnd(own) ? end : alignDown(end, CLUSTER)
      if (zeroEnd <= start) continue
      if (start > at) yield { offset: at, length: start - at, content: 'data' }
      yield { offset: start, length: zeroEnd - start, content: 'zero' }
      at = zeroEnd
    }
    if (at < rangeEnd(own)) yield { offset: at, length: rangeEnd(own) - at, content: 'data' }
  }
}

/** Of a range, what the overlay decides, widened to whole clusters; ascending, apart. */
async function* ownRuns(disk: Disk, range: ByteRange): AsyncGenerator<ByteRange> {
  let open: ByteRange | undefined
  for (let at = range.offset; at < rangeEnd(range);) {
    const rest = { offset: at, length: rangeEnd(range) - at }
    const { allocated, length } = await disk.top.allocationAt(rest)
    if (allocated) {
      const offset = alignDown(at, CLUSTER)
      const end = alignUp(at + length, CLUSTER)
      const run = clipRange({ offset, length: end - offset }, rangeEnd(range))
      if (open !== undefined && run.offset <= rangeEnd(open)) {
        open = { offset: open.offset, length: rangeEnd(run) - open.offset }
      } else {
        if (open !== undefined) yield open
        open = run
      }
    }
    at += length
  }
  if (open !== undefined) yield open
}

/** Writes one run; the bytes that were copied. */
async function put(
  disk: Disk,
  file: HostFile,
  writer: Qcow2Writer,
  run: ClusterRun,
): Promise<number> {
  if (run.content === 'zero') {
    writer.zero(run.offset, run.length)
    return 0
  }
  const shift = writer.place(run.offset, run.length) - run.offset
  const pieces: CopyPiece[] = []
  let copied = 0
  for await (const { offset, length, content, source } of disk.extents(run)) {
    if (content === 'zero') continue
    if (source === undefined) await copyThroughMemory(disk, file, { offset, length }, shift)
    else {
      const target = { offset: offset + shift, length }
      pieces.push({ source: source.file, sourceOffset: source.offset, ...target })
    }
    copied += length
  }
  await file.copyFrom(pieces)
  return copied
}

async function copyThroughMemory(
  disk: Disk,
  file: HostFile,
  range: ByteRange,
  shift: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(READ_STEP, range.length))
  for (const step of splitRange(range, READ_STEP)) {
    const part = buffer.subarray(0, step.length)
    await disk.read(part, step.offset)
    await file.write(part, step.offset + shift)
  }
}

async function countToCopy(disk: Disk): Promise<number> {
  let bytes = 0
  for (const step of splitRange({ offset: 0, length: disk.size }, WRITTEN_TABLE_SPAN)) {
    for await (const { content, length } of ownClusters(disk, step)) {
      if (content === 'data') bytes += length
    }
  }
  return bytes
}

/** Opens what was written as everybody will, and reads both again. */
async function verify(
  host: Host,
  disk: Disk,
  request: ExportOverlayRequest,
  control: JobControl,
): Promise<void> {
  const options = { writable: false, format: 'qcow2', topOnly: true } as const
  const top = await openDisk(host, partOf(request.target), options)
  try {
    const written = new Disk([...top.layers, ...disk.layers.slice(1)], false)
    const total = disk.size
    const sides = new SideBySide(disk, written, SECTOR_SIZE)
    for (const step of splitRange({ offset: 0, length: total }, STEP)) {
      const progress = { phase: 'verifying', current: step.offset, total } as const
      await betweenSteps(control, stoppingOf(request), progress)
      for await (const { offset } of sides.differences(step)) {
        const message =
          `The new file differs from ${request.path} at byte ${String(offset)}; ` + 'it was removed'
        const details = { path: request.path, target: request.target, offset }
        throw new EngineError('verify/mismatch', message, details, { state: 'unchanged' })
      }
    }
    control.report({ phase: 'verifying', current: total, total })
  } finally {
    await top.close()
  }
}
