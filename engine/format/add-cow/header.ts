import { EngineError } from '../../base/errors'
import { alignDown, divCeil, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../../base/units'
import { corrupt, decodeName, encodeName } from '../names'

/** Layout 1, version 1: see SPEC.md for the picture. Big endian; offsets and lengths in bytes. */
export const MAGIC = Uint8Array.of(0x41, 0x44, 0x44, 0x5f, 0x43, 0x4f, 0x57, 0xff)
export const VERSION = 1
export const HEADER_SIZE = 2560
/** Names may fill their field: then no NUL ends them. */
export const NAME_SIZE = 1024

const VERSION_OFFSET = 8
const BACKING_OFFSET = 12
const IMAGE_OFFSET = BACKING_OFFSET + NAME_SIZE
const SIZE_OFFSET = IMAGE_OFFSET + NAME_SIZE
const RESERVED_OFFSET = SIZE_OFFSET + 8

export interface AddCowHeader {
  /** Empty = no backing file. */
  readonly backingName: string
  readonly imageName: string
  /** Virtual size in bytes, as stored: not always a multiple of a sector. */
  readonly size: number
  /** Whether the reserved bytes are all zero, as they should be. */
  readonly reservedIsZero: boolean
}

/** Reads a header. `format/corrupt` or `format/unsupported-version`, naming the file. */
export function decodeHeader(bytes: Uint8Array, path: string): AddCowHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length >= VERSION_OFFSET + 4) {
    const version = view.getUint32(VERSION_OFFSET)
    if (version !== VERSION) throw unsupportedVersion(path, version)
  }
  if (bytes.length < HEADER_SIZE) {
    const length = bytes.length
    const found = `its header ends at byte ${String(length)} of ${String(HEADER_SIZE)}`
    throw corrupt(path, found, { length })
  }
  const size = view.getBigUint64(SIZE_OFFSET)
  if (size > BigInt(MAX_VIRTUAL_SIZE)) {
    throw corrupt(path, `its virtual size of ${String(size)} bytes is out of range`)
  }
  const imageName = nameAt(bytes, IMAGE_OFFSET, 'image file name', path)
  if (imageName === '') throw corrupt(path, 'it names no image file', { field: 'image file name' })
  return {
    backingName: nameAt(bytes, BACKING_OFFSET, 'backing file name', path),
    imageName,
    size: Number(size),
    reservedIsZero: bytes.subarray(RESERVED_OFFSET, HEADER_SIZE).every((byte) => byte === 0),
  }
}

function nameAt(bytes: Uint8Array, offset: number, what: string, path: string): string {
  const field = bytes.subarray(offset, offset + NAME_SIZE)
  const nul = field.indexOf(0)
  // A first byte of zero before other bytes is a name that lost its start, not the absence of a
  // name.
  if (nul === 0 && field.some((byte) => byte !== 0)) {
    throw corrupt(path, `its ${what} is damaged: it starts with a NUL`, { field: what })
  }
  return decodeName(nul < 0 ? field : field.subarray(0, nul), what, path)
}

function unsupportedVersion(path: string, version: number): EngineError {
  const message =
    `Cannot open ${path}: it is add-cow version ${String(version)}, ` +
    `and only version ${String(VERSION)} is known`
  const details = { path, version, supported: VERSION }
  return new EngineError('format/unsupported-version', message, details, { state: 'unchanged' })
}

/**
 * A header of HEADER_SIZE bytes. `invalid-argument` where a name is too long or the size no whole
 * number of sectors.
 */
export function encodeHeader(header: Omit<AddCowHeader, 'reservedIsZero'>): Uint8Array {
  if (header.imageName === '') {
    throw new EngineError('invalid-argument', 'An overlay needs an image file name')
  }
  const bytes = new Uint8Array(HEADER_SIZE)
  bytes.set(MAGIC)
  new DataView(bytes.buffer).setUint32(VERSION_OFFSET, VERSION)
  bytes.set(encodeName(header.backingName, 'backing file name', NAME_SIZE), BACKING_OFFSET)
  bytes.set(encodeName(header.imageName, 'image file name', NAME_SIZE), IMAGE_OFFSET)
  bytes.set(encodeSize(header.size), SIZE_OFFSET)
  return bytes
}

/**
 * The size field: where it lies and what it holds. Within one sector of the file, so that a crash
 * cannot tear it.
 */
export function encodeSizeField(size: number): { offset: number; bytes: Uint8Array } {
  return { offset: SIZE_OFFSET, bytes: encodeSize(size) }
}

function encodeSize(size: number): Uint8Array {
  if (size < 0 || size > MAX_VIRTUAL_SIZE || size % SECTOR_SIZE !== 0) {
    const message =
      `A virtual size of ${String(size)} bytes is no whole ` + 'number of sectors within range'
    throw new EngineError('invalid-argument', message, { size })
  }
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size))
  return bytes
}

/** The virtual size that a size field stands for: whole sectors. */
export function virtualSizeOf(header: AddCowHeader): number {
  return alignDown(header.size, SECTOR_SIZE)
}

/** How long the file is: the header and a bit for each sector. */
export function fileLength(size: number): number {
  return HEADER_SIZE + divCeil(size / SECTOR_SIZE, 8)
}
