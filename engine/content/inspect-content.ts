import type { Readable } from '../format/layer'
import type { DiskContent, FileSystem, Partition, PartitionTable } from '../model/content'
import type { Detector } from './found'
import { gptTable } from './gpt'
import { detectIso9660 } from './iso9660'
import { isProtective, mbrTable, readMbr } from './mbr'
import { Region } from './region'
import { detectBtrfs, detectExt, detectLuks, detectLvm, detectSwap, detectXfs } from './unix'
import { detectExfat, detectFat, detectNtfs } from './windows'

/**
 * In this order: what encrypts or divides a volume before what may be left over in it, and FAT
 * last, whose mark says least.
 */
const DETECTORS: readonly Detector[] = [
  detectLuks,
  detectLvm,
  detectXfs,
  detectBtrfs,
  detectExt,
  detectNtfs,
  detectExfat,
  detectSwap,
  detectIso9660,
  detectFat,
]

/**
 * What is inside of a disk: its partition table and file systems, told by their superblocks. Reads
 * a few blocks each, at most some hundred KiB of a partition; what they hold is the guest's, so it
 * is taken for what it says and trusted in nothing. Errors: those of reading.
 */
export async function inspectContent(disk: Pick<Readable, 'read' | 'size'>): Promise<DiskContent> {
  const whole = new Region(disk, 0, disk.size)
  const mbr = await readMbr(whole)
  if (mbr !== undefined) {
    const gpt = isProtective(mbr) ? await gptTable(whole) : undefined
    const table = gpt ?? (await mbrTable(whole, mbr))
    // A hybrid disc is an ISO file system with a table for sticks over it.
    const disc = await detectIso9660(whole)
    return { table: await withFileSystems(disk, table), ...(disc && { fileSystem: disc }) }
  }
  const fileSystem = await detect(whole)
  if (fileSystem !== undefined) return { fileSystem }
  // A table whose protective MBR was lost is one still.
  const gpt = await gptTable(whole)
  return gpt === undefined ? {} : { table: await withFileSystems(disk, gpt) }
}

async function detect(region: Region): Promise<FileSystem | undefined> {
  for (const detector of DETECTORS) {
    const fileSystem = await detector(region)
    if (fileSystem !== undefined) return fileSystem
  }
  return undefined
}

async function withFileSystems(
  disk: Pick<Readable, 'read' | 'size'>,
  table: PartitionTable,
): Promise<PartitionTable> {
  const partitions: Partition[] = []
  for (const partition of table.partitions) {
    const { offset, length } = partition
    const size = Math.min(length, disk.size - offset)
    const fileSystem = size > 0 ? await detect(new Region(disk, offset, size)) : undefined
    partitions.push(fileSystem === undefined ? partition : { ...partition, fileSystem })
  }
  return { ...table, partitions }
}
