import type { ContentType } from '../model/content'
import { type Detector, found } from './found'
import type { Block, Region } from './region'

/** The largest FAT whose entries are counted: that of a FAT16 of the most clusters. */
const FAT16_MAX_BYTES = 65_525 * 2

/** FAT12, FAT16 and FAT32 (Microsoft: FAT32 File System Specification, 2000). */
export const detectFat: Detector = async (region) => {
  const block = await region.block(0, 512)
  if (block === undefined || !isBootSector(block)) return undefined
  const geometry = fatGeometry(block)
  if (geometry === undefined) return undefined
  const { type, clusters, clusterBytes, size } = geometry
  const extended = type === 'fat32' ? 64 : 36
  if (block.u8(extended + 2) !== 0x29) return undefined
  const free = await freeClusters(region, block, geometry)
  const label = block.text(extended + 7, 11)
  return found(type, {
    label: label === 'NO NAME' ? '' : label,
    uuid: serial(block, extended + 3),
    size,
    ...(free !== undefined && free <= clusters && { used: size - free * clusterBytes }),
  })
}

interface FatGeometry {
  readonly type: ContentType & `fat${string}`
  readonly clusters: number
  readonly clusterBytes: number
  readonly fatOffset: number
  readonly size: number
}

function isBootSector(block: Block): boolean {
  return block.u16(510) === 0xaa55 && (block.u8(0) === 0xeb || block.u8(0) === 0xe9)
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}

function fatGeometry(block: Block): FatGeometry | undefined {
  const sectorBytes = block.u16(11)
  const clusterSectors = block.u8(13)
  const reserved = block.u16(14)
  const fats = block.u8(16)
  const fatSectors = block.u16(22) || block.u32(36)
  const sectors = block.u16(19) || block.u32(32)
  if (!isPowerOfTwo(sectorBytes) || sectorBytes < 512 || sectorBytes > 4096) return undefined
  if (!isPowerOfTwo(clusterSectors) || reserved === 0 || fats === 0 || fats > 2) return undefined
  const rootSectors = Math.ceil((block.u16(17) * 32) / sectorBytes)
  const data = sectors - reserved - fats * fatSectors - rootSectors
  const clusters = Math.floor(data / clusterSectors)
  if (clusters <= 0) return undefined
  // The number of clusters alone decides which of the three it is, and the 16-bit field is 0 in one
  const type = block.u16(22) === 0 ? 'fat32' : clusters < 4085 ? 'fat12' : 'fat16'
  const clusterBytes = clusterSectors * sectorBytes
  const fatOffset = reserved * sectorBytes
  return { type, clusters, clusterBytes, fatOffset, size: sectors * sectorBytes }
}

async function freeClusters(
  region: Region,
  block: Block,
  { type, clusters, fatOffset }: FatGeometry,
): Promise<number | undefined> {
  if (type === 'fat32') {
    const info = await region.block(block.u16(48) * block.u16(11), 512)
    if (info?.has(0, 'RRaA') !== true || !info.has(484, 'rrAa')) return undefined
    return info.u32(488)
  }
  const bytes = Math.ceil(((clusters + 2) * (type === 'fat12' ? 12 : 16)) / 8)
  if (bytes > FAT16_MAX_BYTES + 4) return undefined
  const fat = await region.block(fatOffset, bytes + 1)
  if (fat === undefined) return undefined
  let free = 0
  for (let n = 2; n < clusters + 2; n += 1) {
    const entry = type === 'fat16' ? fat.u16(2 * n) : fat12Entry(fat, n)
    if (entry === 0) free += 1
  }
  return free
}

function fat12Entry(fat: Block, n: number): number {
  const pair = fat.u16(n + Math.floor(n / 2))
  return n % 2 === 0 ? pair & 0xfff : pair >> 4
}

/** A volume's serial number as Windows writes it: `1234-ABCD`. */
function serial(block: Block, at: number): string {
  const hex = block.u32(at).toString(16).toUpperCase().padStart(8, '0')
  return `${hex.slice(0, 4)}-${hex.slice(4)}`
}

const EXFAT_LABEL_ENTRY = 0x83
const EXFAT_PERCENT_UNKNOWN = 0xff

/** exFAT (Microsoft: exFAT file system specification). */
export const detectExfat: Detector = async (region) => {
  const block = await region.block(0, 512)
  if (block?.has(3, 'EXFAT   ') !== true) return undefined
  const sectorShift = block.u8(108)
  const clusterShift = sectorShift + block.u8(109)
  if (sectorShift < 9 || sectorShift > 12 || clusterShift > 25) return undefined
  const size = block.u64(72) * 2 ** sectorShift
  const percent = block.u8(112)
  const clusterBytes = block.u32(92) * 2 ** clusterShift
  const root = block.u32(88) * 2 ** sectorShift + (block.u32(96) - 2) * 2 ** clusterShift
  return found('exfat', {
    label: await exfatLabel(region, root),
    uuid: serial(block, 100),
    size,
    ...(percent !== EXFAT_PERCENT_UNKNOWN && { used: Math.round((clusterBytes * percent) / 100) }),
  })
}

/** The label stands in the root directory, most often in its first entry. */
async function exfatLabel(region: Region, root: number): Promise<string> {
  const entries = await region.block(root, 512)
  for (let at = 0; entries !== undefined && at < entries.length; at += 32) {
    if (entries.u8(at) !== EXFAT_LABEL_ENTRY) continue
    return entries.utf16(at + 2, Math.min(11, entries.u8(at + 1)) * 2)
  }
  return ''
}

const NTFS_VOLUME_RECORD = 3
const NTFS_NAME_ATTRIBUTE = 0x60
const NTFS_END = 0xffffffff

/** NTFS. Its label stands in the fourth record of the master file table. */
export const detectNtfs: Detector = async (region) => {
  const block = await region.block(0, 512)
  if (block?.has(3, 'NTFS    ') !== true) return undefined
  const sectorBytes = block.u16(11)
  const clusterBytes = sectorBytes * ntfsUnits(block.u8(13))
  if (!isPowerOfTwo(sectorBytes) || clusterBytes <= 0 || clusterBytes > 2 ** 21) return undefined
  const stored = block.u8(64)
  const recordBytes = stored < 0x80 ? stored * clusterBytes : 2 ** (0x100 - stored)
  const table = block.u64(48) * clusterBytes
  return found('ntfs', {
    label: await ntfsLabel(region, table, recordBytes),
    uuid: block.u64Hex(72),
    size: block.u64(40) * sectorBytes,
  })
}

/** Sectors of a cluster: as they are, or, above 0x80, as a power of two. */
function ntfsUnits(stored: number): number {
  return stored <= 0x80 ? stored : 2 ** (0x100 - stored)
}

async function ntfsLabel(region: Region, table: number, recordBytes: number): Promise<string> {
  if (recordBytes < 512 || recordBytes > 4096) return ''
  const record = await region.block(table + NTFS_VOLUME_RECORD * recordBytes, recordBytes)
  if (record?.has(0, 'FILE') !== true) return ''
  for (let at = record.u16(20); at + 24 <= record.length;) {
    const type = record.u32(at)
    const length = record.u32(at + 4)
    if (type === NTFS_END || length < 24 || at + length > record.length) return ''
    if (type === NTFS_NAME_ATTRIBUTE && record.u8(at + 8) === 0) {
      const start = at + record.u16(at + 20)
      const end = start + record.u32(at + 16)
      // The last two bytes of each sector are not what they seem: such a name is left alone.
      if (end > Math.min(record.length, 510)) return ''
      return record.utf16(start, end - start)
    }
    at += length
  }
  return ''
}
