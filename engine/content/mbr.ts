import type { Partition, PartitionTable, TableProblem } from '../model/content'
import { MBR_TYPES } from './partition-types'
import type { Block, Region } from './region'

const SECTOR = 512
const ENTRIES = 446
const ENTRY_SIZE = 16
const SIGNATURE = 0xaa55
const EXTENDED: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85])
export const PROTECTIVE_TYPE = 0xee

/** Logical partitions that are followed at most: Linux names no more. */
const MAX_LOGICAL = 128

interface Entry {
  readonly type: number
  /** Bytes from what the entry counts from. */
  readonly offset: number
  readonly length: number
}

/** The first sector's table where it is one: a boot sector of a file system looks much like it. */
export async function readMbr(region: Region): Promise<Block | undefined> {
  const block = await region.block(0, SECTOR)
  if (block?.u16(510) !== SIGNATURE) return undefined
  const used = entriesOf(block).filter(({ type }) => type !== 0)
  const sound = [0, 1, 2, 3].every((n) => {
    const status = block.u8(ENTRIES + n * ENTRY_SIZE)
    return status === 0 || status === 0x80
  })
  const placed = used.every(({ offset, length }) => offset > 0 && length > 0)
  return sound && used.length > 0 && placed ? block : undefined
}

/** Whether the table only says that there is a GPT. */
export function isProtective(block: Block): boolean {
  return entriesOf(block).some(({ type }) => type === PROTECTIVE_TYPE)
}

/** The partitions of an MBR, the logical ones in its extended partition included. */
export async function mbrTable(region: Region, block: Block): Promise<PartitionTable> {
  const id = block.u32(440).toString(16).padStart(8, '0')
  const partitions: Partition[] = []
  const problems = new Set<TableProblem>()
  for (const [index, entry] of entriesOf(block).entries()) {
    if (entry.type === 0) continue
    if (EXTENDED.has(entry.type)) {
      if (!(await readLogical(region, entry, id, partitions))) problems.add('bad-chain')
    } else {
      partitions.push(partition(entry, 0, index + 1, id))
    }
  }
  partitions.sort((a, b) => a.number - b.number)
  if (partitions.some((p) => p.offset + p.length > region.size)) problems.add('outside-of-disk')
  return { type: 'mbr', id, partitions, problems: [...problems] }
}

/**
 * Follows the chain of an extended partition: each link has one partition, counted from the link,
 * and the next link, counted from the start of the chain. False where it loops or leads outside.
 */
async function readLogical(
  region: Region,
  extended: Entry,
  id: string,
  partitions: Partition[],
): Promise<boolean> {
  const seen = new Set<number>()
  for (let link = extended.offset; ;) {
    const block = await region.block(link, SECTOR)
    if (block?.u16(510) !== SIGNATURE || seen.has(link)) return false
    if (seen.size >= MAX_LOGICAL) return false
    seen.add(link)
    const [first, next] = entriesOf(block)
    if (first !== undefined && first.type !== 0 && !EXTENDED.has(first.type)) {
      partitions.push(partition(first, link, 4 + seen.size, id))
    }
    if (next === undefined || !EXTENDED.has(next.type)) return true
    link = extended.offset + next.offset
  }
}

function entriesOf(block: Block): readonly Entry[] {
  return [0, 1, 2, 3].map((n) => {
    const at = ENTRIES + n * ENTRY_SIZE
    const offset = block.u32(at + 8) * SECTOR
    return { type: block.u8(at + 4), offset, length: block.u32(at + 12) * SECTOR }
  })
}

function partition(entry: Entry, start: number, number: number, diskId: string): Partition {
  const typeName = MBR_TYPES.get(entry.type)
  return {
    number,
    offset: start + entry.offset,
    length: entry.length,
    typeId: entry.type.toString(16).padStart(2, '0'),
    ...(typeName !== undefined && { typeName }),
    // as Linux names a partition that has no UUID of its own
    uuid: `${diskId}-${number.toString(16).padStart(2, '0')}`,
  }
}
