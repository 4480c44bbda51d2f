import { type ByteRange, rangeEnd } from '../base/byte-range'
import { EngineError } from '../base/errors'
import { SECTOR_SIZE } from '../base/units'
import type { Layer, OverlayNames } from '../format/layer'
import type { Overlay } from '../format/overlay/overlay-layer'
import type { Host } from '../host/host'
import { closeLayers, MAX_CHAIN_LAYERS } from '../image/chain'
import { type Disk, openDisk } from '../image/disk'
import { DiskView } from '../image/disk-view'
import { sampleContent } from '../image/fingerprint'
import { lockForWriting } from '../image/locks'
import type { Fingerprint } from '../model/image'
import type { JobPlan, JobResult, PlannedFile, RebaseRequest } from '../model/job'
import { type Job, type JobControl, paceOf, stepsOf } from './job'
import { openNewBacking, storedFormat } from './new-backing'
import { checkSpace, commandLine, filesOf, overlayOf, requireSpace } from './plan'
import { replaceNames } from './replace-names'
import { pairedRuns, SideBySide, surelyEqual } from './side-by-side'

/** Smaller pieces are not told apart: the host gives them a block each. */
const SMALLEST_PIECE = 4096

/**
 * Puts an overlay on another backing file. What reads differently on the new one is first brought
 * into the overlay, durably; the names change in one step at the end. Until then the overlay is on
 * its old backing file and reads as ever, so the job can be stopped, killed and started again at
 * any point.
 */
export const rebaseJob: Job<RebaseRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const parts = await openForRebase(host, request)
    try {
      const bytesToCopy = request.namesOnly ? 0 : await countToCopy(parts)
      const { image } = parts.top
      const below = filesOf({ layers: parts.newLayers }, 'read')
      return {
        kind: 'rebase',
        warnings: [],
        files: [
          ...filesOf(parts.disk, 'write'),
          ...below.map((file): PlannedFile => ({ ...file, role: 'backing' })),
        ],
        bytesToCopy,
        spaceNeeded: bytesToCopy,
        commandLine: commandOf(request),
        ...(await checkSpace(host, image.path, bytesToCopy)),
      }
    } finally {
      await closeParts(parts)
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const parts = await openForRebase(host, request)
    const { namesOnly, verify } = request
    try {
      const bytesCopied = namesOnly ? 0 : await bringIn(host, request, parts, control)
      if (verify === true && !namesOnly) await verifyBelow(request, parts, control)
      await replaceNames(host, parts.top, parts.names)
      return { kind: 'rebase', path: request.path, bytesCopied }
    } finally {
      await closeParts(parts)
    }
  },
}

interface Parts {
  /** As it is; of a rebase by names only, its top alone. */
  readonly disk: Disk
  readonly top: Overlay
  /** The chain to come, without the top; empty where there is to be none. */
  readonly newLayers: readonly Layer[]
  readonly newBelow: DiskView
  readonly names: OverlayNames
}

async function closeParts({ disk, newLayers }: Parts): Promise<void> {
  try {
    await disk.close()
  } finally {
    await closeLayers(newLayers)
  }
}

/** Opens both chains, and refuses what could not be opened afterwards. */
async function openForRebase(host: Host, request: RebaseRequest): Promise<Parts> {
  const { path, namesOnly } = request
  const disk = await openDisk(host, path, { writable: true, topOnly: namesOnly })
  try {
    const top = overlayOf(disk)
    const newLayers = await openNewChain(host, request, top)
    try {
      refuseOwnFiles(top, newLayers)
      lockForWriting(newLayers, 0)
      const newBelow = new DiskView([top, ...newLayers], 1)
      if (request.expectedBase !== undefined) {
        await refuseOtherBase(request, newBelow, request.expectedBase)
      }
      const names = namesOf(request, top, newLayers)
      await top.checkNames(names)
      return { disk, top, newLayers, newBelow, names }
    } catch (error) {
      await closeLayers(newLayers)
      throw error
    }
  } catch (error) {
    await disk.close()
    throw error
  }
}

async function openNewChain(
  host: Host,
  { path, backingFile, backingFormat: format }: RebaseRequest,
  top: Overlay,
): Promise<readonly Layer[]> {
  if (backingFile === '') return []
  const failing = `Cannot rebase ${path}`
  return await openNewBacking(host, {
    path,
    layout: top.format,
    name: backingFile,
    format,
    failing,
  })
}

function refuseOwnFiles(top: Overlay, newLayers: readonly Layer[]): void {
  const { path } = top
  if (newLayers.length >= MAX_CHAIN_LAYERS) {
    const limit = String(MAX_CHAIN_LAYERS)
    const message = `Cannot rebase ${path}: its chain would have more than ${limit} layers`
    const details = { path, limit: MAX_CHAIN_LAYERS }
    throw new EngineError('chain/too-deep', message, details, { state: 'unchanged' })
  }
  for (const { role, file } of top.files) {
    const lower = newLayers.find((layer) =>
      layer.files.some((other) => other.file.identity === file.identity),
    )
    if (lower === undefined) continue
    const code = role === 'metadata' ? 'chain/loop' : 'chain/same-file'
    const message =
      `Cannot rebase ${path}: ${file.path} is one of its own files, ` +
      `and would lie below it as well, by ${lower.path}`
    throw new EngineError(code, message, { path, twice: file.path }, { state: 'unchanged' })
  }
}

/** That a base is the one that the overlay was last seen on, wherever it lies now. */
async function refuseOtherBase(
  { path, backingFile }: RebaseRequest,
  below: DiskView,
  expected: Fingerprint,
): Promise<void> {
  const { size } = below
  if (size === expected.size && (await sampleContent(below, size)) === expected.sample) return
  const message =
    `Cannot rebase ${path} by its names alone: ${backingFile} is not the backing file ` +
    'that it was last seen on'
  const details = { path, backing: backingFile, size, expectedSize: expected.size }
  throw new EngineError('chain/base-differs', message, details, { state: 'unchanged' })
}

function namesOf(
  { backingFile: name }: RebaseRequest,
  top: Overlay,
  [newBase]: readonly Layer[],
): OverlayNames {
  const { imageName } = top
  if (newBase === undefined) return { imageName, backing: undefined }
  const format = top.format === 'acow' ? storedFormat(newBase.format) : undefined
  return { imageName, backing: { name, format } }
}

/** Bytes that may have to be brought in. What is zero now, or is the same anyway, is not. */
async function countToCopy({ disk, top, newBelow }: Parts): Promise<number> {
  let bytes = 0
  for await (const run of unallocatedRuns(top, { offset: 0, length: top.size })) {
    for await (const pair of pairedRuns(disk.below, newBelow, run)) {
      if (pair.left.content === 'data' && !surelyEqual(pair)) bytes += pair.length
    }
  }
  return bytes
}

/** Brings into the overlay, durably, what would read differently; bytes copied. */
async function bringIn(
  host: Host,
  request: RebaseRequest,
  parts: Parts,
  control: JobControl,
): Promise<number> {
  const { top } = parts
  const total = top.size
  const stopping = { what: `The rebase of ${request.path}`, state: 'resumable' } as const
  control.report({ phase: 'preparing', current: 0, total })
  await requireSpace(host, top.image.path, await countToCopy(parts))
  let bytesCopied = 0
  let flushedAt = 0
  for await (const step of stepsOf(control, stopping, { phase: 'copying', total })) {
    bytesCopied += await bringInRange(parts, step, request.verify === true)
    if (bytesCopied - flushedAt < paceOf(control).durableEvery) continue
    await top.flush()
    flushedAt = bytesCopied
  }
  await top.flush()
  control.report({ phase: 'copying', current: total, total })
  return bytesCopied
}

async function bringInRange(
  { disk, top, newBelow }: Parts,
  range: ByteRange,
  verify: boolean,
): Promise<number> {
  const { below } = disk
  const sides = new SideBySide(below, newBelow, Math.max(top.clusterSize, SMALLEST_PIECE))
  let copied = 0
  for await (const run of unallocatedRuns(top, range)) {
    for await (const pair of pairedRuns(below, newBelow, run)) {
      if (surelyEqual(pair)) continue
      const mustRead = pair.left.content === 'data' && pair.right.content === 'data'
      const differing = mustRead ? sides.differences(pair) : [pair]
      for await (const part of differing) {
        copied += await top.populate(part, below, { verify })
      }
    }
  }
  return copied
}

/** Reads what the overlay leaves to what lies below, of the old chain and of the new one. */
async function verifyBelow(
  request: RebaseRequest,
  { disk, top, newBelow }: Parts,
  control: JobControl,
): Promise<void> {
  const total = top.size
  const stopping = { what: `The rebase of ${request.path}`, state: 'resumable' } as const
  const sides = new SideBySide(disk.below, newBelow, SECTOR_SIZE)
  for await (const step of stepsOf(control, stopping, { phase: 'verifying', total })) {
    for await (const run of unallocatedRuns(top, step)) {
      for await (const { offset } of differences(disk.below, newBelow, run, sides)) {
        const message =
          `${request.path} would read differently on its new backing file at byte ` +
          `${String(offset)}; it is still on its old one`
        const details = { path: request.path, offset }
        throw new EngineError('verify/mismatch', message, details, { state: 'resumable' })
      }
    }
  }
  control.report({ phase: 'verifying', current: total, total })
}

async function* differences(
  left: DiskView,
  right: DiskView,
  range: ByteRange,
  sides: SideBySide,
): AsyncGenerator<ByteRange> {
  for await (const pair of pairedRuns(left, right, range)) {
    if (!surelyEqual(pair)) yield* sides.differences(pair)
  }
}

async function* unallocatedRuns(top: Overlay, range: ByteRange): AsyncGenerator<ByteRange> {
  for (let at = range.offset; at < rangeEnd(range);) {
    const rest = { offset: at, length: rangeEnd(range) - at }
    const { length, allocated } = await top.allocationAt(rest)
    if (!allocated) yield { offset: at, length }
    at += length
  }
}

function commandOf(request: RebaseRequest): string {
  const { path, backingFile, backingFormat, namesOnly, verify } = request
  const flags = namesOnly ? ['-u'] : verify === true ? ['--verify'] : []
  const format = backingFormat === undefined ? [] : ['-F', backingFormat]
  return commandLine('rebase', ...flags, '-b', backingFile, ...format, path)
}
