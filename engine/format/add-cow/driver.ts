import { SECTOR_SIZE } from '../../base/units'
import type { Host, HostFile } from '../../host/host'
import type { Finding } from '../../model/image'
import type { OverlayLayout } from '../overlay/layout'
import { type OpenOverlayOptions, openOverlay } from '../overlay/open-overlay'
import type { Overlay } from '../overlay/overlay-layer'
import {
  type AddCowHeader,
  decodeHeader,
  encodeHeader,
  encodeSizeField,
  fileLength,
  HEADER_SIZE,
  virtualSizeOf,
} from './header'

/**
 * Opens an add-cow file of layout 1 that is already open as a host file. See openOverlay for the
 * errors.
 */
export async function openAddCow(
  host: Host,
  path: string,
  metadata: HostFile,
  options: OpenOverlayOptions,
): Promise<Overlay> {
  const { size: length } = await metadata.stat()
  const bytes = new Uint8Array(Math.min(length, HEADER_SIZE))
  await metadata.read(bytes, 0)
  const header = decodeHeader(bytes, path)
  const layout = layoutOf(header, path)
  return await openOverlay(host, path, metadata, layout, virtualSizeOf(header), options)
}

function layoutOf(header: AddCowHeader, path: string): OverlayLayout {
  const { backingName, imageName } = header
  return {
    format: 'add-cow',
    clusterSize: SECTOR_SIZE,
    bitmapOffset: HEADER_SIZE,
    imageName,
    backing: backingName === '' ? undefined : { name: backingName, format: undefined },
    allAllocated: false,
    oddities: oddities(header, path),
    fileLength,
    renamedHeader(_file, names, size) {
      const renamed = { backingName: names.backing?.name ?? '', imageName: names.imageName, size }
      return Promise.resolve(encodeHeader(renamed))
    },
    async storeSize(file, size) {
      const field = encodeSizeField(size)
      await file.write(field.bytes, field.offset)
    },
  }
}

function oddities(header: AddCowHeader, path: string): Finding[] {
  const found: Finding[] = []
  if (header.size % SECTOR_SIZE !== 0) {
    const message =
      `The header's size of ${String(header.size)} bytes is no whole number of sectors; ` +
      'the rest is not used'
    const details = { path, size: header.size }
    found.push({ code: 'size-unaligned', severity: 'notice', message, details, repaired: false })
  }
  if (!header.reservedIsZero) {
    const message = 'Reserved bytes of the header are not zero; they are ignored'
    found.push({
      code: 'reserved-not-zero',
      severity: 'notice',
      message,
      details: { path },
      repaired: false,
    })
  }
  return found
}
