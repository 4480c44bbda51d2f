import { alignUp, MIB } from '../../base/units'
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
const MAX_EXTRA = 1024

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
  let at = offset
  for (let index = 0; index < count; index += 1) {
    const fixed = await readPart(file, at, FIXED_SIZE)
    const idLength = fixed.getUint16(ID_LENGTH_AT)
    const nameLength = fixed.getUint16(NAME_LENGTH_AT)
    const extraLength = fixed.getUint32(EXTRA_LENGTH_AT)
    const end = at + alignUp(FIXED_SIZE + extraLength + idLength + nameLength, 8)
    if (
      extraLength > MAX_EXTRA ||
      alignDownToText(end) > length ||
      end - offset > MAX_TABLE_BYTES
    ) {
      const found = `its table of snapshots at ${String(offset)} does not end where it should`
      throw corrupt(path, found, { offset, snapshot: index })
    }
    const extra = await readPart(file, at + FIXED_SIZE, extraLength)
    const texts = await readPart(file, at + FIXED_SIZE + extraLength, idLength + nameLength)
    snapshots.push({
      id: textOf(texts, 0, idLength),
      name: textOf(texts, idLength, nameLength),
      takenAt: fixed.getUint32(SECONDS_AT) * 1000 + fixed.getUint32(NANOSECONDS_AT) / 1e6,
      clockNanoseconds: readOffset(fixed, CLOCK_AT),
      stateSize:
        extraLength >= DISK_SIZE_AT
          ? readOffset(extra, LARGE_STATE_SIZE_AT)
          : fixed.getUint32(STATE_SIZE_AT),
      ...(extraLength >= DISK_SIZE_AT + 8 && { virtualSize: readOffset(extra, DISK_SIZE_AT) }),
    })
    at = end
  }
  return { snapshots, tableLength: at - offset }
}

/** The last entry's padding may not be there. */
function alignDownToText(end: number): number {
  return end - 7
}

async function readPart(file: HostFile, offset: number, length: number): Promise<DataView> {
  const bytes = new Uint8Array(length)
  await file.read(bytes, offset)
  return new DataView(bytes.buffer)
}

/** Names are for showing: what is no UTF-8 is shown by replacement characters. */
function textOf(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, at, length))
}
