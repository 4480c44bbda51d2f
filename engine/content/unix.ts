import type { FileSystem } from '../model/content'
import { type Detector, found } from './found'
import type { Block } from './region'

const EXT_COMPAT_JOURNAL = 0x4
const EXT_INCOMPAT_JOURNAL_DEVICE = 0x8
/** Extents, 64 bit, flexible groups and the like: what only ext4 has. */
const EXT4_INCOMPAT = ~0x17
const EXT4_RO_COMPAT = ~0x7
const EXT_INCOMPAT_64BIT = 0x80

/** ext2, ext3, ext4: the superblock lies 1024 bytes in (kernel: fs/ext4/ext4.h). */
export const detectExt: Detector = async (region) => {
  const block = await region.block(1024, 1024)
  if (block?.u16(56) !== 0xef53) return undefined
  const shift = block.u32(24)
  const incompat = block.u32(96)
  if (shift > 6 || (incompat & EXT_INCOMPAT_JOURNAL_DEVICE) !== 0) return undefined
  const wide = (incompat & EXT_INCOMPAT_64BIT) !== 0
  const blockSize = 1024 * 2 ** shift
  const blocks = block.u32(4) + (wide ? block.u32(336) * 2 ** 32 : 0)
  const free = block.u32(12) + (wide ? block.u32(344) * 2 ** 32 : 0)
  return found(extVersion(block, incompat), {
    label: block.text(120, 16),
    uuid: block.uuid(104),
    size: blocks * blockSize,
    used: (blocks - free) * blockSize,
  })
}

function extVersion(block: Block, incompat: number): 'ext2' | 'ext3' | 'ext4' {
  const onlyFour = (incompat & EXT4_INCOMPAT) !== 0 || (block.u32(100) & EXT4_RO_COMPAT) !== 0
  if (onlyFour) return 'ext4'
  return (block.u32(92) & EXT_COMPAT_JOURNAL) === 0 ? 'ext2' : 'ext3'
}

/** XFS: big-endian, at the very start (kernel: fs/xfs/libxfs/xfs_format.h). */
export const detectXfs: Detector = async (region) => {
  const block = await region.block(0, 512)
  if (block?.has(0, 'XFSB') !== true) return undefined
  const blockSize = block.u32be(4)
  const blocks = block.u64be(8)
  return found('xfs', {
    label: block.text(108, 12),
    uuid: block.uuid(32),
    size: blocks * blockSize,
    used: (blocks - block.u64be(144)) * blockSize,
  })
}

/** Btrfs: 64 KiB in. Sizes are those of all its devices together. */
export const detectBtrfs: Detector = async (region) => {
  const block = await region.block(65_536, 1024)
  if (block?.has(64, '_BHRfS_M') !== true) return undefined
  const size = block.u64(112)
  return found('btrfs', {
    label: block.text(299, 256),
    uuid: block.uuid(32),
    size,
    used: block.u64(120),
  })
}

/** Linux swap space; its mark stands at the end of the first page, of 4 KiB to 64 KiB. */
export const detectSwap: Detector = async (region) => {
  for (const page of [4096, 8192, 16_384, 65_536]) {
    const mark = await region.block(page - 10, 10)
    if (mark?.has(0, 'SWAPSPACE2') !== true) continue
    const block = await region.block(1024, 512)
    if (block === undefined) return undefined
    const size = (block.u32(4) + 1) * page
    return found('swap', { label: block.text(28, 16), uuid: block.uuid(12), size })
  }
  return undefined
}

/** An encrypted volume, of version 1 or 2 (cryptsetup: LUKS on-disk format). */
export const detectLuks: Detector = async (region) => {
  const block = await region.block(0, 512)
  if (block?.has(0, 'LUKS\xba\xbe') !== true) return undefined
  const version = block.u8(6) * 256 + block.u8(7)
  const label = version === 2 ? block.text(24, 48) : ''
  return found('luks', { label, uuid: block.text(168, 40) })
}

const LVM_LABEL_SECTORS = 4
/** Of the text of the metadata, as much as the name at its start needs. */
const LVM_TEXT = 512

/** A physical volume of LVM2; the label is the name of the volume group, where it is in one. */
export const detectLvm: Detector = async (region) => {
  for (let sector = 0; sector < LVM_LABEL_SECTORS; sector += 1) {
    const block = await region.block(sector * 512, 512)
    if (block?.has(0, 'LABELONE') !== true || !block.has(24, 'LVM2 001')) continue
    return await readPhysicalVolume(region, block)
  }
  return undefined
}

async function readPhysicalVolume(
  region: Parameters<Detector>[0],
  block: Block,
): Promise<FileSystem | undefined> {
  const header = block.u32(20)
  if (header + 40 > block.length) return undefined
  const id = block.ascii(header, 32)
  if (!/^[0-9A-Za-z]{32}$/.test(id)) return undefined
  const uuid = [0, 6, 10, 14, 18, 22, 26].map((at, n, all) => id.slice(at, all[n + 1])).join('-')
  const label = await volumeGroup(region, metadataArea(block, header + 40))
  return found('lvm', { label, uuid, size: block.u64(header + 32) })
}

/** Where the metadata lies: behind the list of data areas, both ended by an empty entry. */
function metadataArea(block: Block, lists: number): number | undefined {
  for (let at = lists; at + 32 <= block.length; at += 16) {
    if (block.u64(at) !== 0 || block.u64(at + 8) !== 0) continue
    const offset = block.u64(at + 16)
    return offset === 0 ? undefined : offset
  }
  return undefined
}

async function volumeGroup(
  region: Parameters<Detector>[0],
  area: number | undefined,
): Promise<string> {
  if (area === undefined) return ''
  const header = await region.block(area, 512)
  if (header?.has(4, ' LVM2 x[5A%r0N*>') !== true) return ''
  const offset = header.u64(40)
  if (offset === 0) return ''
  const text = await region.block(area + offset, LVM_TEXT)
  return /^([A-Za-z0-9+_.-]{1,127}) \{/.exec(text?.ascii(0, LVM_TEXT) ?? '')?.[1] ?? ''
}
