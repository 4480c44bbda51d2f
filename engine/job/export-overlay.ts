import * as path from 'node:path'
import { type ByteRange, clipRange, rangeEnd, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { alignDown, alignUp, formatSize } from '../base/units'
import { resolveName, storedName } from '../format/file-names'
import type { BackingReference } from '../format/layer'
import {
  encodeBackingName,
  MAX_WRITTEN_SIZE,
  Qcow2Writer,
  WRITTEN_CLUSTER_SIZE as CLUSTER,
  WRITTEN_TABLE_SPAN,
} from '../format/qcow2/image-writer'
import type { Host, HostFile } from '../host/host'
import { Disk, openDisk } from '../image/disk'
import type { ExportOverlayRequest } from '../model/job'
import { copyData, exportJobOf } from './export-file'
import { betweenSteps, type Job, type JobControl, paceOf, type Stopping } from './job'
import { partOf } from './part-file'
import { overlayOf } from './plan'

type Request = Pick<ExportOverlayRequest, 'path' | 'target'>

/**
 * Writes an overlay as a new qcow2 overlay on the same backing file: the clusters that it has some
 * of, whole. See exportJobOf.
 */
export const exportOverlayJob: Job<ExportOverlayRequest> = exportJobOf({
  name: 'qcow2',
  openSource,
  countToCopy,
  write: writeImage,

  async openWritten(host, source, { target }) {
    const options = { writable: false, format: 'qcow2', topOnly: true } as const
    const { layers } = await openDisk(host, partOf(target), options)
    return new Disk([...layers, ...source.layers.slice(1)], false)
  },
})

/** Opens the overlay, and refuses one that cannot be a qcow2 overlay that others can use. */
async function openSource(host: Host, request: Request): Promise<Disk> {
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
function newBacking(disk: Disk, request: Request): BackingReference | undefined {
  const [top, below] = disk.layers
  if (top?.backing === undefined || below === undefined) return undefined
  const { format } = below
  if (format === 'add-cow' || format === 'acow') {
    throw refusal(request, `its backing file ${below.path} is an add-cow overlay itself`)
  }
  const name = storedName(resolveName(top.backing.name, top.path), path.dirname(request.target))
  return { name, format }
}

function refusal({ path: source, target }: Request, reason: string): EngineError {
  const message = `Cannot write ${source} as the qcow2 overlay ${target}: ${reason}`
  return new EngineError('not-supported', message, { path: source, target }, { state: 'unchanged' })
}

async function writeImage(
  disk: Disk,
  file: HostFile,
  request: Request,
  control: JobControl,
  stopping: Stopping,
): Promise<number> {
  const total = disk.size
  const writer = new Qcow2Writer(file, total)
  let copied = 0
  let index = 0
  for (const span of splitRange({ offset: 0, length: total }, WRITTEN_TABLE_SPAN)) {
    for (const step of splitRange(span, paceOf(control).step)) {
      await betweenSteps(control, stopping, { phase: 'copying', current: step.offset, total })
      for await (const run of ownClusters(disk, step)) copied += await put(disk, file, writer, run)
    }
    await writer.endTable(index)
    index += 1
  }
  await writer.finish(newBacking(disk, request))
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
  return await copyData(disk, run, file, shift)
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
