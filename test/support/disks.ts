import type { Host } from '../../engine/host/host'
import { openDisk } from '../../engine/image/disk'
import type { JobControl } from '../../engine/job/job'
import { runJob } from '../../engine/job/jobs'
import type { CheckResult, Fingerprint } from '../../engine/model/image'

/** A job that nobody watches or stops. */
export const unwatched: JobControl = {
  signal: new AbortController().signal,
  report: () => undefined,
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
