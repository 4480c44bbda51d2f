import { type ByteRange, rangeEnd, splitRange } from '../../base/byte-range'
import { EngineError } from '../../base/errors'
import { KIB, MIB } from '../../base/units'
import { type CopyPiece, ENDLESS, type HostFile } from '../../host/host'
import type { Readable } from '../layer'

const COPY_STEP = MIB
/** Up to here it costs less to see that zeros are there than to make them again. */
const LOOK_FIRST = 4 * KIB

/**
 * Writes what lies below a range to the image file; zeros where nothing does. The range is part of
 * one cluster.
 */
export async function fillFromBelow(
  image: HostFile,
  range: ByteRange,
  below: Readable,
): Promise<void> {
  const buffer = new Uint8Array(range.length)
  const covered = Math.min(range.length, Math.max(0, below.size - range.offset))
  if (covered > 0) await below.read(buffer.subarray(0, covered), range.offset)
  await image.write(buffer, range.offset)
}

/**
 * Makes the image file read as what lies below, over ranges that are not allocated, ascending. What
 * the image file holds there is arbitrary, so zeros are made, never assumed. Nobody else may write
 * between the first and the last range. Returns the bytes that were copied.
 */
export async function populateRuns(
  image: HostFile,
  ranges: readonly ByteRange[],
  below: Readable,
): Promise<number> {
  let copied = 0
  const pieces: CopyPiece[] = []
  for (const range of ranges) {
    for (let at = range.offset; at < rangeEnd(range);) {
      const rest = { offset: at, length: rangeEnd(range) - at }
      if (at >= below.size) {
        await makeZero(image, rest)
        break
      }
      const asked = { offset: at, length: Math.min(rest.length, below.size - at) }
      const { length, content, source } = await below.extentAt(asked)
      const run = { offset: at, length }
      if (content === 'zero') {
        await makeZero(image, run)
      } else {
        if (source === undefined) await copyThroughMemory(image, run, below)
        else pieces.push({ source: source.file, sourceOffset: source.offset, ...run })
        copied += length
      }
      at += length
    }
  }
  // Last, as it writes again what lies between pieces in one block: zeros are there by now.
  await image.copyFrom(pieces)
  return copied
}

/**
 * Makes a range of the image file zero by holes. The file reaches the end of the range afterwards:
 * what is allocated lies within it, so that a file that is too short tells of a loss.
 */
export async function makeZero(image: HostFile, range: ByteRange): Promise<void> {
  let endless = false
  for (let at = range.offset; at < rangeEnd(range);) {
    const { data, end } = await image.dataAt(at)
    const next = Math.min(end, rangeEnd(range))
    const run = { offset: at, length: next - at }
    if (data && !(await isShortZero(image, run))) await image.punchHole(run)
    endless = end === ENDLESS
    at = next
  }
  if (!endless || (await image.stat()).size >= rangeEnd(range)) return
  // Not by truncate: that could cut off what is being written behind the range.
  await image.write(new Uint8Array(1), rangeEnd(range) - 1)
}

/**
 * Whether a run is short and reads as zero: as the rest of a block does that is written in part.
 */
async function isShortZero(image: HostFile, { offset, length }: ByteRange): Promise<boolean> {
  if (length > LOOK_FIRST) return false
  const found = new Uint8Array(length)
  await image.read(found, offset)
  return found.every((byte) => byte === 0)
}

async function copyThroughMemory(
  image: HostFile,
  range: ByteRange,
  below: Readable,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_STEP, range.length))
  for (const step of splitRange(range, COPY_STEP)) {
    const part = buffer.subarray(0, step.length)
    await below.read(part, step.offset)
    await image.write(part, step.offset)
  }
}

/**
 * Reads a run of the image file and of what lies below, and throws `verify/mismatch` where they
 * differ.
 */
export async function compareRun(
  image: HostFile,
  range: ByteRange,
  below: Readable,
): Promise<void> {
  const expected = Buffer.alloc(Math.min(COPY_STEP, range.length))
  const found = Buffer.alloc(expected.length)
  for (const { offset, length } of splitRange(range, COPY_STEP)) {
    const covered = Math.min(length, Math.max(0, below.size - offset))
    if (covered > 0) await below.read(expected.subarray(0, covered), offset)
    expected.fill(0, covered, length)
    await image.read(found.subarray(0, length), offset)
    if (expected.subarray(0, length).equals(found.subarray(0, length))) continue
    const message =
      `${image.path} does not hold what was copied to it between bytes ` +
      `${String(offset)} and ${String(offset + length)}`
    throw new EngineError('verify/mismatch', message, { path: image.path, offset })
  }
}
