import * as path from 'node:path'
import { type ByteRange, rangeEnd, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { MIB, SECTOR_SIZE } from '../base/units'
import { resolveName, storedName } from '../format/file-names'
import type { LayerExtent } from '../format/layer'
import type { CopyPiece, Host } from '../host/host'
import { Disk, openDisk } from '../image/disk'
import type { CreateRequest, ImportOverlayRequest, JobPlan, JobResult } from '../model/job'
import { createJob } from './create'
import { betweenSteps, type Job, type JobControl } from './job'
import { NewFiles } from './new-files'
import { partOf } from './part-file'
import { checkSpace, commandLine, filesOf, optionValue, requireSpace } from './plan'
import { SideBySide } from './side-by-side'

/** What is copied between two looks at the cancel signal. */
const STEP = 32 * MIB
const READ_STEP = MIB

/**
 * Turns a qcow2 overlay into a new add-cow overlay on the same backing file: what its clusters have
 * is copied, what they leave to the backing file is left to it. The overlay is made as NAME.part
 * and gets its name when it is complete and durable; where anything goes wrong, it and its image
 * file are removed. Sources are only read.
 */
export const importOverlayJob: Job<ImportOverlayRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openSource(host, request)
    try {
      const { files, spaceNeeded, warnings } = await createJob.plan(
        host,
        creationOf(disk, request, request.target),
      )
      const bytesToCopy = await countToCopy(disk)
      const space = await checkSpace(host, request.target, bytesToCopy + spaceNeeded)
      return {
        kind: 'import-overlay',
        warnings,
        files: [...files.filter(({ action }) => action !== 'read'), ...filesOf(disk, 'read')],
        bytesToCopy,
        spaceNeeded: bytesToCopy + spaceNeeded,
        commandLine: commandOf(request),
        sizeAfter: disk.size,
        ...space,
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const files = new NewFiles(host)
    const source = await openSource(host, request)
    try {
      const bytesCopied = await makePart(host, source, request, control, files)
      await files.publish(partOf(request.target), request.target)
      return { kind: 'import-overlay', path: request.target, bytesCopied }
    } catch (error) {
      await files.remove()
      throw error
    } finally {
      await source.close()
    }
  },
}

function stoppingOf({ path: source }: ImportOverlayRequest): { what: string; state: 'unchanged' } {
  return { what: `The import of ${source}`, state: 'unchanged' }
}

function commandOf(request: ImportOverlayRequest): string {
  const { path: source, target, format, imageFile, verify } = request
  const options = ['-f', format, '-o', `image_file=${optionValue(imageFile)}`]
  return commandLine('import', ...(verify ? ['--verify'] : []), ...options, source, target)
}

async function openSource(host: Host, { path: source }: ImportOverlayRequest): Promise<Disk> {
  const disk = await openDisk(host, source, { writable: false })
  if (disk.top.format === 'qcow2') return disk
  const { format } = disk.top
  await disk.close()
  const message = `Cannot import ${source}: it is ${format}, and only qcow2 overlays are imported`
  throw new EngineError(
    'invalid-argument',
    message,
    { path: source, format },
    { state: 'unchanged' },
  )
}

/** How the new overlay is made, under the name that it has meanwhile. */
function creationOf(disk: Disk, request: ImportOverlayRequest, name: string): CreateRequest {
  const { format, imageFile, target } = request
  const [top, below] = disk.layers
  const overlay = { kind: 'create', path: name, format, imageFile, size: disk.size } as const
  if (top?.backing === undefined || below === undefined) return overlay
  const directory = path.dirname(target)
  const backingFile = storedName(resolveName(top.backing.name, top.path), directory)
  return { ...overlay, backingFile, backingFormat: below.format }
}

async function makePart(
  host: Host,
  source: Disk,
  request: ImportOverlayRequest,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  control.report({ phase: 'preparing', current: 0, total: source.size })
  // the name that the overlay has in the end must be free as well
  const { spaceNeeded } = await createJob.plan(host, creationOf(source, request, request.target))
  await requireSpace(host, request.target, (await countToCopy(source)) + spaceNeeded)
  const part = partOf(request.target)
  await createJob.run(host, creationOf(source, request, part), control)
  files.adopt(resolveName(request.imageFile, request.target))
  files.adopt(part)
  const top = await openDisk(host, part, {
    writable: true,
    format: request.format,
    topOnly: true,
  })
  try {
    // what lies below is open already, and is the same
    const overlay = new Disk([...top.layers, ...source.layers.slice(1)], true)
    const copied = await copyAll(source, overlay, request, control)
    await overlay.flush()
    if (request.verify) await verify(source, overlay, request, control)
    return copied
  } finally {
    await top.close()
  }
}

async function copyAll(
  source: Disk,
  overlay: Disk,
  request: ImportOverlayRequest,
  control: JobControl,
): Promise<number> {
  const total = source.size
  let copied = 0
  for (const step of splitRange({ offset: 0, length: total }, STEP)) {
    const progress = { phase: 'copying', current: step.offset, total } as const
    await betweenSteps(control, stoppingOf(request), progress)
    const pieces: CopyPiece[] = []
    for await (const { offset, length, content, source: place } of ownExtents(source, step)) {
      if (content === 'zero') await overlay.writeZeroes({ offset, length })
      else if (place === undefined) await copyThroughMemory(source, overlay, { offset, length })
      else pieces.push({ source: place.file, sourceOffset: place.offset, offset, length })
      if (content === 'data') copied += length
    }
    await overlay.copyIn(pieces)
  }
  control.report({ phase: 'copying', current: total, total })
  return copied
}

/** The runs of a range that the top layer decides. */
async function* ownExtents(
  { top }: Disk,
  range: ByteRange,
): AsyncGenerator<LayerExtent & ByteRange> {
  for (let at = range.offset; at < rangeEnd(range);) {
    const extent = await top.extentAt({ offset: at, length: rangeEnd(range) - at })
    if (extent.allocated) yield { ...extent, offset: at }
    at += extent.length
  }
}

async function countToCopy(disk: Disk): Promise<number> {
  let bytes = 0
  for await (const extent of ownExtents(disk, { offset: 0, length: disk.size })) {
    if (extent.content === 'data') bytes += extent.length
  }
  return bytes
}

async function copyThroughMemory(source: Disk, overlay: Disk, range: ByteRange): Promise<void> {
  const buffer = new Uint8Array(Math.min(READ_STEP, range.length))
  for (const step of splitRange(range, READ_STEP)) {
    const part = buffer.subarray(0, step.length)
    await source.read(part, step.offset)
    await overlay.write(part, step.offset)
  }
}

async function verify(
  source: Disk,
  overlay: Disk,
  request: ImportOverlayRequest,
  control: JobControl,
): Promise<void> {
  const total = source.size
  const sides = new SideBySide(source, overlay, SECTOR_SIZE)
  for (const step of splitRange({ offset: 0, length: total }, STEP)) {
    const progress = { phase: 'verifying', current: step.offset, total } as const
    await betweenSteps(control, stoppingOf(request), progress)
    for await (const { offset } of sides.differences(step)) {
      const message = `The new overlay differs from ${request.path} at byte ${String(offset)}`
      const details = { path: request.path, target: request.target, offset }
      throw new EngineError('verify/mismatch', message, details, { state: 'unchanged' })
    }
  }
  control.report({ phase: 'verifying', current: total, total })
}
