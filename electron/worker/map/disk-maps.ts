import { type Disk, type Extent, type Host, type JobProgress, openDisk } from '../../../engine'
import type { DiskMap, MapCounts, PlacedExtent } from '../../contract/map'
import { signatureOf } from '../signature'
import { ExtentIndex } from './extent-index'
import { buildLevels, CellCounter, finestCellBytes } from './pyramid'
import { walkDisk, walkRange } from './walk-extents'

/** Maps that are kept take at most this much memory, apart from the last one. */
const MAX_KEPT_BYTES = 64 * 2 ** 20

/** A map without the name that the library has for the image. */
export type WorkerMap = Omit<DiskMap, 'id'>

interface KeptMap {
  readonly map: WorkerMap
  readonly index: ExtentIndex
  /** All files of the chain, and what they were like before they were looked at. */
  readonly files: readonly string[]
  readonly signature: string
}

export interface MapControl {
  readonly signal: AbortSignal
  readonly report: (progress: JobProgress) => void
}

/**
 * Maps of disks. The first look at a disk goes through all its extents; what came of it is kept,
 * and serves for as long as no file of the chain changes. Everything finer is looked up when it is
 * asked for, in the part of the disk that it is about. Takes no lock and changes nothing.
 */
export class DiskMaps {
  /** By the path of the top; the one used last stands last. */
  private readonly kept = new Map<string, KeptMap>()

  constructor(private readonly host: Host) {}

  /** The map, in memory of its own. Errors: those of openDisk, `job/cancelled`. */
  async open(path: string, control: MapControl): Promise<WorkerMap> {
    const { map } = await this.look(path, control)
    return { ...map, levels: map.levels.map((level) => level.slice()) }
  }

  /** The counts of cells of any size. */
  async tile(
    path: string,
    { cellBytes, first, count }: { cellBytes: number; first: number; count: number },
  ): Promise<MapCounts> {
    return await this.withDisk(path, async (disk) => {
      const start = first * cellBytes
      const cells = new CellCounter(disk.layers.length, start, cellBytes, count)
      const length = Math.min(disk.size - start, count * cellBytes)
      if (length <= 0) return cells.counts
      await walkRange(disk, { offset: start, length }, (extent) => {
        cells.add(extent)
        return true
      })
      return cells.counts
    })
  }

  /** Extents from number `first` on; fewer where there are no more. */
  async extents(path: string, first: number, count: number): Promise<readonly PlacedExtent[]> {
    const { index } = await this.look(path)
    const mark = index.before(first)
    const found: PlacedExtent[] = []
    await this.walkFrom(path, mark, (extent) => {
      if (extent.index >= first) found.push(extent)
      return found.length < count
    })
    return found
  }

  /** The extent that holds the byte at `offset`; undefined behind the end of the disk. */
  async extentAt(path: string, offset: number): Promise<PlacedExtent | undefined> {
    const { index } = await this.look(path)
    let found: PlacedExtent | undefined
    await this.walkFrom(path, index.beforeOffset(offset), (extent) => {
      if (extent.offset > offset) return false
      found = extent
      return extent.offset + extent.length <= offset
    })
    return (found?.offset ?? 0) + (found?.length ?? 0) > offset ? found : undefined
  }

  /** Bytes as the guest reads them; fewer where the disk ends. */
  async bytes(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return await this.withDisk(path, async (disk) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, disk.size - offset)))
      if (bytes.length > 0) await disk.read(bytes, offset)
      return bytes
    })
  }

  /** Forgets all maps: who asks for one again has the disk opened anew. */
  forget(): void {
    this.kept.clear()
  }

  private async look(path: string, control?: MapControl): Promise<KeptMap> {
    const known = this.kept.get(path)
    const signature = known === undefined ? undefined : await signatureOf(known.files)
    const fresh = known?.signature === signature ? known : undefined
    const map = fresh ?? (await this.scan(path, control))
    this.keep(path, map)
    return map
  }

  private async scan(path: string, control?: MapControl): Promise<KeptMap> {
    return await this.withDisk(path, async (disk) => {
      const files = disk.layers.flatMap((layer) => layer.files.map(({ file }) => file.path))
      const signature = await signatureOf(files)
      const { size } = disk
      const layerCount = disk.layers.length
      const cellBytes = finestCellBytes(size, layerCount)
      const cells = new CellCounter(layerCount, 0, cellBytes, Math.ceil(size / cellBytes))
      const index = new ExtentIndex()
      const add = (extent: Extent): void => {
        cells.add(extent)
        index.add(extent.offset)
        control?.report({ phase: 'preparing', current: extent.offset + extent.length, total: size })
      }
      await walkDisk(disk, add, control?.signal)
      const levels = buildLevels(cells.counts, layerCount)
      const map = { size, layerCount, extentCount: index.count, cellBytes, levels }
      return { map, index, files, signature }
    })
  }

  /** Makes a map the one used last, and forgets those used longest ago where there are too many. */
  private keep(path: string, map: KeptMap): void {
    this.kept.delete(path)
    this.kept.set(path, map)
    let bytes = 0
    for (const [
      other,
      {
        map: { levels },
      },
    ] of [...this.kept].reverse()) {
      bytes += levels.reduce((sum, level) => sum + level.byteLength, 0)
      if (bytes > MAX_KEPT_BYTES && other !== path) this.kept.delete(other)
    }
  }

  private async walkFrom(
    path: string,
    mark: { readonly index: number; readonly offset: number },
    visit: (extent: PlacedExtent) => boolean,
  ): Promise<void> {
    await this.withDisk(path, async (disk) => {
      const { offset } = mark
      let { index } = mark
      if (offset >= disk.size) return
      await walkRange(disk, { offset, length: disk.size - offset }, (extent) => {
        const more = visit({ ...extent, index })
        index += 1
        return more
      })
    })
  }

  private async withDisk<Result>(
    path: string,
    use: (disk: Disk) => Promise<Result>,
  ): Promise<Result> {
    const disk = await openDisk(this.host, path, { writable: false })
    try {
      return await use(disk)
    } finally {
      await disk.close()
    }
  }
}
