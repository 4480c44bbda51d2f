import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { alignDown, KIB, MIB } from '../../base/units'
import { type Page, PAGE_SIZE, PageCache } from '../../cache/page-cache'
import type { DataRun, HostFile } from '../../host/host'

/* Numbers are little endian. Sections are those of MS-VHDX. */

/** 2.2.3: the region table that QEMU reads, too; its entries, and their fields. */
const REGIONS = { offset: 192 * KIB, firstEntry: 16, entrySize: 32, maxCount: 2047 }
const REGION_FIELDS = { offset: 16, length: 24 }
const BAT_REGION = '6677c22d23f600429d64115e9bfd4a08'
const METADATA_REGION = '06a27c8b90479a4bb8fe575f050f886e'
/** 2.6.1: the table of metadata items. */
const METADATA = { countAt: 10, firstEntry: 32, entrySize: 32, maxCount: 2047, length: 64 * KIB }
const ITEM_FIELDS = { offset: 16, length: 20 }
const FILE_PARAMETERS = '3767a1ca36fa434db3b633f0aa44e76b'
const VIRTUAL_SIZE = '2442a52f1bcd7648b2115dbed83bf4b8'
const SECTOR_SIZE_ITEM = '1dbf41816fa90947ba47f233a8faab5f'
const HAS_PARENT = 2

/** 2.5: one entry a block, and one for a bitmap behind those of each chunk. */
const ENTRY_SIZE = 8
const CHUNK_SECTORS = 2 ** 23
const STATE_MASK = 7
/** 2.5.1.1: those that are neither there whole, nor in parts, nor reserved; QEMU reads zeros. */
const ZERO_STATES: readonly number[] = [0, 1, 2, 3, 5]
const WHOLE = 6
const WORD = 0x1_0000_0000

interface Layout {
  readonly batOffset: number
  /** Bytes. */
  readonly blockSize: number
  /** Blocks whose entries stand between those of two bitmaps. */
  readonly chunkRatio: number
}

/**
 * Which blocks of a VHDX image hold data, by its table of blocks: QEMU, which reads what is in
 * them, does not tell. Pages of the table are kept in a bounded cache.
 */
export class VhdxBlocks {
  private readonly pages: PageCache

  private constructor(
    private readonly file: HostFile,
    private readonly layout: Layout,
    /** Of the disk and of the file, in bytes. */
    private readonly size: number,
    private readonly length: number,
  ) {
    const barrier = (): Promise<void> => Promise.resolve()
    const fileOffset = layout.batOffset
    this.pages = new PageCache(file, { fileOffset, length: length - fileOffset, barrier })
  }

  /**
   * For an image that QEMU has opened, and taken for a disk of `size` bytes: so nothing is left in
   * its log. Undefined where the tables do not tell the same, or more than QEMU wants to know of
   * them: then all of it counts as data.
   */
  static async open(file: HostFile, size: number): Promise<VhdxBlocks | undefined> {
    const { size: length } = await file.stat()
    const layout = await readLayout(file, size, length)
    return layout && new VhdxBlocks(file, layout, size, length)
  }

  /** The run of the disk that starts at an offset within it, as dataAt of HostFile. */
  dataAt(offset: number): MaybePromise<DataRun> {
    const block = Math.floor(offset / this.layout.blockSize)
    const index = Math.floor(this.entryPlace(block) / PAGE_SIZE)
    return andThen(
      this.pages.use(index, (page) => this.runOf(page, block)),
      ({ place, end }) => {
        if (place === undefined) return { data: false, end }
        const at = place + (offset % this.layout.blockSize)
        // a block that was not written all over has holes in the file
        return andThen(this.hostRun(at), (run) => ({
          data: run.data,
          end: Math.min(end, offset + run.end - at),
        }))
      },
    )
  }

  private hostRun(at: number): MaybePromise<DataRun> {
    return at < this.length ? this.file.dataAt(at) : { data: true, end: Infinity }
  }

  /**
   * Where the block lies in the file, or, with `place` undefined, the blocks from it on that read
   * as zero, as far as one page tells. `end` on the disk, exclusive.
   */
  private runOf(page: Page, block: number): { readonly place: number | undefined; end: number } {
    const { blockSize } = this.layout
    const pageEnd = (page.index + 1) * PAGE_SIZE
    let next = block
    while (next * blockSize < this.size && this.entryPlace(next) < pageEnd) {
      const at = this.entryPlace(next) % PAGE_SIZE
      if (!ZERO_STATES.includes(page.view.getUint8(at) & STATE_MASK)) break
      next += 1
    }
    const end = Math.min(Math.max(next, block + 1) * blockSize, this.size)
    return { place: next === block ? this.placeOf(page, block) : undefined, end }
  }

  /** Behind the end of the file where only QEMU can tell what is there. */
  private placeOf(page: Page, block: number): number {
    const { view } = page
    const at = this.entryPlace(block) % PAGE_SIZE
    if ((view.getUint8(at) & STATE_MASK) !== WHOLE) return this.length
    const place = readNumber(view, at)
    const start = alignDown(place, MIB)
    return start + this.layout.blockSize > this.length ? this.length : start
  }

  /** Of the entry of a block, in bytes from the start of the table. */
  private entryPlace(block: number): number {
    return (block + Math.floor(block / this.layout.chunkRatio)) * ENTRY_SIZE
  }
}

async function readLayout(
  file: HostFile,
  size: number,
  length: number,
): Promise<Layout | undefined> {
  const regions = await readView(file, REGIONS.offset, METADATA.length)
  const count = Math.min(regions.getUint32(8, true), REGIONS.maxCount)
  const bat = findEntry(regions, REGIONS, count, BAT_REGION)
  const metadata = findEntry(regions, REGIONS, count, METADATA_REGION)
  if (bat === undefined || metadata === undefined) return undefined
  const metadataOffset = readNumber(regions, metadata + REGION_FIELDS.offset)
  if (metadataOffset + METADATA.length > length) return undefined
  const items = await readView(file, metadataOffset, METADATA.length)
  const item = async (id: string): Promise<DataView | undefined> => {
    const itemCount = Math.min(items.getUint16(METADATA.countAt, true), METADATA.maxCount)
    const entry = findEntry(items, METADATA, itemCount, id)
    if (entry === undefined) return undefined
    return await readView(file, metadataOffset + items.getUint32(entry + ITEM_FIELDS.offset, true))
  }
  const parameters = await item(FILE_PARAMETERS)
  const blockSize = parameters?.getUint32(0, true) ?? 0
  const hasParent = ((parameters?.getUint32(4, true) ?? HAS_PARENT) & HAS_PARENT) !== 0
  const sectorSize = (await item(SECTOR_SIZE_ITEM))?.getUint32(0, true) ?? 0
  const sizeItem = await item(VIRTUAL_SIZE)
  const knownSizes = isPowerOfTwo(blockSize, MIB, 256 * MIB) && [512, 4096].includes(sectorSize)
  if (!knownSizes || hasParent) return undefined
  if (sizeItem === undefined || readNumber(sizeItem, 0) !== size) return undefined
  const chunkRatio = (CHUNK_SECTORS * sectorSize) / blockSize
  const batOffset = readNumber(regions, bat + REGION_FIELDS.offset)
  const blocks = Math.ceil(size / blockSize)
  const entries = blocks + Math.floor(blocks / chunkRatio)
  const batLength = Math.min(
    regions.getUint32(bat + REGION_FIELDS.length, true),
    length - batOffset,
  )
  return entries * ENTRY_SIZE > batLength ? undefined : { batOffset, blockSize, chunkRatio }
}

/** Where the entry with a GUID starts in a table of those. */
function findEntry(
  table: DataView,
  { firstEntry, entrySize }: { readonly firstEntry: number; readonly entrySize: number },
  count: number,
  id: string,
): number | undefined {
  const bytes = Buffer.from(table.buffer)
  for (let index = 0; index < count; index += 1) {
    const at = firstEntry + index * entrySize
    if (bytes.toString('hex', at, at + id.length / 2) === id) return at
  }
  return undefined
}

/** What lies past the end of the file is zero. */
async function readView(file: HostFile, offset: number, length = 8): Promise<DataView> {
  const bytes = new Uint8Array(length)
  await file.read(bytes, offset)
  return new DataView(bytes.buffer)
}

/** Numbers above 2^53 lose their last digits: they are far beyond any limit they are held to. */
function readNumber(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * WORD + view.getUint32(at, true)
}

function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && Number.isInteger(Math.log2(value))
}
