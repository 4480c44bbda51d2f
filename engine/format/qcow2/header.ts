import { EngineError } from '../../base/errors'
import { divCeil, formatSize, isAligned, MAX_VIRTUAL_SIZE, MIB } from '../../base/units'
import type { BackingReference } from '../layer'
import { corrupt, decodeName } from '../names'
import { type Extensions, readExtensions } from './header-extensions'
import { readOffset } from './numbers'

/** See SPEC.md for the picture. Big endian; offsets and lengths in bytes. */
export const MAGIC = Uint8Array.of(0x51, 0x46, 0x49, 0xfb)
/** What the header of version 2 takes; in version 3 at least 104 bytes are used. */
export const HEADER_2_SIZE = 72
const HEADER_3_SIZE = 104
export const MIN_CLUSTER_BITS = 9
export const MAX_CLUSTER_BITS = 21
/** The largest table of level 1 that is read, as in QEMU: 32 MiB. */
const MAX_L1_BYTES = 32 * MIB
const MAX_BACKING_NAME = 1023
const MAX_REFCOUNT_ORDER = 6
/** Subclusters of less than a sector do not exist, and there are 32 in a cluster. */
const MIN_EXTENDED_CLUSTER_BITS = 14
const L1_ENTRY_SIZE = 8

const VERSION_AT = 4
const BACKING_OFFSET_AT = 8
const BACKING_LENGTH_AT = 16
const CLUSTER_BITS_AT = 20
const SIZE_AT = 24
const CRYPT_METHOD_AT = 32
const L1_ENTRIES_AT = 36
const L1_OFFSET_AT = 40
const REFCOUNT_OFFSET_AT = 48
const REFCOUNT_CLUSTERS_AT = 56
const SNAPSHOT_COUNT_AT = 60
const SNAPSHOT_OFFSET_AT = 64
const INCOMPATIBLE_AT = 72
const COMPATIBLE_AT = 80
const AUTOCLEAR_AT = 88
const REFCOUNT_ORDER_AT = 96
const HEADER_LENGTH_AT = 100
const COMPRESSION_AT = 104

/** Incompatible features: whoever does not know one that is set must not open the image. */
const DIRTY = 0
const CORRUPT = 1
const EXTERNAL_DATA = 2
const OTHER_COMPRESSION = 3
const EXTENDED_L2 = 4
const KNOWN_INCOMPATIBLE = 5
const LAZY_REFCOUNTS = 0
const RAW_EXTERNAL_DATA = 1

const ENCRYPTIONS: Readonly<Record<number, string>> = { 1: 'aes', 2: 'luks' }

/** A table in the file. */
export interface TablePlace {
  readonly offset: number
  /** Entries of the table of level 1 or of snapshots; clusters of the refcount table. */
  readonly count: number
}

export interface Qcow2Header {
  readonly version: 2 | 3
  readonly clusterBits: number
  /** Virtual size in bytes, as stored. */
  readonly size: number
  readonly l1: TablePlace
  readonly refcounts: TablePlace
  readonly refcountBits: number
  readonly snapshots: TablePlace
  /** Not closed in order: refcounts may be wrong, the mapping is right. */
  readonly dirty: boolean
  /** Somebody found it damaged, and has marked it so. */
  readonly corrupt: boolean
  readonly lazyRefcounts: boolean
  readonly extendedL2: boolean
  readonly compression: 'zlib' | 'zstd'
  readonly backing: BackingReference | undefined
  /** Where guest data lies, if not in the file itself. `raw`: it can be read as a raw disk. */
  readonly externalData: { readonly name: string; readonly raw: boolean } | undefined
}

/** Bytes of the file's start that decodeHeader needs: the first cluster. */
export function headerLength(start: Uint8Array, path: string): number {
  return 2 ** clusterBitsOf(viewOf(start, path), path)
}

/**
 * Reads a header; `bytes` is the first cluster, or all there is where the file is shorter. Errors,
 * naming the file: `format/corrupt`, `format/unsupported-version`, and
 * `format/unsupported-feature` (details.feature: its name) for what must not be ignored, or is
 * encrypted.
 */
export function decodeHeader(bytes: Uint8Array, path: string): Qcow2Header {
  const view = viewOf(bytes, path)
  const version = versionOf(view, path)
  const clusterBits = clusterBitsOf(view, path)
  const backingName = backingNameOf(view, bytes, path)
  const extensions = readExtensions(bytes, extensionsRange(view, version, bytes, path), path)
  const features = featuresOf(view, version, extensions, path)
  refuseEncrypted(view, path)
  const header = {
    version,
    clusterBits,
    size: sizeOf(view, path),
    l1: { offset: readOffset(view, L1_OFFSET_AT), count: view.getUint32(L1_ENTRIES_AT) },
    refcounts: {
      offset: readOffset(view, REFCOUNT_OFFSET_AT),
      count: view.getUint32(REFCOUNT_CLUSTERS_AT),
    },
    refcountBits: refcountBitsOf(view, version, path),
    snapshots: {
      offset: readOffset(view, SNAPSHOT_OFFSET_AT),
      count: view.getUint32(SNAPSHOT_COUNT_AT),
    },
    ...features,
    backing:
      backingName === undefined
        ? undefined
        : { name: backingName, format: extensions.backingFormat },
  }
  checkL1(header, path)
  return header
}

/** How many bytes of the disk one table of level 2 maps. */
export function bytesPerTable(header: Pick<Qcow2Header, 'clusterBits' | 'extendedL2'>): number {
  const clusterSize = 2 ** header.clusterBits
  return (clusterSize / entrySize(header.extendedL2)) * clusterSize
}

/** Bytes of one entry of level 2. */
export function entrySize(extendedL2: boolean): 8 | 16 {
  return extendedL2 ? 16 : 8
}

function viewOf(bytes: Uint8Array, path: string): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const needed =
    bytes.length >= 8 && view.getUint32(VERSION_AT) >= 3 ? HEADER_3_SIZE : HEADER_2_SIZE
  if (bytes.length >= needed) return view
  const found = `its header ends at byte ${String(bytes.length)} of ${String(needed)}`
  throw corrupt(path, found, { length: bytes.length })
}

function versionOf(view: DataView, path: string): 2 | 3 {
  const version = view.getUint32(VERSION_AT)
  if (version === 2 || version === 3) return version
  const message = `Cannot open ${path}: it is qcow2 version ${String(version)}; 2 and 3 can be read`
  const details = { path, version }
  throw new EngineError('format/unsupported-version', message, details, { state: 'unchanged' })
}

function clusterBitsOf(view: DataView, path: string): number {
  const clusterBits = view.getUint32(CLUSTER_BITS_AT)
  if (clusterBits >= MIN_CLUSTER_BITS && clusterBits <= MAX_CLUSTER_BITS) return clusterBits
  throw corrupt(path, `its cluster_bits are ${String(clusterBits)}, not 9 to 21`, { clusterBits })
}

function sizeOf(view: DataView, path: string): number {
  const size = readOffset(view, SIZE_AT)
  if (size <= MAX_VIRTUAL_SIZE) return size
  const found = `its disk is longer than a disk can be, ${formatSize(size)}`
  throw corrupt(path, found, { size, limit: MAX_VIRTUAL_SIZE })
}

function backingNameOf(view: DataView, bytes: Uint8Array, path: string): string | undefined {
  const offset = readOffset(view, BACKING_OFFSET_AT)
  const length = view.getUint32(BACKING_LENGTH_AT)
  if (offset === 0 || length === 0) return undefined
  if (length > MAX_BACKING_NAME || offset + length > bytes.length) {
    const found = `its backing file name is ${String(length)} bytes at ${String(offset)}`
    throw corrupt(path, `${found}, outside of its header`, { offset, length })
  }
  return decodeName(bytes.subarray(offset, offset + length), 'backing file name', path)
}

/** From behind the header up to the backing file's name, or to the end of the first cluster. */
function extensionsRange(
  view: DataView,
  version: 2 | 3,
  bytes: Uint8Array,
  path: string,
): { start: number; end: number } {
  const start = version === 2 ? HEADER_2_SIZE : view.getUint32(HEADER_LENGTH_AT)
  const backing = readOffset(view, BACKING_OFFSET_AT)
  if (version === 3 && (start < HEADER_3_SIZE || start > bytes.length || !isAligned(start, 8))) {
    const found = `its header says that it is ${String(start)} bytes long`
    throw corrupt(path, found, { headerLength: start })
  }
  return { start, end: backing === 0 ? bytes.length : Math.min(backing, bytes.length) }
}

type Features = Pick<
  Qcow2Header,
  'dirty' | 'corrupt' | 'lazyRefcounts' | 'extendedL2' | 'compression' | 'externalData'
>

const NO_FEATURES: Features = {
  dirty: false,
  corrupt: false,
  lazyRefcounts: false,
  extendedL2: false,
  compression: 'zlib',
  externalData: undefined,
}

function featuresOf(
  view: DataView,
  version: 2 | 3,
  extensions: Extensions,
  path: string,
): Features {
  if (version === 2) return NO_FEATURES
  const incompatible = view.getBigUint64(INCOMPATIBLE_AT)
  refuseUnknown(incompatible, extensions, path)
  const extendedL2 = isSet(incompatible, EXTENDED_L2)
  if (extendedL2 && view.getUint32(CLUSTER_BITS_AT) < MIN_EXTENDED_CLUSTER_BITS) {
    throw corrupt(path, 'its clusters are too small for extended L2 entries')
  }
  return {
    dirty: isSet(incompatible, DIRTY),
    corrupt: isSet(incompatible, CORRUPT),
    lazyRefcounts: isSet(view.getBigUint64(COMPATIBLE_AT), LAZY_REFCOUNTS),
    extendedL2,
    compression: compressionOf(view, isSet(incompatible, OTHER_COMPRESSION), path),
    externalData: isSet(incompatible, EXTERNAL_DATA)
      ? {
          name: dataFileNameOf(extensions, path),
          raw: isSet(view.getBigUint64(AUTOCLEAR_AT), RAW_EXTERNAL_DATA),
        }
      : undefined,
  }
}

function isSet(word: bigint, bit: number): boolean {
  return (word & (1n << BigInt(bit))) !== 0n
}

function refuseUnknown(
  incompatible: bigint,
  { incompatibleNames }: Extensions,
  path: string,
): void {
  const names: string[] = []
  for (let bit = KNOWN_INCOMPATIBLE; bit < 64; bit += 1) {
    if (isSet(incompatible, bit)) names.push(incompatibleNames.get(bit) ?? `bit ${String(bit)}`)
  }
  if (names.length > 0) throw unsupported(path, names.join(', '), 'needs a feature that is unknown')
}

function refuseEncrypted(view: DataView, path: string): void {
  const method = view.getUint32(CRYPT_METHOD_AT)
  if (method === 0) return
  throw unsupported(path, ENCRYPTIONS[method] ?? `method ${String(method)}`, 'is encrypted')
}

function unsupported(path: string, feature: string, what: string): EngineError {
  const message = `Cannot open ${path}: it ${what}: ${feature}`
  const details = { path, feature }
  return new EngineError('format/unsupported-feature', message, details, { state: 'unchanged' })
}

/** The field lies behind the 104 bytes that every header of version 3 has. */
function compressionOf(view: DataView, other: boolean, path: string): 'zlib' | 'zstd' {
  const stored = view.getUint32(HEADER_LENGTH_AT) > COMPRESSION_AT
  const type = stored && view.byteLength > COMPRESSION_AT ? view.getUint8(COMPRESSION_AT) : 0
  if (type > 1) throw unsupported(path, `compression type ${String(type)}`, 'is compressed')
  if (other === (type !== 0)) return type === 0 ? 'zlib' : 'zstd'
  const found = `its compression type is ${String(type)}, and its feature bit says otherwise`
  throw corrupt(path, found, { type })
}

function dataFileNameOf({ dataFile }: Extensions, path: string): string {
  if (dataFile !== undefined && dataFile !== '') return dataFile
  throw corrupt(path, 'its data lies in another file, which it does not name')
}

function refcountBitsOf(view: DataView, version: 2 | 3, path: string): number {
  if (version === 2) return 16
  const order = view.getUint32(REFCOUNT_ORDER_AT)
  if (order <= MAX_REFCOUNT_ORDER) return 2 ** order
  throw corrupt(path, `its refcount_order is ${String(order)}, not 0 to 6`, { order })
}

function checkL1(
  header: Pick<Qcow2Header, 'clusterBits' | 'extendedL2' | 'size' | 'l1'>,
  path: string,
): void {
  const { offset, count } = header.l1
  const needed = divCeil(header.size, bytesPerTable(header))
  if (count < needed) {
    const found = `its table of level 1 has ${String(count)} of ${String(needed)} entries`
    throw corrupt(path, found, { entries: count, needed })
  }
  if (count * L1_ENTRY_SIZE > MAX_L1_BYTES) {
    const found = `its table of level 1 has ${String(count)} entries, more than 32 MiB take`
    throw corrupt(path, found, { entries: count })
  }
  if (!isAligned(offset, 2 ** header.clusterBits)) {
    throw corrupt(path, `its table of level 1 is at ${String(offset)}, no cluster`, { offset })
  }
}
