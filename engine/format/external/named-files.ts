import { EngineError } from '../../base/errors'
import { MIB, SECTOR_SIZE } from '../../base/units'
import type { Host, HostFile } from '../../host/host'
import type { ExternalFormat } from '../../model/image'
import { followName, type NamingImage } from '../file-names'
import { corrupt, decodeName } from '../names'

/** What QEMU reads of a descriptor, in bytes (block/vmdk.c). */
const MAX_DESCRIPTOR = MIB - 1
/** Where an image with data in it has its descriptor, and what of it is looked at for a parent. */
const EMBEDDED = { offset: SECTOR_SIZE, length: 20 * SECTOR_SIZE }
const MAX_EXTENTS = 1024
/**
 * Kinds of extents that lie in a file, with its name. Finds more than QEMU would open, but all that
 * it would.
 */
const EXTENT = /(FLAT|VMFSSPARSE|SESPARSE|SPARSE|VMFS)\s*"([^"\r\n]*)/g
/** Those that hold data of the guest from their first byte on, whatever it looks like. */
const FLAT: ReadonlySet<string> = new Set(['FLAT', 'VMFS'])

const QED_FEATURES = 16
const QED_BACKING = 1
const VMDK_CAPACITY = 12

/**
 * Opens all files beside the image itself that QEMU would open for it, to see that they may be
 * opened. An image with a parent is refused: to let QEMU follow that name would be to let the image
 * decide what is read, and with what formats.
 *
 * Errors: `format/unsupported-feature` for a parent; `chain/needs-consent`, `chain/data-missing`,
 * `not-supported` for a name; those of the host.
 */
export async function openNamedFiles(
  host: Host,
  image: NamingImage,
  file: HostFile,
  format: ExternalFormat,
): Promise<readonly HostFile[]> {
  if (format === 'qed') await refuseQedParent(file)
  if (format !== 'vmdk') return []
  if (await isVmdkWithData(file)) {
    await refuseVmdkParent(file, EMBEDDED)
    return []
  }
  await refuseVmdkParent(file, { offset: 0, length: MAX_DESCRIPTOR })
  const extents: HostFile[] = []
  try {
    for (const { kind, name } of await extentsOf(file)) {
      const extent = await openExtent(host, name, image)
      extents.push(extent)
      if (!FLAT.has(kind)) await isVmdkWithData(extent)
    }
    return extents
  } catch (error) {
    await Promise.all(extents.map((extent) => extent.close()))
    throw error
  }
}

async function refuseQedParent(file: HostFile): Promise<void> {
  const features = await readAt(file, QED_FEATURES, 8)
  if (((features[0] ?? 0) & QED_BACKING) !== 0) throw hasParent(file.path, 'backing file')
}

async function refuseVmdkParent(
  file: HostFile,
  where: { readonly offset: number; readonly length: number },
): Promise<void> {
  const text = Buffer.from(await readAt(file, where.offset, where.length)).toString('latin1')
  if (text.includes('parentFileNameHint')) throw hasParent(file.path, 'parent')
}

/**
 * Whether it is an extent with data, not a text that names some. One that says that it holds
 * nothing has a text in it that QEMU would follow: `format/unsupported-feature`.
 */
async function isVmdkWithData(file: HostFile): Promise<boolean> {
  const head = Buffer.from(await readAt(file, 0, VMDK_CAPACITY + 8))
  const magic = head.toString('latin1', 0, 4)
  if (magic === 'COWD') return true
  if (magic !== 'KDMV') return false
  if (head.length < VMDK_CAPACITY + 8) throw corrupt(file.path, 'its header is cut off')
  if (head.readBigUInt64LE(VMDK_CAPACITY) !== 0n) return true
  const message = `Cannot open ${file.path}: a descriptor inside of a VMDK extent is not supported`
  const details = { path: file.path, format: 'vmdk' }
  throw new EngineError('format/unsupported-feature', message, details, { state: 'unchanged' })
}

async function extentsOf(
  file: HostFile,
): Promise<readonly { readonly kind: string; readonly name: string }[]> {
  const bytes = await readAt(file, 0, MAX_DESCRIPTOR)
  const text = Buffer.from(bytes).toString('latin1')
  const extents = [...text.matchAll(EXTENT)].map(([, kind = '', name = '']) => ({
    kind,
    name: decodeName(Buffer.from(name, 'latin1'), 'name of an extent', file.path),
  }))
  if (extents.length <= MAX_EXTENTS) return extents
  throw corrupt(file.path, `it names ${String(extents.length)} extents`, { limit: MAX_EXTENTS })
}

async function openExtent(host: Host, name: string, image: NamingImage): Promise<HostFile> {
  // QEMU takes any word before a colon for a protocol, even a letter.
  if (/^[^/]*:/.test(name)) {
    const message = `Cannot open ${image.path}: its extent ${name} is not a file`
    throw new EngineError('not-supported', message, { path: image.path, name })
  }
  const target = await followName(host, name, image)
  try {
    return await host.open(target, { access: 'read' })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'file/missing') throw error
    const message = `Cannot open ${image.path}: its extent ${target} is missing`
    const details = { path: image.path, image: target }
    throw new EngineError('chain/data-missing', message, details, {
      cause: error,
      state: 'unchanged',
    })
  }
}

/** What the file has of a range; less where it ends before. */
async function readAt(file: HostFile, offset: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
  await file.read(bytes, offset)
  return bytes
}

function hasParent(path: string, what: string): EngineError {
  const message =
    `Cannot open ${path}: it has a ${what} of its own, which is not followed; ` +
    'qemu-img convert makes one image of both'
  return new EngineError('format/unsupported-feature', message, { path }, { state: 'unchanged' })
}
