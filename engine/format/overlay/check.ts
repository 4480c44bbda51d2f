import { type ByteRange, rangeEnd } from '../../base/byte-range'
import { EngineError } from '../../base/errors'
import { giveTurn } from '../../base/event-loop'
import type { MaybePromise } from '../../base/maybe-promise'
import { alignDown, divCeil, formatSize, isAligned, MIB, SECTOR_SIZE } from '../../base/units'
import type { CheckResult, Finding } from '../../model/image'
import type { Allocation, CheckOptions } from '../layer'
import { Agreement, WINDOW } from './agreement'
import type { OverlayStorage } from './overlay-storage'
import { leaks, punchLeaks } from './leaks'
import { clearLastByte } from './resize'

/**
 * Looks at one overlay: its lengths, its bitmap, and both against the holes of its image file.
 * SPEC.md lists what each finding means. Repairs never guess: they make the files say what is read
 * from them already.
 */
export async function checkOverlay(
  overlay: OverlayStorage,
  options: CheckOptions,
): Promise<CheckResult> {
  let latest = await findAll(overlay, options)
  const found = new Map(latest.left.map((finding) => [finding.code, finding]))
  // One repair may show what another one mends: data in the last block of a file made longer.
  for (let fresh = latest.left; fresh.some((finding) => isAsked(finding.repair, options.repair));) {
    for (const finding of fresh) {
      if (isAsked(finding.repair, options.repair)) await repair(overlay, finding.code)
    }
    latest = await findAll(overlay, options)
    fresh = latest.left.filter(({ code }) => !found.has(code))
    for (const finding of fresh) found.set(finding.code, finding)
  }
  const codes = new Set(latest.left.map(({ code }) => code))
  const findings = [...found.values()].map((finding) => ({
    ...finding,
    // What only another repair hid is not mended: a hole in a block that a file was extended by.
    repaired: isAsked(finding.repair, options.repair) && !codes.has(finding.code),
  }))
  return result(overlay, findings, latest.allocatedBytes)
}

function isAsked(repair: Finding['repair'], asked: CheckOptions['repair']): boolean {
  if (repair === undefined || asked === 'none') return false
  return asked === 'all' || repair.by === 'leaks'
}

function result(
  overlay: OverlayStorage,
  findings: readonly Finding[],
  allocatedBytes: number,
): CheckResult {
  return {
    path: overlay.path,
    format: overlay.layout.format,
    findings,
    totalClusters: divCeil(overlay.size, overlay.clusterSize),
    allocatedClusters: divCeil(allocatedBytes, overlay.clusterSize),
  }
}

/** Each code at most once. */
async function findAll(
  overlay: OverlayStorage,
  options: CheckOptions,
): Promise<{ left: Finding[]; allocatedBytes: number }> {
  const walked = await walk(overlay, options)
  const found = [
    ...(await findInBitmapFile(overlay, options)),
    ...(await findInImageLength(overlay, walked, options)),
    holesFinding(walked),
    leaksFinding(walked),
  ]
  const left = [...overlay.layout.oddities, ...found.filter((finding) => finding !== undefined)]
  return { left, allocatedBytes: walked.allocatedBytes }
}

async function findInBitmapFile(
  overlay: OverlayStorage,
  options: CheckOptions,
): Promise<Finding[]> {
  const { layout, metadata, clusterSize } = overlay
  // With the flag set the bitmap is not used, so nothing can be wrong with it.
  if (overlay.allAllocated) return []
  const { size: length } = await metadata.stat()
  const bits = divCeil(overlay.size, clusterSize)
  const needed = layout.bitmapOffset + divCeil(bits, 8)
  if (length < needed) {
    const details = { path: overlay.path, length, needed }
    const message =
      `The bitmap ends at byte ${String(length)} of ${String(needed)}; ` +
      'the missing part reads as unallocated'
    const repair = { by: 'all', action: 'Extend the file with zeros' } as const
    return [
      { code: 'metadata-short', severity: 'corruption', message, details, repair, repaired: false },
    ]
  }
  const found: Finding[] = []
  const end = layout.fileLength(overlay.size)
  const stray = await countStrayBits(overlay, bits, Math.min(length, end))
  if (stray > 0) {
    const message = `${String(stray)} bits are set behind the end of the disk`
    const repair = { by: 'leaks', action: 'Clear the bits behind the end' } as const
    const details = { path: overlay.path, bits: stray }
    found.push({
      code: 'bits-past-end',
      severity: 'leak',
      message,
      details,
      repair,
      repaired: false,
    })
  }
  if (await holdsData(overlay, { offset: end, length: Math.max(0, length - end) }, options)) {
    const message = `The file goes on for ${formatSize(length - end)} behind its bitmap; unused`
    const details = { path: overlay.path, length, needed: end }
    found.push({ code: 'metadata-long', severity: 'notice', message, details, repaired: false })
  }
  return found
}

/** Whether a range of the add-cow file has anything but zeros. */
async function holdsData(
  overlay: OverlayStorage,
  range: ByteRange,
  { signal }: CheckOptions,
): Promise<boolean> {
  const buffer = new Uint8Array(Math.min(MIB, range.length))
  for (let at = range.offset; at < rangeEnd(range);) {
    throwIfCancelled(overlay, signal)
    const { data, end } = await overlay.metadata.dataAt(at)
    const length = Math.min(end, rangeEnd(range)) - at
    const part = buffer.subarray(0, length)
    if (data) {
      await overlay.metadata.read(part, at)
      if (part.some((byte) => byte !== 0)) return true
    }
    at += data ? part.length : length
  }
  return false
}

/** Ones behind the last bit that counts, up to `length` bytes of the file. */
async function countStrayBits(
  overlay: OverlayStorage,
  bits: number,
  length: number,
): Promise<number> {
  const { layout, metadata } = overlay
  let stray = 0
  const buffer = new Uint8Array(MIB)
  for (let at = layout.bitmapOffset + Math.floor(bits / 8); at < length;) {
    const { data, end } = await metadata.dataAt(at)
    const part = buffer.subarray(0, Math.min(buffer.length, end - at, length - at))
    if (!data) {
      at = Math.min(end, length)
      continue
    }
    await metadata.read(part, at)
    for (const [index, byte] of part.entries()) {
      if (byte === 0) continue
      const firstBit = (at + index - layout.bitmapOffset) * 8
      for (let bit = 0; bit < 8; bit += 1) {
        if ((byte & (1 << bit)) !== 0 && firstBit + bit >= bits) stray += 1
      }
    }
    at += part.length
  }
  return stray
}

interface Walked {
  readonly path: string
  /** Bytes that are allocated, are holes in the image file, and are data below. */
  holes: number
  /** Bytes that are not allocated but take space in the image file. */
  leaked: number
  allocatedBytes: number
  /** The end of the last allocated byte. */
  allocatedEnd: number
}

/** After so many bytes of the disk it is told how far the check is, and the check may rest. */
const STEP = 64 * MIB

async function walk(overlay: OverlayStorage, options: CheckOptions): Promise<Walked> {
  const { path } = overlay.image
  const walked = { path, holes: 0, leaked: 0, allocatedBytes: 0, allocatedEnd: 0 }
  const comparesBits = options.below !== undefined && !overlay.allAllocated
  const agreement = comparesBits ? new Agreement(overlay) : undefined
  let reported = 0
  const report = (at: number): MaybePromise<void> => {
    if (at - reported < STEP && at < overlay.size) return undefined
    reported = at
    return options.report(at)
  }
  const closer = { ...options, report }
  try {
    // An await where nothing is to be waited for costs more than all else that is done for a run.
    for (let at = 0; at < overlay.size;) {
      const turn = giveTurn()
      if (turn !== undefined) await turn
      throwIfCancelled(overlay, options.signal)
      const answer = overlay.allocationAt({ offset: at, length: overlay.size - at })
      const { length, allocated } = answer instanceof Promise ? await answer : answer
      const run = { offset: at, length }
      // a long run is told faster by the host than all that lies in it
      const asked = length < WINDOW ? agreement?.from(at) : undefined
      const agreed = asked instanceof Promise ? await asked : asked
      if (agreed !== undefined && agreed.end > at) {
        // not to its end: what is data lies within the image file
        walked.allocatedBytes += agreed.allocatedBytes
        at = agreed.end
      } else {
        if (allocated) {
          walked.allocatedBytes += length
          walked.allocatedEnd = rangeEnd(run)
        }
        if (options.below !== undefined) {
          const host = overlay.image.dataAt(at)
          const { data, end } = host instanceof Promise ? await host : host
          const isExpected = data === allocated && end >= rangeEnd(run)
          if (!isExpected) await lookInside(overlay, { ...run, allocated }, walked, closer)
        }
        at = rangeEnd(run)
      }
      const rest = report(at)
      if (rest instanceof Promise) await rest
    }
  } finally {
    await agreement?.end()
  }
  throwIfCancelled(overlay, options.signal)
  return walked
}

/** Adds what is wrong inside of a run to what was found. */
async function lookInside(
  overlay: OverlayStorage,
  run: ByteRange & Allocation,
  walked: Walked,
  options: CheckOptions,
): Promise<void> {
  if (run.allocated) {
    walked.holes += await hiddenData(overlay, run, options)
    return
  }
  for await (const leak of leaks(overlay, run)) {
    walked.leaked += leak.length
    await options.report(leak.offset)
  }
}

function throwIfCancelled(overlay: OverlayStorage, signal: AbortSignal): void {
  if (!signal.aborted) return
  const message = `The check of ${overlay.path} was cancelled; nothing was changed`
  throw new EngineError('job/cancelled', message, { path: overlay.path }, { state: 'unchanged' })
}

/** Bytes of an allocated run that are holes in the image file where what lies below has data. */
async function hiddenData(
  overlay: OverlayStorage,
  run: ByteRange,
  options: CheckOptions,
): Promise<number> {
  const below = options.below
  if (below === undefined) return 0
  let bytes = 0
  const end = Math.min(rangeEnd(run), below.size)
  for (let at = run.offset; at < end;) {
    const host = await overlay.image.dataAt(at)
    const next = Math.min(host.end, end)
    for (let inner = at; !host.data && inner < next;) {
      await giveTurn()
      await options.report(inner)
      throwIfCancelled(overlay, options.signal)
      const extent = await below.extentAt({ offset: inner, length: next - inner })
      if (extent.content === 'data') bytes += extent.length
      inner += extent.length
    }
    at = next
  }
  return bytes
}

async function findInImageLength(
  overlay: OverlayStorage,
  walked: Walked,
  { below }: CheckOptions,
): Promise<Finding[]> {
  const { image, size, layout } = overlay
  const { size: length } = await image.stat()
  const details = { path: image.path, length, virtualSize: size }
  if (layout.storeSize === undefined && !isAligned(length, SECTOR_SIZE)) {
    const message =
      `The image file's length of ${String(length)} bytes is no whole number of sectors; ` +
      'the rest is not used'
    return [{ code: 'size-unaligned', severity: 'notice', message, details, repaired: false }]
  }
  if (length < walked.allocatedEnd) {
    const message =
      `The image file is ${formatSize(length)} long, but the disk has data up to ` +
      `${formatSize(walked.allocatedEnd)}; what is missing reads as zeros`
    const found = { code: 'image-file-short', severity: 'corruption', message, details } as const
    // Where the file may be what lies below as well, a longer one would show more of it.
    if (below === undefined) return [{ ...found, repaired: false }]
    const repair = { by: 'all', action: 'Extend the image file with zeros' } as const
    return [{ ...found, repair, repaired: false }]
  }
  if (alignDown(length, SECTOR_SIZE) > size) {
    const message = `The image file is ${formatSize(length - size)} longer than the disk`
    return [{ code: 'image-file-long', severity: 'notice', message, details, repaired: false }]
  }
  return []
}

function holesFinding({ path, holes }: Walked): Finding | undefined {
  if (holes === 0) return undefined
  const message =
    `${formatSize(holes)} that the overlay decides are holes ` +
    'in the image file where the base has ' +
    'data: zeros that were written, or data that was lost'
  return {
    code: 'allocated-hole',
    severity: 'notice',
    message,
    details: { path, bytes: holes },
    repaired: false,
  }
}

function leaksFinding({ path, leaked }: Walked): Finding | undefined {
  if (leaked === 0) return undefined
  const message = `${formatSize(leaked)} of the image file hold data that the disk does not use`
  const repair = { by: 'leaks', action: 'Give the space back to the host' } as const
  const details = { path, bytes: leaked }
  return { code: 'data-unallocated', severity: 'leak', message, details, repair, repaired: false }
}

async function repair(overlay: OverlayStorage, code: Finding['code']): Promise<void> {
  const { image, metadata, layout, size } = overlay
  switch (code) {
    case 'metadata-short':
      await metadata.truncate(layout.fileLength(size))
      await overlay.syncMetadata()
      break
    case 'bits-past-end':
      await clearStrayBits(overlay)
      break
    case 'image-file-short':
      await image.truncate(size)
      await overlay.syncImage()
      break
    case 'data-unallocated':
      await punchLeaks(overlay, { offset: 0, length: size })
      break
    default:
      return
  }
  overlay.reloadBitmap()
}

/** In place, as far as the bitmap goes: what follows it is not ours to cut off. */
async function clearStrayBits(overlay: OverlayStorage): Promise<void> {
  const { metadata, layout, size } = overlay
  const end = await clearLastByte(overlay, size)
  await metadata.punchHole({ offset: end, length: layout.fileLength(size) - end })
  await overlay.syncMetadata()
}
