import { crc32 } from 'node:zlib'
import type { Partition, PartitionTable, TableProblem } from '../model/content'
import { GPT_TYPES } from './partition-types'
import { Block, type Region } from './region'

/** Disks of 4096-byte sectors have their header in the second one of those. */
const SECTOR_SIZES = [512, 4096] as const
const MAGIC = 'EFI PART'
const HEADER_SIZE = 92
const UNUSED = '00000000-0000-0000-0000-000000000000'

/** What is read of a table at most; 128 entries of 128 bytes are the rule. */
const MAX_ENTRIES = 1024
const MAX_ENTRY_SIZE = 4096

/** The GPT of a disk (UEFI specification, chapter 5.3); the one at its end where need be. */
export async function gptTable(region: Region): Promise<PartitionTable | undefined> {
  for (const sector of SECTOR_SIZES) {
    const primary = await readTable(region, sector, sector)
    if (typeof primary === 'object') return primary
    const backup = await readTable(region, region.size - sector, sector)
    if (typeof backup === 'object') {
      return { ...backup, problems: ['primary-damaged', ...backup.problems] }
    }
    if (primary === 'damaged' || backup === 'damaged') {
      return { type: 'gpt', id: '', partitions: [], problems: ['both-damaged'] }
    }
  }
  return undefined
}

async function readTable(
  region: Region,
  offset: number,
  sector: number,
): Promise<PartitionTable | 'damaged' | undefined> {
  const header = await region.block(offset, 512)
  if (header?.has(0, MAGIC) !== true) return undefined
  const length = header.u32(12)
  if (length < HEADER_SIZE || length > header.length) return 'damaged'
  const copy = new Block(header.bytes.slice(0, length))
  copy.bytes.fill(0, 16, 20)
  if (crc32(copy.bytes) !== header.u32(16)) return 'damaged'
  const count = header.u32(80)
  const size = header.u32(84)
  if (count > MAX_ENTRIES || size < 128 || size > MAX_ENTRY_SIZE) return 'damaged'
  const entries = await region.block(header.u64(72) * sector, count * size)
  if (entries === undefined || crc32(entries.bytes) !== header.u32(88)) return 'damaged'
  const partitions = readEntries(entries, { count, size, sector })
  const outside = partitions.some((p) => p.offset + p.length > region.size)
  const problems: readonly TableProblem[] = outside ? ['outside-of-disk'] : []
  return { type: 'gpt', id: header.guid(56), partitions, problems }
}

function readEntries(
  entries: Block,
  { count, size, sector }: { count: number; size: number; sector: number },
): readonly Partition[] {
  const partitions: Partition[] = []
  for (let index = 0; index < count; index += 1) {
    const at = index * size
    const typeId = entries.guid(at)
    const first = entries.u64(at + 32)
    const last = entries.u64(at + 40)
    if (typeId === UNUSED || last < first) continue
    const typeName = GPT_TYPES.get(typeId)
    const name = entries.utf16(at + 56, 72)
    partitions.push({
      number: index + 1,
      offset: first * sector,
      length: (last - first + 1) * sector,
      typeId,
      ...(typeName !== undefined && { typeName }),
      ...(name !== '' && { name }),
      uuid: entries.guid(at + 16),
    })
  }
  return partitions
}
