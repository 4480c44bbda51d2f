/*
 * A FAT16 file system in the first partition of a disk, as small as one can be: files in the root
 * directory only, each in one run of clusters whose start is given. Facts from "Microsoft FAT
 * Specification" (2005), section numbers in brackets. Little endian.
 *
 *   MBR | ... | boot sector, reserved | FAT | FAT | root directory | cluster 2, 3, ...
 *   0         PARTITION
 */

const SECTOR = 512
const PARTITION = 2048 * SECTOR
const RESERVED_SECTORS = 4
const FATS = 2
const ROOT_ENTRIES = 512
const ENTRY = 32
const SECTORS_PER_CLUSTER = 4
const CLUSTER = SECTORS_PER_CLUSTER * SECTOR

/** The first cluster that holds data: 0 and 1 are no clusters [3.3]. */
export const FIRST_CLUSTER = 2

const FIXED_DISK = 0xf8
const LAST_OF_FILE = 0xffff
const ARCHIVE = 0x20
const VOLUME_LABEL = 0x08
/** 1 January 2026, noon: the same sample on every machine [6.2]. */
const DATE = ((2026 - 1980) << 9) | (1 << 5) | 1
const TIME = 12 << 11

export interface SampleFile {
  /** At most eight characters, a dot, three characters; upper case. */
  readonly name: string
  readonly content: Uint8Array
  /** From FIRST_CLUSTER on; the file takes this one and those behind it. */
  readonly cluster: number
}

/** Bytes of a disk that are not all zero, from the offset on. */
export interface Run {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** All that must be written to an empty disk of `diskSize` bytes so that it holds these files. */
export function fatDisk(diskSize: number, label: string, files: readonly SampleFile[]): Run[] {
  const sectors = (diskSize - PARTITION) / SECTOR
  const fatSectors = sectorsOfFat(sectors)
  const fat = PARTITION + RESERVED_SECTORS * SECTOR
  const root = fat + FATS * fatSectors * SECTOR
  const data = root + ROOT_ENTRIES * ENTRY
  const table = allocationTable(files, fatSectors)
  return [
    { offset: 0, bytes: masterBootRecord(sectors) },
    { offset: PARTITION, bytes: bootSector(sectors, fatSectors, label) },
    { offset: fat, bytes: table },
    { offset: fat + table.length, bytes: table },
    { offset: root, bytes: rootDirectory(label, files) },
    ...files.map(({ content, cluster }) => ({
      offset: data + (cluster - FIRST_CLUSTER) * CLUSTER,
      bytes: wholeSectors(content),
    })),
  ]
}

/** The smallest table that has an entry for each cluster that is left beside it [3.5]. */
function sectorsOfFat(sectors: number): number {
  const rootSectors = (ROOT_ENTRIES * ENTRY) / SECTOR
  const free = sectors - RESERVED_SECTORS - rootSectors
  const perFatSector = (SECTOR / 2) * SECTORS_PER_CLUSTER + FATS
  return Math.ceil((free + FIRST_CLUSTER * SECTORS_PER_CLUSTER) / perFatSector)
}

function masterBootRecord(sectors: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR)
  const view = new DataView(bytes.buffer)
  view.setUint32(440, 0xadd_c0_01, true)
  // the addresses by cylinder say "too large for these fields", as usual today
  bytes.set([0x80, 0xfe, 0xff, 0xff, 0x0e, 0xfe, 0xff, 0xff], 446)
  view.setUint32(454, PARTITION / SECTOR, true)
  view.setUint32(458, sectors, true)
  view.setUint16(510, 0xaa55, true)
  return bytes
}

/** [3.1] and [3.2] */
function bootSector(sectors: number, fatSectors: number, label: string): Uint8Array {
  const bytes = new Uint8Array(SECTOR)
  const view = new DataView(bytes.buffer)
  // a jump to itself: nothing can be started from this disk
  bytes.set([0xeb, 0x3c, 0x90], 0)
  bytes.set([0xeb, 0xfe], 0x3e)
  setText(bytes, 3, 'ADD-COW ')
  view.setUint16(11, SECTOR, true)
  view.setUint8(13, SECTORS_PER_CLUSTER)
  view.setUint16(14, RESERVED_SECTORS, true)
  view.setUint8(16, FATS)
  view.setUint16(17, ROOT_ENTRIES, true)
  view.setUint8(21, FIXED_DISK)
  view.setUint16(22, fatSectors, true)
  view.setUint16(24, 63, true)
  view.setUint16(26, 255, true)
  view.setUint32(28, PARTITION / SECTOR, true)
  view.setUint32(32, sectors, true)
  view.setUint8(36, 0x80)
  view.setUint8(38, 0x29)
  view.setUint32(39, 0xadd_c0_02, true)
  setText(bytes, 43, label.padEnd(11))
  setText(bytes, 54, 'FAT16   ')
  view.setUint16(510, 0xaa55, true)
  return bytes
}

function allocationTable(files: readonly SampleFile[], fatSectors: number): Uint8Array {
  const bytes = new Uint8Array(fatSectors * SECTOR)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xff00 | FIXED_DISK, true)
  view.setUint16(2, LAST_OF_FILE, true)
  for (const { name, content, cluster } of files) {
    const end = cluster + Math.ceil(content.length / CLUSTER)
    for (let at = cluster; at < end; at += 1) {
      if (view.getUint16(at * 2, true) !== 0) throw new Error(`${name} lies on another file`)
      view.setUint16(at * 2, at + 1 < end ? at + 1 : LAST_OF_FILE, true)
    }
  }
  return bytes
}

/** [6] */
function rootDirectory(label: string, files: readonly SampleFile[]): Uint8Array {
  const bytes = new Uint8Array(ROOT_ENTRIES * ENTRY)
  setEntry(bytes, 0, label.padEnd(11), VOLUME_LABEL, 0, 0)
  for (const [index, { name, content, cluster }] of files.entries()) {
    const [stem = '', extension = ''] = name.split('.')
    const padded = stem.padEnd(8) + extension.padEnd(3)
    setEntry(bytes, index + 1, padded, ARCHIVE, cluster, content.length)
  }
  return bytes
}

function setEntry(
  directory: Uint8Array,
  index: number,
  name: string,
  attributes: number,
  cluster: number,
  size: number,
): void {
  const at = index * ENTRY
  const view = new DataView(directory.buffer)
  setText(directory, at, name)
  view.setUint8(at + 11, attributes)
  view.setUint16(at + 22, TIME, true)
  view.setUint16(at + 24, DATE, true)
  view.setUint16(at + 26, cluster, true)
  view.setUint32(at + 28, size, true)
}

function setText(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), at)
}

function wholeSectors(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(content.length / SECTOR) * SECTOR)
  bytes.set(content)
  return bytes
}
