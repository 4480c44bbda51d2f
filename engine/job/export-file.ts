import { type ByteRange, splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { MIB, SECTOR_SIZE } from '../base/units'
import type { CopyPiece, Host, HostFile } from '../host/host'
import type { Disk } from '../image/disk'
import type { ExportOverlayRequest, ExportRequest, JobPlan, JobResult } from '../model/job'
import { type Job, type JobControl, stepsOf, type Stopping } from './job'
import { NewFiles } from './new-files'
import { refuseExisting, removeLeft } from './part-file'
import { checkSpace, commandLine, filesOf, requireSpace } from './plan'
import { SideBySide } from './side-by-side'

const READ_STEP = MIB

type Request = ExportRequest | ExportOverlayRequest

/** What an export to one format does its own way. */
export interface ExportFormat {
  /** As it is called on the command line. */
  readonly name: 'raw' | 'qcow2'
  /** Opens the source for reading, and refuses one that this format cannot hold. */
  openSource(host: Host, request: Request): Promise<Disk>
  /** Bytes of data that the new file will have. */
  countToCopy(disk: Disk): Promise<number>
  /** Writes all of the new, empty file, not yet durable; bytes copied. */
  write(
    disk: Disk,
    file: HostFile,
    request: Request,
    control: JobControl,
    stopping: Stopping,
  ): Promise<number>
  /** Opens what was written under its name of meanwhile: a disk that should read as the source. */
  openWritten(host: Host, source: Disk, request: Request): Promise<Disk>
}

/**
 * A job that writes a new file of a format. The file grows as NAME.part and gets its name when it
 * is complete and durable; where anything goes wrong it is removed. Sources are only read.
 */
export function exportJobOf(format: ExportFormat): Job<Request> {
  return {
    stateWhenStopped: 'unchanged',
    plan: (host, request) => plan(format, host, request),
    async run(host, request, control): Promise<JobResult> {
      const files = new NewFiles(host)
      try {
        const bytesCopied = await writePart(format, host, request, control, files)
        await files.publishParts()
        return { kind: request.kind, path: request.target, bytesCopied }
      } catch (error) {
        await files.remove()
        throw error
      }
    },
  }
}

async function plan(format: ExportFormat, host: Host, request: Request): Promise<JobPlan> {
  const disk = await format.openSource(host, request)
  try {
    const left = await refuseExisting(host, [request.target])
    const bytesToCopy = await format.countToCopy(disk)
    const spaceNeeded = Math.max(0, bytesToCopy - left)
    const space = await checkSpace(host, request.target, spaceNeeded)
    const flags = [...(request.verify ? ['--verify'] : []), '-O', format.name]
    return {
      kind: request.kind,
      warnings: [],
      files: [{ path: request.target, role: 'target', action: 'create' }, ...filesOf(disk, 'read')],
      bytesToCopy,
      spaceNeeded,
      commandLine: commandLine('convert', ...flags, request.path, request.target),
      sizeAfter: disk.size,
      ...space,
    }
  } finally {
    await disk.close()
  }
}

/** Writes NAME.part, durably; bytes copied. */
async function writePart(
  format: ExportFormat,
  host: Host,
  request: Request,
  control: JobControl,
  files: NewFiles,
): Promise<number> {
  const disk = await format.openSource(host, request)
  try {
    const left = await refuseExisting(host, [request.target])
    control.report({ phase: 'preparing', current: 0, total: disk.size })
    await requireSpace(host, request.target, (await format.countToCopy(disk)) - left)
    await removeLeft(host, [request.target])
    const file = await files.makePart(request.target)
    const stopping = { what: `The export of ${request.path}`, state: 'unchanged' } as const
    const copied = await format.write(disk, file, request, control, stopping)
    control.report({ phase: 'copying', current: disk.size, total: disk.size })
    await file.sync()
    if (request.verify) {
      const written = await format.openWritten(host, disk, request)
      try {
        await verify(disk, written, request, control, stopping)
      } finally {
        await written.top.close()
      }
    }
    return copied
  } finally {
    await disk.close()
  }
}

/** Reads the source and what was written again, and throws `verify/mismatch` where they differ. */
async function verify(
  disk: Disk,
  written: Disk,
  request: Request,
  control: JobControl,
  stopping: Stopping,
): Promise<void> {
  const total = disk.size
  const sides = new SideBySide(disk, written, SECTOR_SIZE)
  for await (const step of stepsOf(control, stopping, { phase: 'verifying', total })) {
    for await (const { offset } of sides.differences(step)) {
      const message =
        `The new file differs from ${request.path} at byte ${String(offset)}; ` + 'it was removed'
      const details = { path: request.path, target: request.target, offset }
      throw new EngineError('verify/mismatch', message, details, { state: 'unchanged' })
    }
  }
  control.report({ phase: 'verifying', current: total, total })
}

/**
 * Copies what a disk has in a range to a file, each byte `shift` bytes behind its own offset, and
 * leaves out what reads as zero; bytes copied.
 */
export async function copyData(
  disk: Disk,
  range: ByteRange,
  file: HostFile,
  shift = 0,
): Promise<number> {
  const pieces: CopyPiece[] = []
  let copied = 0
  for await (const { offset, length, content, source } of disk.extents(range)) {
    if (content === 'zero') continue
    if (source === undefined) await copyThroughMemory(disk, { offset, length }, file, shift)
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
  range: ByteRange,
  file: HostFile,
  shift: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(READ_STEP, range.length))
  for (const step of splitRange(range, READ_STEP)) {
    const part = buffer.subarray(0, step.length)
    await disk.read(part, step.offset)
    await file.write(part, step.offset + shift)
  }
}
