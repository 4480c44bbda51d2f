import { formatSize } from '../base/units'
import type { LayerInfo, Qcow2Info, SnapshotInfo } from '../model/image'

/** What `info --output=json` tells of a qcow2 image alone, with qemu-img's keys. */
export function qcow2Json({ allocatedBytes }: LayerInfo, qcow2: Qcow2Info): object {
  return {
    ...(qcow2.snapshots.length > 0 && { snapshots: qcow2.snapshots.map(snapshotJson) }),
    'format-specific': {
      type: 'qcow2',
      data: {
        compat: compatOf(qcow2),
        'compression-type': qcow2.compression,
        'lazy-refcounts': qcow2.lazyRefcounts,
        'refcount-bits': qcow2.refcountBits,
        corrupt: qcow2.corrupt,
        'extended-l2': qcow2.extendedL2,
        ...(qcow2.dataFile !== undefined && {
          'data-file': qcow2.dataFile.name,
          'data-file-raw': qcow2.dataFile.raw,
        }),
        'allocated-bytes': allocatedBytes,
      },
    },
  }
}

/** The same for people. */
export function qcow2Lines({ allocatedBytes }: LayerInfo, qcow2: Qcow2Info): string[] {
  const { dataFile, snapshots } = qcow2
  return [
    ...(qcow2.dirty ? ['not closed in order: true'] : []),
    ...snapshotLines(snapshots),
    'Format specific information:',
    `    compat: ${compatOf(qcow2)}`,
    `    compression type: ${qcow2.compression}`,
    `    lazy refcounts: ${String(qcow2.lazyRefcounts)}`,
    `    refcount bits: ${String(qcow2.refcountBits)}`,
    ...(dataFile === undefined
      ? []
      : [`    data file: ${dataFile.name}`, `    data file raw: ${String(dataFile.raw)}`]),
    `    corrupt: ${String(qcow2.corrupt)}`,
    `    extended l2: ${String(qcow2.extendedL2)}`,
    `    allocated: ${formatSize(allocatedBytes)}`,
  ]
}

/** QEMU's word for the version, by the release that brought it. */
function compatOf({ version }: Qcow2Info): string {
  return version === 2 ? '0.10' : '1.1'
}

function snapshotJson(snapshot: SnapshotInfo): object {
  const { id, name, takenAt, clockNanoseconds, stateSize, instructions } = snapshot
  return {
    id,
    name,
    'date-sec': Math.floor(takenAt / 1000),
    'date-nsec': snapshot.takenNanoseconds,
    'vm-clock-sec': Math.floor(clockNanoseconds / 1e9),
    'vm-clock-nsec': clockNanoseconds % 1e9,
    'vm-state-size': stateSize,
    ...(instructions !== undefined && { icount: instructions }),
  }
}

const COLUMNS = [8, 20, 10, 20] as const

function snapshotLines(snapshots: readonly SnapshotInfo[]): string[] {
  if (snapshots.length === 0) return []
  const rows = snapshots.map(({ id, name, stateSize, takenAt, clockNanoseconds }) =>
    row(id, name, formatSize(stateSize), localTime(takenAt), clockOf(clockNanoseconds)),
  )
  return ['Snapshot list:', row('ID', 'TAG', 'VM SIZE', 'DATE', 'VM CLOCK'), ...rows]
}

function row(...cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(COLUMNS[index] ?? 0))
    .join(' ')
    .trimEnd()
}

function localTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

function clockOf(nanoseconds: number): string {
  const milliseconds = Math.floor(nanoseconds / 1e6)
  const seconds = Math.floor(milliseconds / 1000)
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => two(part))
  return `${clock.join(':')}.${String(milliseconds % 1000).padStart(3, '0')}`
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}
