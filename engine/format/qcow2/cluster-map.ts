import { type ByteRange, rangeEnd } from '../../base/byte-range'
import { EngineError } from '../../base/errors'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { alignDown, divCeil } from '../../base/units'
import { type Page, PAGE_SIZE, PageCache } from '../../cache/page-cache'
import type { HostFile } from '../../host/host'
import { bytesPerTable, entrySize, type Qcow2Header } from './header'
import {
  type ClusterKind,
  countAlike,
  decodeL2Entry,
  isUniform,
  kindOfSubcluster,
  type L2Entry,
  type L2Format,
} from './l2-entry'

const L1_ENTRY_SIZE = 8
/** Of an entry of level 1, the bits that are the table's offset: 9 to 55. */
const L1_OFFSET_HIGH = 0x00ff_ffff
const L1_OFFSET_LOW = 0xffff_fe00
const WORD = 0x1_0000_0000
const SUBCLUSTERS = 32

/** What the tables say of the disk from one offset on. */
export interface Mapping {
  readonly kind: ClusterKind
  /** The end of the run on the disk, exclusive. */
  readonly end: number
  /** Where the first byte lies in the data file; of a compressed cluster, where that starts. */
  readonly host: number
  /** Only of a compressed cluster: see L2Entry. */
  readonly compressedLength: number
  /** The table says that nobody else refers to the cluster. */
  readonly sole: boolean
}

/** Tables that contradict themselves, or point to where nothing is. `end` as in Mapping. */
export interface Damage {
  readonly kind: 'damaged'
  readonly end: number
  readonly found: string
}

/** Where an entry of level 2 lies in the file; `table` 0 where the disk has no table there. */
export interface TableSpot {
  readonly table: number
  readonly found: string | undefined
}

export interface ClusterMapFiles {
  readonly path: string
  readonly header: Qcow2Header
  readonly file: HostFile
  /** Lengths in bytes of the file with the tables and of the one with the data. */
  readonly length: number
  readonly dataLength: number
  /** Virtual size in bytes. */
  readonly size: number
  /** Bytes that pages of tables may take in memory. */
  readonly cacheBytes?: number
}

/**
 * The two levels of tables that lead from an offset of the disk to one of a file. Both are read by
 * pages through one bounded cache, whatever their size. Every pointer is held against the file's
 * length before it is followed, and every step of a walk goes forward, so that no table, however
 * made, leads outside or round in a circle.
 */
export class ClusterMap {
  readonly clusterSize: number
  /** Bytes of the disk that one table of level 2 maps. */
  readonly tableSpan: number
  private readonly entrySize: 8 | 16
  private readonly format: L2Format
  private readonly unitSize: number
  private readonly pages: PageCache

  constructor(private readonly files: ClusterMapFiles) {
    const { header, file, length, cacheBytes } = files
    this.clusterSize = 2 ** header.clusterBits
    this.tableSpan = bytesPerTable(header)
    this.entrySize = entrySize(header.extendedL2)
    this.format = {
      clusterBits: header.clusterBits,
      version: header.version,
      extended: header.extendedL2,
      externalData: header.externalData !== undefined,
    }
    this.unitSize = this.clusterSize / (header.extendedL2 ? SUBCLUSTERS : 1)
    const options = { fileOffset: 0, length, barrier: () => Promise.resolve() }
    this.pages = new PageCache(
      file,
      cacheBytes === undefined ? options : { ...options, cacheBytes },
    )
  }

  /**
   * The run that starts at range.offset, at most as long as the range: as far as `joins` says that
   * what follows belongs to it, and as the tables are in memory. `format/corrupt` where the first
   * of it is damaged.
   */
  runAt(
    range: ByteRange,
    joins: (first: Mapping, next: Mapping, at: number) => boolean,
  ): MaybePromise<Mapping> {
    const limit = rangeEnd(range)
    return andThen(this.at(range.offset, limit), (first) => {
      if (first.kind === 'damaged') throw this.damaged(range.offset, first)
      let { end } = first
      while (end < limit) {
        const next = this.peek(end, limit)
        if (next === undefined || next.kind === 'damaged') break
        if (!joins(first, next, end - range.offset)) break
        end = next.end
      }
      return { ...first, end: Math.min(end, limit) }
    })
  }

  /**
   * What the tables say at one offset, up to the end of its cluster or subcluster at least, and on
   * from there while clusters that start before `limit` are alike, as far as one page tells.
   */
  at(offset: number, limit: number): MaybePromise<Mapping | Damage> {
    const index = Math.floor(offset / this.tableSpan)
    return andThen(this.tableAt(index), ({ table, found }) => {
      if (found !== undefined || table === 0) return this.unmapped(index, found)
      const place = this.entryPlace(table, offset)
      return this.pages.use(Math.floor(place / PAGE_SIZE), (page) =>
        this.mapping(page, place, offset, limit),
      )
    })
  }

  /** The same where the tables are in memory; else undefined. */
  peek(offset: number, limit: number): Mapping | Damage | undefined {
    const index = Math.floor(offset / this.tableSpan)
    const l1Place = this.files.header.l1.offset + index * L1_ENTRY_SIZE
    const l1Page = this.pages.peek(Math.floor(l1Place / PAGE_SIZE))
    if (l1Page === undefined) return undefined
    const { table, found } = this.decodeL1(l1Page, l1Place)
    if (found !== undefined || table === 0) return this.unmapped(index, found)
    const place = this.entryPlace(table, offset)
    const page = this.pages.peek(Math.floor(place / PAGE_SIZE))
    return page === undefined ? undefined : this.mapping(page, place, offset, limit)
  }

  /** Where the table of level 2 with a given number lies. */
  tableAt(index: number): MaybePromise<TableSpot> {
    const place = this.files.header.l1.offset + index * L1_ENTRY_SIZE
    return this.pages.use(Math.floor(place / PAGE_SIZE), (page) => this.decodeL1(page, place))
  }

  /** The error for damage that somebody has to read. */
  damaged(offset: number, { found }: Damage): EngineError {
    const { path } = this.files
    const message = `Cannot read byte ${String(offset)} of the disk ${path}: ${found}`
    return new EngineError('format/corrupt', message, { path, offset })
  }

  private decodeL1(page: Page, place: number): TableSpot {
    const at = place % PAGE_SIZE
    const { view } = page
    const high = view.getUint32(at) & L1_OFFSET_HIGH
    const table = high * WORD + ((view.getUint32(at + 4) & L1_OFFSET_LOW) >>> 0)
    if (table === 0) return { table, found: undefined }
    if (table % this.clusterSize !== 0) {
      return { table, found: `a table of level 2 is at ${String(table)}, where no cluster starts` }
    }
    const found = `a table of level 2 at ${String(table)} passes the end of the file`
    return { table, found: table + this.clusterSize > this.files.length ? found : undefined }
  }

  private entryPlace(table: number, offset: number): number {
    return table + Math.floor((offset % this.tableSpan) / this.clusterSize) * this.entrySize
  }

  private unmapped(index: number, found: string | undefined): Mapping | Damage {
    const end = Math.min((index + 1) * this.tableSpan, this.files.size)
    if (found !== undefined) return { kind: 'damaged', end, found }
    return { kind: 'unallocated', end, host: 0, compressedLength: 0, sole: false }
  }

  private mapping(page: Page, place: number, offset: number, limit: number): Mapping | Damage {
    const { size } = this.files
    const { view } = page
    const entry = decodeL2Entry(view, place % PAGE_SIZE, this.format)
    const start = alignDown(offset, this.clusterSize)
    if (entry === undefined) {
      const end = Math.min(start + this.clusterSize, size)
      return { kind: 'damaged', end, found: `its entry at ${String(place)} contradicts itself` }
    }
    const inCluster = offset - start
    const kind = kindOfSubcluster(entry, Math.floor(inCluster / this.unitSize))
    const found = this.faultOf(kind, entry, start)
    const isWhole = isUniform(entry)
    const unit = isWhole ? this.clusterSize : this.unitSize
    let end = alignDown(offset, unit) + unit
    if (found !== undefined) return { kind: 'damaged', end: Math.min(end, size), found }
    if (isWhole && end < limit) {
      const isBound = kind === 'data' && !this.format.externalData
      const left = isBound ? this.files.dataLength - entry.host : Infinity
      const most = this.clustersUpTo(Math.min(limit - start, left), place, start)
      const alike = countAlike(view, place % PAGE_SIZE, most, entry, this.format)
      end = start + alike * this.clusterSize
    }
    const host = kind === 'data' ? entry.host + inCluster : entry.host
    const { compressedLength, sole } = entry
    return { kind, end: Math.min(end, size), host, compressedLength, sole }
  }

  /**
   * How many clusters from `start` on may be looked at together: those that begin within `length`
   * bytes of the disk, with entries in one page and one table.
   */
  private clustersUpTo(length: number, place: number, start: number): number {
    const before = divCeil(Math.min(length, this.files.size - start), this.clusterSize)
    const piece = Math.min(PAGE_SIZE, this.clusterSize)
    return Math.min(before, (piece - (place % piece)) / this.entrySize)
  }

  /** What is wrong with where a cluster's data is said to be. */
  private faultOf(kind: ClusterKind, { host }: L2Entry, start: number): string | undefined {
    if (kind !== 'data' && kind !== 'compressed') return undefined
    const { dataLength, header } = this.files
    if (header.externalData !== undefined) {
      return host === start ? undefined : `its data is at ${String(host)} of the data file`
    }
    if (host < dataLength) return undefined
    return `its data is at ${String(host)} of the file, which ends at ${String(dataLength)}`
  }
}

/** Joins what the layer decides, whatever it is, and what it leaves to others. */
export function sameAllocation(first: Mapping, next: Mapping): boolean {
  return (first.kind === 'unallocated') === (next.kind === 'unallocated')
}

/** Joins what reads alike and, where it is plain data, follows in the file. */
export function sameContent(first: Mapping, next: Mapping, at: number): boolean {
  return first.kind === next.kind && (first.kind !== 'data' || next.host === first.host + at)
}
