import type { EngineError } from '../../base/errors'
import { alignUp, KIB, MIB } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { SnapshotInfo } from '../../model/image'
import { corrupt } from '../names'
import type { TablePlace } from './header'
import { readOffset } from './numbers'

/** As in QEMU. */
const MAX_SNAPSHOTS = 65536
const MAX_TABLE_BYTES = 64 * MIB

const FIXED_SIZE = 40
const ID_LENGTH_AT = 12
const NAME_LENGTH_AT = 14
const SECONDS_AT = 16
const NANOSECONDS_AT = 20
const CLOCK_AT = 24
const STATE_SIZE_AT = 32
const EXTRA_LENGTH_AT = 36
/** Within the extra data, where there is so much of it. */
const LARGE_STATE_SIZE_AT = 0
const DISK_SIZE_AT = 8
const INSTRUCTIONS_AT = 16
const NOT_COUNTED = -1n
const MAX_EXTRA = 1024
/** More than the longest entry takes: two texts of 65535 bytes. */
const WINDOW_SIZE = 256 * KIB

/**
 * The internal snapshots, oldest first. `format/corrupt` where the table passes the end of the
 * file, or is larger than one may be.
 */
export async function readSnapshots(
  file: HostFile,
  length: number,
  { offset, count }: TablePlace,
  path: string,
): Promise<{ readonly snapshots: readonly SnapshotInfo[]; readonly tableLength: number }> {
  const snapshots: SnapshotInfo[] = []
  if (count > MAX_SNAPSHOTS) throw corrupt(path, `it has ${String(count)} snapshots`, { count })
  const reader = new WindowReader(file)
  let at = offset
  for (let index = 0; index < count; index += 1) {
    if (at + FIXED_SIZE > length) throw cutOff(path, offset, index)
    const fixed = await reader.read(at, FIXED_SIZE)
    const lengths = {
      extra: fixed.getUint32(EXTRA_LENGTH_AT),
      id: fixed.getUint16(ID_LENGTH_AT),
      name: fixed.getUint16(NAME_LENGTH_AT),
    }
    const used = FIXED_SIZE + lengths.extra + lengths.id + lengths.name
    const passesEnd = at + used > length || at + used - offset > MAX_TABLE_BYTES
    if (lengths.extra > MAX_EXTRA || passesEnd) throw cutOff(path, offset, index)
    snapshots.push(decodeSnapshot(await reader.read(at, used), lengths))
    at += alignUp(used, 8)
  }
  return { snapshots, tableLength: at - offset }
}

function cutOff(path: string, offset: number, snapshot: number): EngineError {
  const found = `its table of snapshots at ${String(offset)} does not end where it should`
  return corrupt(path, found, { offset, snapshot })
}

function decodeSnapshot(
  entry: DataView,
  lengths: { readonly extra: number; readonly id: number; readonly name: number },
): SnapshotInfo {
  const texts = FIXED_SIZE + lengths.extra
  const nanoseconds = entry.getUint32(NANOSECONDS_AT)
  const snapshot = {
    id: textOf(entry, texts, lengths.id),
    name: textOf(entry, texts + lengths.id, lengths.name),
    takenAt: entry.getUint32(SECONDS_AT) * 1000 + Math.floor(nanoseconds / 1e6),
    takenNanoseconds: nanoseconds,
    clockNanoseconds: readOffset(entry, CLOCK_AT),
    stateSize:
      lengths.extra >= LARGE_STATE_SIZE_AT + 8
        ? readOffset(entry, FIXED_SIZE + LARGE_STATE_SIZE_AT)
        : entry.getUint32(STATE_SIZE_AT),
  }
  if (lengths.extra < DISK_SIZE_AT + 8) return snapshot
  const virtualSize = readOffset(entry, FIXED_SIZE + DISK_SIZE_AT)
  const counted = lengths.extra >= INSTRUCTIONS_AT + 8
  const at = FIXED_SIZE + INSTRUCTIONS_AT
  if (!counted || entry.getBigInt64(at) === NOT_COUNTED) return { ...snapshot, virtualSize }
  return { ...snapshot, virtualSize, instructions: readOffset(entry, at) }
}

/** Names are for showing: what is no UTF-8 is shown by replacement characters. */
function textOf(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length))
}

/** Reads small parts, one behind the other, by larger ones. */
class WindowReader {
  private window = new Uint8Array(0)
  private start = 0

  constructor(private readonly file: HostFile) {}

  async read(offset: number, length: number): Promise<DataView> {
    if (offset < this.start || offset + length > this.start + this.window.length) {
      this.window = new Uint8Array(WINDOW_SIZE)
      this.start = offset
      await this.file.read(this.window, offset)
    }
    return new DataView(this.window.buffer, offset - this.start, length)
  }
}
