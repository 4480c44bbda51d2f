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
  private latestPage: { readonly number: number; readonly bytes: Uint8Array } | undefined
  full = false
  /** Where the range that was marked last starts. */
  latest: number | undefined

  constructor(private readonly clusterSize: number) {}

  /**
   * Marks the clusters that a range of the file touches; what one of them was used for before,
   * where that does not go together. `told` hears of each one of those, with how many bytes into
   * the first one's cluster it starts.
   */
  add(
    offset: number,
    length: number,
    use: Use,
    told?: (before: Use, into: number) => void,
  ): Use | undefined {
    let conflict: Use | undefined
    this.latest = offset
    const first = Math.floor(offset / this.clusterSize)
    const end = divCeil(offset + length, this.clusterSize)
    for (let cluster = first; cluster < end; cluster += 1) {
      const before = this.mark(cluster, use)
      if (before === undefined || (before === 'packed' && use === 'packed')) continue
      conflict = before
      told?.(before, (cluster - first) * this.clusterSize)
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
    if (this.latestPage?.number === number) return this.latestPage.bytes
    let bytes = this.pages.get(number)
    if (bytes === undefined) {
      if (this.pages.size >= MAX_PAGES) {
        this.full = true
        return undefined
      }
      bytes = new Uint8Array(PAGE_BYTES)
      this.pages.set(number, bytes)
    }
    this.latestPage = { number, bytes }
    return bytes
  }
}
