import type { JobProgress } from '../../engine'
import type { ImageId } from '../contract/library'
import type {
  DiskBytesRequest,
  DiskMap,
  MapCounts,
  MapExtentsRequest,
  MapProgress,
  MapTileRequest,
  PlacedExtent,
} from '../contract/map'
import type { EngineThreads } from './engine-threads'
import type { Library } from './library/library'

export interface MapReaderParts {
  readonly library: Pick<Library, 'record'>
  readonly engine: Pick<EngineThreads, 'begin' | 'call'>
  readonly onProgress: (progress: MapProgress) => void
}

interface Opening {
  readonly id: ImageId
  readonly done: Promise<DiskMap>
  readonly cancel: () => void
}

/**
 * The maps of the library's images, made in a worker thread. One is opened at a time: who asks for
 * another one no longer looks at the first, which ends with `job/cancelled`. Errors of all: those
 * of opening the image, `file/missing` for one that the library does not know.
 */
export class MapReader {
  private opening: Opening | undefined

  constructor(private readonly parts: MapReaderParts) {}

  async open(id: ImageId): Promise<DiskMap> {
    if (this.opening?.id === id) return await this.opening.done
    this.opening?.cancel()
    const opening = this.begin(id)
    this.opening = opening
    try {
      return await opening.done
    } finally {
      if (this.opening === opening) this.opening = undefined
    }
  }

  async tile({ id, ...cells }: MapTileRequest): Promise<MapCounts> {
    return await this.parts.engine.call('mapTile', { path: this.pathOf(id), ...cells })
  }

  async extents({ id, ...which }: MapExtentsRequest): Promise<readonly PlacedExtent[]> {
    return await this.parts.engine.call('mapExtents', { path: this.pathOf(id), ...which })
  }

  /** Undefined behind the end of the disk. */
  async extentAt(id: ImageId, offset: number): Promise<PlacedExtent | undefined> {
    return await this.parts.engine.call('mapExtentAt', { path: this.pathOf(id), offset })
  }

  async bytes({ id, ...range }: DiskBytesRequest): Promise<Uint8Array<ArrayBuffer>> {
    return await this.parts.engine.call('readBytes', { path: this.pathOf(id), ...range })
  }

  private begin(id: ImageId): Opening {
    const report = ({ current, total }: JobProgress): void =>
      this.parts.onProgress({ id, current, total })
    const call = this.parts.engine.begin('map', { path: this.pathOf(id) }, report)
    return { id, done: call.done.then((map) => ({ id, ...map })), cancel: call.cancel }
  }

  private pathOf(id: ImageId): string {
    return this.parts.library.record(id).path
  }
}
