import { EngineError } from '../../base/errors'
import { alignUp, divCeil } from '../../base/units'
import { corrupt, decodeName, encodeName } from '../names'

/** Layout 2 (2013): see SPEC.md for the picture. Little endian; offsets and lengths in bytes. */
export const MAGIC = Uint8Array.of(0x41, 0x43, 0x4f, 0x57)
export const FIXED_SIZE = 76
export const MIN_HEADER_SIZE = 4096
/** Cluster sizes that are read: 512 bytes to 2 MiB. New overlays have 4 KiB at the least. */
export const MIN_CLUSTER_BITS = 9
export const MIN_CREATED_CLUSTER_BITS = 12
export const MAX_CLUSTER_BITS = 21
export const DEFAULT_CLUSTER_BITS = 16
/** The longest backing name: the original refuses 1024 bytes and more. */
export const MAX_BACKING_NAME = 1023
/** The longest format name; a sixteenth byte is the NUL. */
export const MAX_FORMAT_NAME = 15

const ALL_ALLOCATED = 1n
const FORMAT_FIELD = 16
const BACKING_OFFSET_AT = 4
const BACKING_LENGTH_AT = 8
const IMAGE_OFFSET_AT = 12
const IMAGE_LENGTH_AT = 16
const CLUSTER_BITS_AT = 20
const FEATURES_AT = 24
const COMPATIBLE_AT = 32
const HEADER_SIZE_AT = 40
const BACKING_FORMAT_AT = 44
const IMAGE_FORMAT_AT = 60

export interface AcowHeader {
  readonly clusterBits: number
  /** Undefined = no backing file. */
  readonly backingName: string | undefined
  /** Empty = not stored. */
  readonly backingFormat: string
  readonly imageName: string
  readonly imageFormat: string
  readonly allAllocated: boolean
}

/** Where the bitmap starts: one cluster, and 4096 bytes at the least. */
export function headerSize(clusterBits: number): number {
  return Math.max(2 ** clusterBits, MIN_HEADER_SIZE)
}

/** How long the file is for a virtual size: the bitmap is padded to whole clusters. */
export function fileLength(clusterBits: number, size: number): number {
  const clusterSize = 2 ** clusterBits
  return headerSize(clusterBits) + alignUp(divCeil(divCeil(size, clusterSize), 8), clusterSize)
}

/**
 * Reads a header; `bytes` is the start of the file, headerSize(MAX_CLUSTER_BITS) bytes of it or all
 * there is. `format/corrupt` or `format/unsupported-feature`, naming the file.
 */
export function decodeHeader(bytes: Uint8Array, path: string): AcowHeader {
  if (bytes.length < FIXED_SIZE) {
    const found = `its header ends at byte ${String(bytes.length)} of ${String(FIXED_SIZE)}`
    throw corrupt(path, found, { length: bytes.length })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const features = view.getBigUint64(FEATURES_AT, true)
  if (features !== 0n) throw unknownFeature(path, features)
  const clusterBits = view.getUint32(CLUSTER_BITS_AT, true)
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
    throw corrupt(path, `its cluster_bits are ${String(clusterBits)}, not 9 to 21`, { clusterBits })
  }
  const size = view.getUint32(HEADER_SIZE_AT, true)
  const expected = headerSize(clusterBits)
  if (size !== expected) {
    throw corrupt(path, `its header size is ${String(size)}, not ${String(expected)}`, { size })
  }
  if (bytes.length < size) {
    const found = `its header ends at byte ${String(bytes.length)} of ${String(size)}`
    throw corrupt(path, found, { length: bytes.length })
  }
  const allAllocated = (view.getBigUint64(COMPATIBLE_AT, true) & ALL_ALLOCATED) !== 0n
  const backing = nameRange(view, BACKING_OFFSET_AT, BACKING_LENGTH_AT)
  const image = nameRange(view, IMAGE_OFFSET_AT, IMAGE_LENGTH_AT)
  checkNames(path, size, backing, image)
  return {
    clusterBits,
    backingName:
      backing.length === 0 ? undefined : nameAt(bytes, backing, 'backing file name', path),
    backingFormat: formatAt(bytes, BACKING_FORMAT_AT, 'backing file format', path),
    imageName: nameAt(bytes, image, 'image file name', path),
    imageFormat: formatAt(bytes, IMAGE_FORMAT_AT, 'image file format', path),
    allAllocated,
  }
}

interface NameRange {
  readonly offset: number
  readonly length: number
}

function nameRange(view: DataView, offsetAt: number, lengthAt: number): NameRange {
  return { offset: view.getUint32(offsetAt, true), length: view.getUint32(lengthAt, true) }
}

function checkNames(path: string, size: number, backing: NameRange, image: NameRange): void {
  if ((backing.offset === 0) !== (backing.length === 0)) {
    throw corrupt(path, 'its backing file name has an offset without a length, or the reverse')
  }
  if (backing.length > MAX_BACKING_NAME) {
    throw corrupt(path, `its backing file name is ${String(backing.length)} bytes long`)
  }
  if (image.length === 0) throw corrupt(path, 'it names no image file')
  for (const range of backing.length === 0 ? [image] : [backing, image]) {
    if (range.offset < FIXED_SIZE || range.offset + range.length > size) {
      throw corrupt(path, 'a file name lies outside of its header', { offset: range.offset })
    }
  }
}

function nameAt(bytes: Uint8Array, range: NameRange, what: string, path: string): string {
  return decodeName(bytes.subarray(range.offset, range.offset + range.length), what, path)
}

function formatAt(bytes: Uint8Array, offset: number, what: string, path: string): string {
  const field = bytes.subarray(offset, offset + FORMAT_FIELD)
  const nul = field.indexOf(0)
  if (nul < 0) throw corrupt(path, `its ${what} does not end`, { field: what })
  return decodeName(field.subarray(0, nul), what, path)
}

function unknownFeature(path: string, features: bigint): EngineError {
  const message =
    `Cannot open ${path}: it needs features that are not known ` +
    `(0x${features.toString(16)}); a newer program made it`
  const details = { path, features: `0x${features.toString(16)}` }
  return new EngineError('format/unsupported-feature', message, details, { state: 'unchanged' })
}

/**
 * A whole header, the backing name at byte 76 and the image name right behind it, as the original
 * writes them.
 */
export function encodeHeader(header: AcowHeader): Uint8Array {
  const size = headerSize(header.clusterBits)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  const backing = encodeName(header.backingName ?? '', 'backing file name', MAX_BACKING_NAME)
  const room = size - FIXED_SIZE - backing.length
  const image = encodeName(header.imageName, 'image file name', room)
  if (image.length === 0) {
    throw new EngineError('invalid-argument', 'An overlay needs an image file name')
  }
  bytes.set(MAGIC)
  view.setUint32(BACKING_OFFSET_AT, backing.length === 0 ? 0 : FIXED_SIZE, true)
  view.setUint32(BACKING_LENGTH_AT, backing.length, true)
  view.setUint32(IMAGE_OFFSET_AT, FIXED_SIZE + backing.length, true)
  view.setUint32(IMAGE_LENGTH_AT, image.length, true)
  view.setUint32(CLUSTER_BITS_AT, header.clusterBits, true)
  view.setBigUint64(COMPATIBLE_AT, header.allAllocated ? ALL_ALLOCATED : 0n, true)
  view.setUint32(HEADER_SIZE_AT, size, true)
  bytes.set(
    encodeName(header.backingFormat, 'backing file format', MAX_FORMAT_NAME),
    BACKING_FORMAT_AT,
  )
  bytes.set(encodeName(header.imageFormat, 'image file format', MAX_FORMAT_NAME), IMAGE_FORMAT_AT)
  bytes.set(backing, FIXED_SIZE)
  bytes.set(image, FIXED_SIZE + backing.length)
  return bytes
}

/**
 * The compatible-features field with ALL_ALLOCATED set beside what is there. Eight bytes of one
 * sector.
 */
export function withAllAllocated(field: Uint8Array): { offset: number; bytes: Uint8Array } {
  const bytes = field.slice()
  bytes[0] = (bytes[0] ?? 0) | Number(ALL_ALLOCATED)
  return { offset: COMPATIBLE_AT, bytes }
}

/** Where the compatible features lie. */
export const COMPATIBLE_FIELD = { offset: COMPATIBLE_AT, length: 8 } as const
