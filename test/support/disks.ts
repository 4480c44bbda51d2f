import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'
import { alignDown, alignUp, SECTOR_SIZE } from '../../engine/base/units'
import type { Host } from '../../engine/host/host'
import { type Disk, openDisk } from '../../engine/image/disk'
import type { JobControl } from '../../engine/job/job'
import { runJob } from '../../engine/job/jobs'
import type { CheckResult, Fingerprint } from '../../engine/model/image'
import type { Random } from './random'

/** A job that nobody watches or stops. */
export const unwatched: JobControl = {
  signal: new AbortController().signal,
  report: () => undefined,
}

/**
 * The same for a disk of so many bytes that takes several steps, of whole `unit`s, and at times is
 * made durable between two.
 */
export function inSteps(size: number, unit: number, random: Random): JobControl {
  const step = alignUp(Math.max(1, size / random.between(2, 9)), unit)
  return { ...unwatched, pace: { step, durableEvery: random.between(1, size) } }
}

/** All that a disk reads as; for disks that are small. */
export async function diskContent(host: Host, path: string): Promise<Buffer> {
  const disk = await openDisk(host, path, { writable: false })
  try {
    const bytes = Buffer.alloc(disk.size)
    await disk.read(bytes, 0)
    return bytes
  } finally {
    await disk.close()
  }
}

/** What is read of the plain runs in a range where they are said to lie, with each one's offset. */
export async function plainContent(
  disk: Disk,
  range: ByteRange,
): Promise<{ offset: number; bytes: Uint8Array }[]> {
  const found: { offset: number; bytes: Uint8Array }[] = []
  const end = rangeEnd(range)
  for (let offset = range.offset; offset < end;) {
    const run = disk.plainRunAt({ offset, length: end - offset })
    if (run === undefined) {
      offset = Math.min(end, alignDown(offset, SECTOR_SIZE) + SECTOR_SIZE)
      continue
    }
    const bytes = new Uint8Array(run.length)
    await run.source?.file.read(bytes, run.source.offset)
    found.push({ offset, bytes })
    offset += run.length
  }
  return found
}

/** Checks a disk, repairing what is asked for. */
export async function checkDisk(
  host: Host,
  path: string,
  repair: 'none' | 'leaks' | 'all',
  expectedBase?: Fingerprint,
): Promise<CheckResult> {
  const request = { kind: 'check', path, repair } as const
  const full = expectedBase === undefined ? request : { ...request, expectedBase }
  const { check } = await runJob(host, full, unwatched)
  if (check === undefined) throw new Error('a check without a result')
  return check
}
