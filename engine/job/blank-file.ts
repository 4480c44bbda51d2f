import { splitRange } from '../base/byte-range'
import { MIB } from '../base/units'
import type { Host } from '../host/host'
import { openDisk } from '../image/disk'

const STEP = MIB

/** Whether a file reads as zeros from end to end. Skips holes, and ends at the first other byte. */
export async function isBlank(host: Host, path: string): Promise<boolean> {
  const disk = await openDisk(host, path, { writable: false, format: 'raw' })
  const zeros = Buffer.alloc(STEP)
  const found = Buffer.alloc(STEP)
  try {
    for await (const extent of disk.extents()) {
      if (extent.content === 'zero') continue
      for (const { offset, length } of splitRange(extent, STEP)) {
        const part = found.subarray(0, length)
        await disk.read(part, offset)
        if (!part.equals(zeros.subarray(0, length))) return false
      }
    }
    return true
  } finally {
    await disk.close()
  }
}
