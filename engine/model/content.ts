/** File systems and other signatures that are told by their superblock. */
export const CONTENT_TYPES = [
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'fat12',
  'fat16',
  'fat32',
  'exfat',
  'ntfs',
  'iso9660',
  'swap',
  'lvm',
  'luks',
] as const

export type ContentType = (typeof CONTENT_TYPES)[number]

/**
 * What a superblock says of itself. It is the guest's word: a file system that is in use, or was
 * not ended cleanly, may have changed since.
 */
export interface FileSystem {
  readonly type: ContentType
  /** Its label; the name of the volume group for `lvm`. Absent where it has none. */
  readonly label?: string
  /** As the tools of that file system write it. */
  readonly uuid?: string
  /** Bytes that it covers. */
  readonly size?: number
  /** Bytes in use; absent where the superblock does not tell. */
  readonly used?: number
}

/** A partition. Bytes from the start of the disk. */
export interface Partition {
  /** As the operating systems count: from 1; logical ones of an MBR from 5. */
  readonly number: number
  readonly offset: number
  readonly length: number
  /** The type as stored: two hexadecimal digits of an MBR, or a GUID. */
  readonly typeId: string
  /** What that type is called; absent where it is not known. */
  readonly typeName?: string
  /** Only of a GPT. */
  readonly name?: string
  readonly uuid?: string
  readonly fileSystem?: FileSystem
}

/** What is wrong with a partition table. */
export type TableProblem = 'primary-damaged' | 'both-damaged' | 'outside-of-disk' | 'bad-chain'

export interface PartitionTable {
  readonly type: 'mbr' | 'gpt'
  /** Eight hexadecimal digits of an MBR, or a GUID. */
  readonly id: string
  /** In the order of the table. */
  readonly partitions: readonly Partition[]
  readonly problems: readonly TableProblem[]
}

/** What is inside of a disk, as far as it can be told by looking at a few of its blocks. */
export interface DiskContent {
  readonly table?: PartitionTable
  /** A file system that covers the disk without a partition table. */
  readonly fileSystem?: FileSystem
}
