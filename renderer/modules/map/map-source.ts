import type { DiskMap, MapCounts } from '../../../electron/contract/map'

/** Cells that are fetched together, and numbers that they have at most: 1 MiB. */
const TILE_CELLS = 1024
const MAX_TILE_NUMBERS = 2 ** 17
/** Memory for cells finer than those of the pyramid. */
const MAX_TILE_BYTES = 32 * 2 ** 20

/** Fetches the counts of `count` cells from `first` on. */
export type FetchTile = (cellBytes: number, first: number, count: number) => Promise<MapCounts>

/**
 * The counts of any cell of a disk: at once those of the pyramid; finer ones are fetched, and until
 * they are here, the cell of the pyramid around them stands for them.
 *
 * Made to be asked thousands of times a frame: `pick` gives its answer in the fields below it.
 */
export class MapSource {
  /** Numbers that each cell has. */
  readonly slots: number
  /** The answer: the numbers of the cell begin at `base` of `counts`. */
  counts: MapCounts
  base = 0
  /** Bytes that these numbers are about. */
  span = 0
  /** Whether they are about just the cell asked for. */
  exact = true

  private readonly tileCells: number
  private readonly tiles = new Map<string, MapCounts>()
  private tileBytes = 0
  private tile: MapCounts | undefined
  private tileIndex = -1
  private tileCellBytes = 0
  private wanted: { cellBytes: number; from: number; to: number } | undefined
  private fetching = false
  private closed = false

  constructor(
    readonly map: DiskMap,
    private readonly fetch: FetchTile,
    /** Finer cells are here, or cannot be had. */
    private readonly onChange: (failure?: unknown) => void,
  ) {
    this.slots = 2 * map.layerCount
    this.counts = map.levels[0] ?? new Float64Array(0)
    const room = 2 ** Math.floor(Math.log2(MAX_TILE_NUMBERS / Math.max(1, this.slots)))
    this.tileCells = Math.min(TILE_CELLS, room)
  }

  /** Fetches nothing any more. */
  close(): void {
    this.closed = true
  }

  /** Finds the numbers of a cell. */
  pick(cellBytes: number, cell: number): void {
    const { map } = this
    if (cellBytes >= map.cellBytes) {
      const height = Math.log2(cellBytes / map.cellBytes)
      this.use(map.levels[Math.min(height, map.levels.length - 1)], cell, cellBytes, cell, true)
      return
    }
    const tileIndex = Math.floor(cell / this.tileCells)
    if (tileIndex !== this.tileIndex || cellBytes !== this.tileCellBytes) {
      this.tile = this.tiles.get(tileName(cellBytes, tileIndex))
      this.tileIndex = tileIndex
      this.tileCellBytes = cellBytes
    }
    if (this.tile !== undefined) {
      this.use(this.tile, cell % this.tileCells, cellBytes, cell, true)
      return
    }
    const around = Math.floor((cell * cellBytes) / map.cellBytes)
    this.use(map.levels[0], around, map.cellBytes, around, false)
  }

  private use(
    counts: MapCounts | undefined,
    place: number,
    cellBytes: number,
    cell: number,
    exact: boolean,
  ): void {
    if (counts !== undefined) this.counts = counts
    this.base = place * this.slots
    this.span = Math.min(cellBytes, this.map.size - cell * cellBytes)
    this.exact = exact
  }

  /** Says which cells are shown, so that what is missing of them is fetched. */
  want(cellBytes: number, first: number, last: number): void {
    if (cellBytes >= this.map.cellBytes) {
      this.wanted = undefined
      return
    }
    const from = Math.floor(first / this.tileCells)
    const to = Math.floor(last / this.tileCells)
    const known = this.wanted
    if (known?.cellBytes === cellBytes && known.from === from && known.to === to) return
    this.wanted = { cellBytes, from, to }
    if (!this.fetching) void this.fetchWanted()
  }

  private async fetchWanted(): Promise<void> {
    this.fetching = true
    try {
      for (let next = this.nextMissing(); next !== undefined; next = this.nextMissing()) {
        const { cellBytes, index } = next
        const counts = await this.fetch(cellBytes, index * this.tileCells, this.tileCells)
        if (this.closed) return
        this.keep(tileName(cellBytes, index), counts)
        this.onChange()
      }
    } catch (error) {
      this.wanted = undefined
      if (!this.closed) this.onChange(error)
    } finally {
      this.fetching = false
    }
  }

  private nextMissing(): { cellBytes: number; index: number } | undefined {
    if (this.wanted === undefined || this.closed) return undefined
    const { cellBytes, from, to } = this.wanted
    for (let index = from; index <= to; index += 1) {
      if (!this.tiles.has(tileName(cellBytes, index))) return { cellBytes, index }
    }
    return undefined
  }

  /** Keeps a tile, and gives up those fetched first where there is no more room. */
  private keep(name: string, counts: MapCounts): void {
    this.tiles.set(name, counts)
    this.tileBytes += counts.byteLength
    this.tileIndex = -1
    for (const [old, tile] of this.tiles) {
      if (this.tileBytes <= MAX_TILE_BYTES || old === name) return
      this.tiles.delete(old)
      this.tileBytes -= tile.byteLength
    }
  }
}

function tileName(cellBytes: number, index: number): string {
  return `${cellBytes}:${index}`
}
