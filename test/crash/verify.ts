import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'
import type { Host } from '../../engine/host/host'
import { type Disk, openDisk } from '../../engine/image/disk'
import type { Finding } from '../../engine/model/image'
import { checkDisk } from '../support/disks'
import { OVERLAY_PATH } from '../support/overlays'
import type { Allowed } from './history'
import { readWindows } from './workload'

const SECTOR = 512

/** What is wrong with a disk after a crash; empty = nothing. The disk is only read. */
export async function violations(
  host: Host,
  allowed: Allowed,
  windows: readonly ByteRange[],
): Promise<string[]> {
  const disk = await openDisk(host, OVERLAY_PATH, { writable: false })
  try {
    return [...(await wrongContent(disk, allowed, windows)), ...(await badFindings(host))]
  } finally {
    await disk.close()
  }
}

async function wrongContent(
  disk: Disk,
  allowed: Allowed,
  windows: readonly ByteRange[],
): Promise<string[]> {
  if (!allowed.sizes.includes(disk.size)) {
    return [`its size is ${String(disk.size)}, not one of ${allowed.sizes.join(', ')}`]
  }
  const found = await readWindows(disk, windows)
  const wrong: string[] = []
  for (const window of windows) {
    const length = Math.min(rangeEnd(window), disk.size) - window.offset
    const range = { offset: window.offset, length }
    if (length <= 0 || equal(found.part(range), allowed.certain.part(range))) continue
    for (let at = window.offset; at < rangeEnd(range); at += SECTOR) {
      const sector = { offset: at, length: Math.min(SECTOR, rangeEnd(range) - at) }
      const bytes = found.part(sector)
      if (equal(bytes, allowed.certain.part(sector))) continue
      if (allowed.alternatives.get(at)?.some((other) => equal(bytes, other)) === true) continue
      wrong.push(`the sector at ${String(at)} is neither old nor new`)
    }
  }
  for await (const extent of disk.extents()) {
    if (extent.content === 'zero' || windows.some((window) => contains(window, extent))) continue
    wrong.push(`data at ${String(extent.offset)}, where nothing was written`)
  }
  return wrong
}

/** What a check finds beyond leaks and notices. */
export async function badFindings(host: Host): Promise<string[]> {
  const findings = await check(host, 'none')
  return findings
    .filter(({ severity }) => severity === 'corruption')
    .map(({ code, message }) => `check finds ${code}: ${message}`)
}

/** Checks the overlay, repairing what is asked for. */
export async function check(host: Host, repair: 'none' | 'leaks' | 'all'): Promise<Finding[]> {
  return [...(await checkDisk(host, OVERLAY_PATH, repair)).findings]
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function contains(window: ByteRange, range: ByteRange): boolean {
  return range.offset >= window.offset && rangeEnd(range) <= rangeEnd(window)
}
