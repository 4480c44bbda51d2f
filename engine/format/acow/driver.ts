import { EngineError } from '../../base/errors'
import type { Host, HostFile } from '../../host/host'
import type { OverlayLayout } from '../overlay/layout'
import { type OpenOverlayOptions, openOverlay } from '../overlay/open-overlay'
import type { Overlay } from '../overlay/overlay-layer'
import {
  type AcowHeader,
  COMPATIBLE_FIELD,
  decodeHeader,
  encodeHeader,
  fileLength,
  headerSize,
  MAX_CLUSTER_BITS,
  withAllAllocated,
} from './header'

/**
 * Opens an add-cow file of layout 2 that is already open as a host file. See openOverlay for the
 * errors.
 */
export async function openAcow(
  host: Host,
  path: string,
  metadata: HostFile,
  options: OpenOverlayOptions,
): Promise<Overlay> {
  const { size: length } = await metadata.stat()
  const bytes = new Uint8Array(Math.min(length, headerSize(MAX_CLUSTER_BITS)))
  await metadata.read(bytes, 0)
  const header = decodeHeader(bytes, path)
  refuseImageFormat(header, path)
  return await openOverlay(host, path, metadata, layoutOf(header), undefined, options)
}

function refuseImageFormat({ imageFormat }: AcowHeader, path: string): void {
  if (imageFormat === '' || imageFormat === 'raw') return
  const message =
    `Cannot open ${path}: its image file is said to be ${imageFormat}; ` + 'only raw is known'
  const details = { path, format: imageFormat }
  throw new EngineError('format/unsupported-feature', message, details, { state: 'unchanged' })
}

function layoutOf(header: AcowHeader): OverlayLayout {
  const { clusterBits, backingName, backingFormat, imageName, allAllocated } = header
  const format = backingFormat === '' ? undefined : backingFormat
  return {
    format: 'acow',
    clusterSize: 2 ** clusterBits,
    bitmapOffset: headerSize(clusterBits),
    imageName,
    backing: backingName === undefined ? undefined : { name: backingName, format },
    allAllocated,
    oddities: [],
    fileLength: (size) => fileLength(clusterBits, size),
    async renamedHeader(file, names) {
      const { backing, imageName: newImageName } = names
      const bytes = encodeHeader({
        ...header,
        backingName: backing?.name,
        backingFormat: backing?.format ?? '',
        imageName: newImageName,
      })
      // Among the compatible features may be some that only others know.
      const { offset, length } = COMPATIBLE_FIELD
      await file.read(bytes.subarray(offset, offset + length), offset)
      return bytes
    },
    async storeAllAllocated(file) {
      const field = new Uint8Array(COMPATIBLE_FIELD.length)
      await file.read(field, COMPATIBLE_FIELD.offset)
      const changed = withAllAllocated(field)
      await file.write(changed.bytes, changed.offset)
    },
  }
}
