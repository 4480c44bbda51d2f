import { alignUp } from '../../engine/base/units'
import type { Host } from '../../engine/host/host'
import { openDisk } from '../../engine/image/disk'
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
