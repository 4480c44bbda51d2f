import { EngineError } from '../../base/errors'
import { alignDown, divCeil, formatSize, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../../base/units'
import type { Host, HostFile } from '../../host/host'
import { followName, resolveName } from '../file-names'
import { corrupt } from '../names'
import type { OverlayLayout } from './layout'
import { Overlay } from './overlay-layer'

export interface OpenLayerOptions {
  /** `repair` opens for writing what is too damaged for it otherwise. */
  readonly access: 'read' | 'write' | 'repair'
  /** Bytes that bitmap pages may take in memory, each overlay; the host's where absent. */
  readonly cacheBytes?: number
  /** Whether the format of the layer is a guess by what a guest may have written. */
  readonly guessed?: boolean
}

export interface OpenOverlayOptions extends OpenLayerOptions {
  /** The image file, where it is open already, under another name as yet. */
  readonly image?: HostFile
}

/**
 * Opens the image file that a layout names and puts both together. `chain/data-missing` where the
 * image file is not there, `chain/same-file` where it is the add-cow file itself, `format/corrupt`
 * where the sizes contradict each other. Closes nothing of what it was given.
 */
export async function openOverlay(
  host: Host,
  path: string,
  metadata: HostFile,
  layout: OverlayLayout,
  storedSize: number | undefined,
  options: OpenOverlayOptions,
): Promise<Overlay> {
  const named = { path, guessed: options.guessed === true }
  const imagePath =
    options.image === undefined
      ? await followName(host, layout.imageName, named)
      : resolveName(layout.imageName, path)
  const image = options.image ?? (await openImageFile(host, imagePath, path, options))
  try {
    refuseSameFile(path, metadata, image)
    const { size: imageLength } = await image.stat()
    const size = storedSize ?? alignDown(imageLength, SECTOR_SIZE)
    if (size > MAX_VIRTUAL_SIZE) {
      const found = `its image file is longer than a disk can be, ${formatSize(size)}`
      throw corrupt(path, found, { size, limit: MAX_VIRTUAL_SIZE })
    }
    await checkLengths(path, layout, metadata, size, imageLength, options)
    const { backing } = layout
    const backingPath =
      backing === undefined || layout.allAllocated ? undefined : backingPathOf(backing.name, path)
    const files = { path, layout, metadata, image, size }
    const cacheBytes = options.cacheBytes ?? host.cacheBytes
    return new Overlay(cacheBytes === undefined ? files : { ...files, cacheBytes }, {
      image: imagePath,
      backing: backingPath,
    })
  } catch (error) {
    if (options.image === undefined) await image.close()
    throw error
  }
}

/** For showing only; whether it can be opened is decided when the chain is. */
function backingPathOf(name: string, path: string): string {
  try {
    return resolveName(name, path)
  } catch {
    return name
  }
}

async function openImageFile(
  host: Host,
  imagePath: string,
  path: string,
  options: OpenLayerOptions,
): Promise<HostFile> {
  try {
    return await host.open(imagePath, { access: options.access === 'read' ? 'read' : 'write' })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'file/missing') throw error
    const message = `Cannot open ${path}: its image file ${imagePath} is missing`
    const details = { path, image: imagePath }
    throw new EngineError('chain/data-missing', message, details, {
      cause: error,
      state: 'unchanged',
    })
  }
}

function refuseSameFile(path: string, metadata: HostFile, image: HostFile): void {
  if (metadata.identity !== image.identity) return
  const message = `Cannot open ${path}: its image file is the add-cow file itself`
  throw new EngineError('chain/same-file', message, { path }, { state: 'unchanged' })
}

/**
 * The virtual size has three witnesses: the header, the image file's length, the bitmap's length. A
 * bitmap that is too short is one witness against the header; where the image file is too short as
 * well, the header is what is wrong.
 */
async function checkLengths(
  path: string,
  layout: OverlayLayout,
  metadata: HostFile,
  size: number,
  imageLength: number,
  options: OpenLayerOptions,
): Promise<void> {
  const { size: length } = await metadata.stat()
  const needed = layout.bitmapOffset + divCeil(divCeil(size, layout.clusterSize), 8)
  if (length >= needed) return
  const details = { length, needed, size, imageLength }
  if (imageLength < size) {
    const found =
      `its header says ${String(size)} bytes, but its bitmap is for less ` +
      `and its image file is ${String(imageLength)} bytes long`
    throw corrupt(path, found, details)
  }
  if (options.access !== 'write' || layout.allAllocated) return
  const found =
    `its bitmap ends at byte ${String(length)} of ${String(needed)}; ` +
    'it can be read, and repaired by a check, but not written'
  throw corrupt(path, found, details)
}
