import * as path from 'node:path'
import { type ByteRange, rangeEnd, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { MIB, SECTOR_SIZE } from '../base/units'
import { openAcow } from '../format/acow/driver'
import { openAddCow } from '../format/add-cow/driver'
import { resolveName, storedName } from '../format/file-names'
import type { LayerExtent } from '../format/layer'
import type { CopyPiece, Host } from '../host/host'
import { Disk, openDisk } from '../image/disk'
import type {
  CreateRequest,
  ImportOverlayRequest,
  JobPlan,
  JobResult,
  PlanWarning,
} from '../model/job'
import { planCreation, type PreparedOverlay, prepareOverlay } from './create'
import { type Job, type JobControl, stepsOf } from './job'
import { NewFiles } from './new-files'
import { refuseExisting, removeLeft } from './part-file'
import { checkSpace, commandLine, filesOf, optionValue, requireSpace } from './plan'
import { SideBySide } from './side-by-side'

const READ_STEP = MIB

/**
 * Turns a qcow2 overlay into a new add-cow overlay on the same backing file: what its clusters have
 * is copied, what they leave to the backing file is left to it. Both files grow as NAME.part, and
 * get their names when they are complete and durable, the image file first; where anything goes
 * wrong, they are removed. Sources are only read.
 */
export const importOverlayJob: Job<ImportOverlayRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openSource(host, request)
    try {
      const prepared = await prepare(host, disk, request)
      const creation = await planCreation(creationOf(disk, request), prepared, host)
      const left = await refuseExisting(host, namesOf(request))
      const bytesToCopy = await countToCopy(disk)
      const spaceNeeded = Math.max(0, bytesToCopy + creation.spaceNeeded - left)
      const space = await checkSpace(host, request.target, spaceNeeded)
      const made = creation.files.filter(({ action }) => action === 'create')
      return {
        kind: 'import-overlay',
        warnings: [...creation.warnings, ...(await snapshotWarnings(disk))],
        files: [...made, ...filesOf(disk, 'read')],
        bytesToCopy,
        spaceNeeded,
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
    try {
      const bytesCopied = await makeFromSource(host, request, control, files)
      await files.publishParts()
      return { kind: 'import-overlay', path: request.target, bytesCopied }
    } catch (error) {
      await files.remove()
      throw error
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

function imagePathOf({ imageFile, target }: ImportOverlayRequest): string {
  return resolveName(imageFile, target)
}

/** What is made, in the order in which it gets its name. Paths. */
function namesOf(request: ImportOverlayRequest): readonly string[] {
  return [imagePathOf(request), request.target]
}

async function snapshotWarnings({ top }: Disk): Promise<PlanWarning[]> {
  const { qcow2 } = await top.info()
  const count = qcow2?.snapshots.length ?? 0
  return count === 0 ? [] : [{ code: 'snapshots-left', details: { count } }]
}

/** How the new overlay is made. */
function creationOf(disk: Disk, request: ImportOverlayRequest): CreateRequest {
  const { format, imageFile, target } = request
  const [top, below] = disk.layers
  const overlay = { kind: 'create', path: target, format, imageFile, size: disk.size } as const
  if (top?.backing === undefined || below === undefined) return overlay
  const directory = path.dirname(target)
  const backingFile = storedName(resolveName(top.backing.name, top.path), directory)
  return { ...overlay, backingFile, backingFormat: below.format }
}

/** Looks at what could refuse the new overlay, names that are taken aside: see refuseExisting. */
async function prepare(
  host: Host,
  disk: Disk,
  request: ImportOverlayRequest,
): Promise<PreparedOverlay> {
  return await prepareOverlay(host, creationOf(disk, request), true)
}

/** The source is closed again: nothing of it can fail when the files have their names. */
async function makeFromSource(
  host: Host,
  request: ImportOverlayRequest,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  const source = await openSource(host, request)
  try {
    return await makeParts(host, source, request, control, files)
  } finally {
    await source.close()
  }
}

/** Makes both files, complete and durable, under the names that they have meanwhile. */
async function makeParts(
  host: Host,
  source: Disk,
  request: ImportOverlayRequest,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  control.report({ phase: 'preparing', current: 0, total: source.size })
  const prepared = await prepare(host, source, request)
  const left = await refuseExisting(host, namesOf(request))
  const needed = (await countToCopy(source)) + prepared.fileLength
  await requireSpace(host, request.target, needed - left)
  await removeLeft(host, namesOf(request))
  const image = await files.makePart(imagePathOf(request))
  await image.truncate(prepared.size)
  const metadata = await files.makePart(request.target)
  await metadata.write(prepared.header, 0)
  await metadata.truncate(prepared.fileLength)
  const open = request.format === 'acow' ? openAcow : openAddCow
  // never closed: its files are those that are being made
  const top = await open(host, request.target, metadata, { access: 'write', image })
  // what lies below is open already, and is the same
  const overlay = new Disk([top, ...source.layers.slice(1)], true)
  const copied = await copyAll(source, overlay, request, control)
  await overlay.flush()
  await metadata.sync()
  if (request.verify) await verify(source, overlay, request, control)
  return copied
}

async function copyAll(
  source: Disk,
  overlay: Disk,
  request: ImportOverlayRequest,
  control: JobControl,
): Promise<number> {
  const total = source.size
  let copied = 0
  const stopping = stoppingOf(request)
  for await (const step of stepsOf(control, stopping, { phase: 'copying', total })) {
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
  const stopping = stoppingOf(request)
  for await (const step of stepsOf(control, stopping, { phase: 'verifying', total })) {
    for await (const { offset } of sides.differences(step)) {
      const message = `The new overlay differs from ${request.path} at byte ${String(offset)}`
      const details = { path: request.path, target: request.target, offset }
      throw new EngineError('verify/mismatch', message, details, { state: 'unchanged' })
    }
  }
  control.report({ phase: 'verifying', current: total, total })
}
