/** What an entry of a table of level 2 can say of a cluster. */
export type ClusterKind = 'unallocated' | 'zero' | 'data' | 'compressed'

/** One cluster, as its entry says. Offsets and lengths in bytes, of the file that holds data. */
export interface L2Entry {
  /** Of the whole cluster; where `sub` is there, only whether the cluster has room in the file. */
  readonly kind: ClusterKind
  /** Where the cluster's data starts; 0 where it has none, or lies at the start of a data file. */
  readonly host: number
  /** Only where compressed: bytes from `host` on that hold it, padding included. */
  readonly compressedLength: number
  /** The refcount is exactly one: nobody else refers to this cluster. */
  readonly sole: boolean
  /** The cluster has room in the file, whether what it reads comes from there or not. */
  readonly placed: boolean
  /** Subclusters, bit n for subcluster n; undefined where the entry is for a whole cluster. */
  readonly sub: { readonly allocated: number; readonly zero: number } | undefined
}

export interface L2Format {
  readonly clusterBits: number
  readonly version: 2 | 3
  readonly extended: boolean
  readonly externalData: boolean
}

const WORD = 0x1_0000_0000
const SECTOR_BITS = 9
/** Bits of the upper half. */
const COMPRESSED = 0x4000_0000
const SOLE = 0x8000_0000
const OFFSET_HIGH = 0x00ff_ffff
/** Bits of the lower half. */
const OFFSET_LOW = 0xffff_fe00
const READS_ZERO = 1
/** Every subcluster. */
const ALL = 0xffff_ffff

/**
 * Decodes the entry at `at` of a page. Undefined where it contradicts itself. What it points to is
 * not looked at, but that it starts where a cluster can.
 */
export function decodeL2Entry(page: DataView, at: number, format: L2Format): L2Entry | undefined {
  const high = page.getUint32(at)
  const low = page.getUint32(at + 4)
  const sole = (high & SOLE) !== 0
  if ((high & COMPRESSED) !== 0) return compressedEntry(high, low, sole, format)
  const host = (high & OFFSET_HIGH) * WORD + ((low & OFFSET_LOW) >>> 0)
  if (host % 2 ** format.clusterBits !== 0) return undefined
  // at the start of a data file, the offset is 0 and the other bit says that it counts
  const placed = host !== 0 || (format.externalData && sole)
  if (format.extended) {
    const sub = { allocated: page.getUint32(at + 12), zero: page.getUint32(at + 8) }
    if ((sub.allocated & sub.zero) !== 0 || (!placed && sub.allocated !== 0)) return undefined
    return { kind: placed ? 'data' : 'unallocated', host, compressedLength: 0, sole, placed, sub }
  }
  const zero = (low & READS_ZERO) !== 0
  if (zero && format.version === 2) return undefined
  const kind = zero ? 'zero' : placed ? 'data' : 'unallocated'
  return { kind, host, compressedLength: 0, sole, placed, sub: undefined }
}

/**
 * Host offset below, number of further sectors above; the larger the cluster, the more bits the
 * number has.
 */
function compressedEntry(
  high: number,
  low: number,
  sole: boolean,
  format: L2Format,
): L2Entry | undefined {
  if (format.externalData) return undefined
  const countBits = format.clusterBits - (SECTOR_BITS - 1)
  const offsetBits = 62 - countBits - 32
  const descriptor = high & (COMPRESSED - 1)
  const host = (descriptor & (2 ** offsetBits - 1)) * WORD + low
  const sectors = (descriptor >>> offsetBits) + 1
  const compressedLength = sectors * 2 ** SECTOR_BITS - (host % 2 ** SECTOR_BITS)
  return { kind: 'compressed', host, compressedLength, sole, placed: true, sub: undefined }
}

/** Whether what an entry says holds for all of its cluster. */
export function isUniform({ sub }: L2Entry): boolean {
  if (sub === undefined) return true
  const { allocated, zero } = sub
  return allocated === ALL || zero === ALL || (allocated === 0 && zero === 0)
}

/**
 * How many entries from `at` on, the first counted, say the same of their clusters, whose room in
 * the file, if they have any, follows one behind the other. At most `most`. The first is uniform.
 */
export function countAlike(
  page: DataView,
  at: number,
  most: number,
  { kind, placed }: L2Entry,
  { clusterBits, extended }: L2Format,
): number {
  if (kind === 'compressed') return 1
  const step = placed ? 2 ** clusterBits : 0
  const entrySize = extended ? 16 : 8
  const end = at + most * entrySize
  let high = page.getUint32(at)
  let low = page.getUint32(at + 4)
  for (let next = at + entrySize; next < end; next += entrySize) {
    low += step
    if (low >= WORD) {
      low -= WORD
      high += 1
    }
    const follows = page.getUint32(next + 4) === low && page.getUint32(next) === high
    if (!follows || (extended && !haveSameBits(page, at, next))) return (next - at) / entrySize
  }
  return most
}

/** Of two entries with subclusters. */
function haveSameBits(page: DataView, one: number, other: number): boolean {
  return (
    page.getUint32(one + 8) === page.getUint32(other + 8) &&
    page.getUint32(one + 12) === page.getUint32(other + 12)
  )
}

/** The kind of one subcluster, 0 to 31; where the entry is for a whole cluster, the cluster's. */
export function kindOfSubcluster({ kind, sub }: L2Entry, index: number): ClusterKind {
  if (sub === undefined) return kind
  const bit = 1 << index
  if ((sub.allocated & bit) !== 0) return 'data'
  return (sub.zero & bit) !== 0 ? 'zero' : 'unallocated'
}
