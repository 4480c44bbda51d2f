import { type ByteRange, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { MIB } from '../base/units'
import type { CopyPiece, Host, HostFile } from '../host/host'
import { type Disk, openDisk } from '../image/disk'
import type { ExportRequest, JobPlan, JobResult } from '../model/job'
import { betweenSteps, type Job, type JobControl } from './job'
import { NewFiles } from './new-files'
import { refuseExisting } from './part-file'
import { checkSpace, commandLine, filesOf, requireSpace } from './plan'

/** What is copied between two looks at the cancel signal. */
const STEP = 64 * MIB
const COMPARE_STEP = MIB

/**
 * Writes a whole disk to a new raw file, its zeros as holes. The file grows as NAME.part and gets
 * its name when it is complete and durable; where anything goes wrong it is removed. Sources are
 * only read.
 */
export const exportJob: Job<ExportRequest> = {
  stateWhenStopped: 'unchanged',

  async plan(host, request): Promise<JobPlan> {
    const disk = await openDisk(host, request.path, { writable: false })
    try {
      const left = await refuseExisting(host, request.target)
      const bytesToCopy = await countData(disk)
      const spaceNeeded = Math.max(0, bytesToCopy - left)
      const space = await checkSpace(host, request.target, spaceNeeded)
      const flags = request.verify ? ['--verify'] : []
      return {
        kind: 'export',
        warnings: [],
        files: [
          { path: request.target, role: 'target', action: 'create' },
          ...filesOf(disk, 'read'),
        ],
        bytesToCopy,
        spaceNeeded,
        commandLine: commandLine('convert', ...flags, '-O', 'raw', request.path, request.target),
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
      return { kind: 'export', path: request.target, bytesCopied }
    } catch (error) {
      await files.remove()
      throw error
    }
  },
}

function stoppingOf({ path }: ExportRequest): { what: string; state: 'unchanged' } {
  return { what: `The export of ${path}`, state: 'unchanged' }
}

async function countData(disk: Disk): Promise<number> {
  let bytes = 0
  for await (const { content, length } of disk.extents()) if (content === 'data') bytes += length
  return bytes
}

/** Writes the disk to NAME.part, durably; bytes copied. */
async function writePart(
  host: Host,
  request: ExportRequest,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  const disk = await openDisk(host, request.path, { writable: false })
  try {
    const left = await refuseExisting(host, request.target)
    control.report({ phase: 'preparing', current: 0, total: disk.size })
    await requireSpace(host, request.target, (await countData(disk)) - left)
    const file = await files.makePart(request.target)
    await file.truncate(disk.size)
    const copied = await copyDisk(disk, file, request, control)
    if (request.verify) await compareWithDisk(disk, file, request, control)
    await file.sync()
    return copied
  } finally {
    await disk.close()
  }
}

async function copyDisk(
  disk: Disk,
  file: HostFile,
  request: ExportRequest,
  control: JobControl,
): Promise<number> {
  let copied = 0
  for (const step of splitRange({ offset: 0, length: disk.size }, STEP)) {
    const progress = { phase: 'copying', current: step.offset, total: disk.size } as const
    await betweenSteps(control, stoppingOf(request), progress)
    const pieces: CopyPiece[] = []
    for await (const { offset, length, content, source } of disk.extents(step)) {
      if (content === 'zero') continue
      if (source === undefined) await copyThroughMemory(disk, file, { offset, length })
      else pieces.push({ source: source.file, sourceOffset: source.offset, offset, length })
      copied += length
    }
    await file.copyFrom(pieces)
  }
  return copied
}

async function copyThroughMemory(disk: Disk, file: HostFile, range: ByteRange): Promise<void> {
  const buffer = new Uint8Array(Math.min(COMPARE_STEP, range.length))
  for (const step of splitRange(range, COMPARE_STEP)) {
    const part = buffer.subarray(0, step.length)
    await disk.read(part, step.offset)
    await file.write(part, step.offset)
  }
}

async function compareWithDisk(
  disk: Disk,
  file: HostFile,
  request: ExportRequest,
  control: JobControl,
): Promise<void> {
  const expected = Buffer.alloc(COMPARE_STEP)
  const written = Buffer.alloc(COMPARE_STEP)
  const total = disk.size
  for (const { offset, length } of splitRange({ offset: 0, length: total }, COMPARE_STEP)) {
    await betweenSteps(control, stoppingOf(request), { phase: 'verifying', current: offset, total })
    await disk.read(expected.subarray(0, length), offset)
    await file.read(written.subarray(0, length), offset)
    if (expected.subarray(0, length).equals(written.subarray(0, length))) continue
    const message =
      `The new file differs from ${request.path} between bytes ` +
      `${String(offset)} and ${String(offset + length)}; it was removed`
    const details = { path: request.path, target: request.target, offset }
    throw new EngineError('verify/mismatch', message, details, { state: 'unchanged' })
  }
  control.report({ phase: 'verifying', current: total, total })
}
