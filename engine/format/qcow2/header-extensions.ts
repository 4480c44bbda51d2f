import { alignUp } from '../../base/units'
import { corrupt, decodeName } from '../names'

const END = 0
const BACKING_FORMAT = 0xe2792aca
const FEATURE_NAMES = 0x6803f857
const DATA_FILE = 0x44415441

/** Type and length, both 32 bits. */
const HEAD_SIZE = 8
const FEATURE_ENTRY_SIZE = 48
const FEATURE_NAME_AT = 2
const INCOMPATIBLE = 0

/** What is used of the header extensions; all others may be ignored by whoever only reads. */
export interface Extensions {
  readonly backingFormat: string | undefined
  readonly dataFile: string | undefined
  /** Names of incompatible features, by bit. */
  readonly incompatibleNames: ReadonlyMap<number, string>
}

/**
 * Reads the header extensions between `start` (inclusive) and `end` (exclusive) of the first
 * cluster. `format/corrupt` where one passes the end.
 */
export function readExtensions(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  path: string,
): Extensions {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let backingFormat: string | undefined
  let dataFile: string | undefined
  const incompatibleNames = new Map<number, string>()
  for (let at = start; at + HEAD_SIZE <= end;) {
    const type = view.getUint32(at)
    const length = view.getUint32(at + 4)
    if (type === END) break
    if (length > end - at - HEAD_SIZE) {
      const found = `its header extension at byte ${String(at)} is ${String(length)} bytes long`
      throw corrupt(path, found, { offset: at, length })
    }
    const data = bytes.subarray(at + HEAD_SIZE, at + HEAD_SIZE + length)
    if (type === BACKING_FORMAT) backingFormat = decodeName(data, 'backing file format', path)
    if (type === DATA_FILE) dataFile = decodeName(data, 'data file name', path)
    if (type === FEATURE_NAMES) readFeatureNames(data, incompatibleNames)
    at += HEAD_SIZE + alignUp(length, 8)
  }
  return {
    backingFormat: backingFormat === '' ? undefined : backingFormat,
    dataFile,
    incompatibleNames,
  }
}

function readFeatureNames(table: Uint8Array, names: Map<number, string>): void {
  for (let at = 0; at + FEATURE_ENTRY_SIZE <= table.length; at += FEATURE_ENTRY_SIZE) {
    const [kind, bit] = [table[at], table[at + 1]]
    if (kind !== INCOMPATIBLE || bit === undefined) continue
    const field = table.subarray(at + FEATURE_NAME_AT, at + FEATURE_ENTRY_SIZE)
    const end = field.indexOf(0)
    const name = new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
    if (name !== '') names.set(bit, name)
  }
}
