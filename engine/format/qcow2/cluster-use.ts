import { divCeil, MIB } from '../../base/units'

/** What a cluster of the file is for. Compressed clusters may share one: `packed`. */
export type Use = 'metadata' | 'data' | 'packed'

const CODES: Readonly<Record<Use, number>> = { metadata: 1, data: 2, packed: 3 }
const USES: readonly (Use | undefined)[] = [undefined, 'metadata', 'data', 'packed']

/** Clusters that one page tells of: two bits each. */
const PAGE_CLUSTERS = 16384
const PAGE_BYTES = PAGE_CLUSTERS / 4
const MAX_PAGES = (64 * MIB) / PAGE_BYTES

/**
 * What each cluster of a file is used for, two bits a cluster, only where something is: at most
 * 64 MiB. What would need more is not kept, and `full` says so.
 */
export class ClusterUse {
  private readonly pages = new Map<number, Uint8Array>()
  full = false
  /** The offset that was marked last. */
  latest: number | undefined

  constructor(private readonly clusterSize: number) {}

  /**
   * Marks the clusters that a range of the file touches; what one of them was used for before,
   * where that does not go together.
   */
  add(offset: number, length: number, use: Use): Use | undefined {
    let conflict: Use | undefined
    this.latest = offset
    const end = divCeil(offset + length, this.clusterSize)
    for (let cluster = Math.floor(offset / this.clusterSize); cluster < end; cluster += 1) {
      const before = this.mark(cluster, use)
      if (before !== undefined && !(before === 'packed' && use === 'packed')) conflict = before
    }
    return conflict
  }

  private mark(cluster: number, use: Use): Use | undefined {
    const page = this.pageOf(Math.floor(cluster / PAGE_CLUSTERS))
    if (page === undefined) return undefined
    const index = Math.floor((cluster % PAGE_CLUSTERS) / 4)
    const shift = (cluster % 4) * 2
    const byte = page[index] ?? 0
    const before = USES[(byte >> shift) & 3]
    if (before === undefined) page[index] = byte | (CODES[use] << shift)
    return before
  }

  private pageOf(number: number): Uint8Array | undefined {
    let page = this.pages.get(number)
    if (page !== undefined) return page
    if (this.pages.size >= MAX_PAGES) {
      this.full = true
      return undefined
    }
    page = new Uint8Array(PAGE_BYTES)
    this.pages.set(number, page)
    return page
  }
}
