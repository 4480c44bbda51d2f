import { createHash } from 'node:crypto'
import { clipRange } from '../base/byte-range'
import { alignDown, SECTOR_SIZE } from '../base/units'
import type { Host } from '../host/host'
import type { Fingerprint, FormatName } from '../model/image'
import type { DiskView } from './disk-view'
import { openDisk } from './disk'

const SAMPLES = 64
const SAMPLE_SIZE = 4096

/**
 * By what a base is known again: its virtual size, the time of its last change, and a hash of
 * samples of its content. An overlay fits only the base that it was made on; this finds most
 * changes without reading the whole disk. It is probed where `format` is not told. Errors: those
 * of openDisk.
 */
export async function fingerprintDisk(
  host: Host,
  path: string,
  format?: FormatName,
): Promise<Fingerprint> {
  const known = format === undefined ? {} : { format }
  const disk = await openDisk(host, path, { writable: false, ...known })
  try {
    const infos = await Promise.all(
      disk.layers.flatMap((layer) => layer.files.map((f) => f.file.stat())),
    )
    const modifiedAt = Math.max(...infos.map((info) => info.modifiedAt))
    const size = alignDown(disk.size, SECTOR_SIZE)
    return { size, modifiedAt, sample: await sampleContent(disk, size) }
  } finally {
    await disk.close()
  }
}

/** A hash over samples that are spread evenly from the first to the last byte. */
export async function sampleContent(disk: Pick<DiskView, 'read'>, size: number): Promise<string> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(SAMPLE_SIZE)
  const last = Math.max(0, size - SAMPLE_SIZE)
  for (let n = 0; n < SAMPLES; n += 1) {
    const offset = alignDown(Math.floor((last * n) / (SAMPLES - 1)), SECTOR_SIZE)
    const { length } = clipRange({ offset, length: SAMPLE_SIZE }, size)
    const part = buffer.subarray(0, length)
    await disk.read(part, offset)
    hash.update(part)
  }
  return hash.digest('hex')
}
