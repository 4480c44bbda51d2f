import { assert } from '../base/assert'
import { type ByteRange, rangeEnd } from '../base/byte-range'
import { EngineError } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { formatSize, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../base/units'
import type { Layer, Readable, WritableLayer } from '../format/layer'
import type { CopyPiece, Host } from '../host/host'
import type { FormatName } from '../model/image'
import { closeLayers, openChain } from './chain'
import { DiskView, type ExtentVisitor } from './disk-view'
import { lockForWriting } from './locks'

export interface OpenDiskOptions {
  readonly writable: boolean
  /** The format of the top where it is known; else it is probed. */
  readonly format?: FormatName
  /** Bytes that bitmap pages may take in memory, each overlay; the host's where absent. */
  readonly cacheBytes?: number
  /** Only where writable: the layers, from the top on, that are to be written; 1 where absent. */
  readonly writableLayers?: number
  /** Opens the top alone, whatever has become of what lies below. */
  readonly topOnly?: boolean
  /** Opens what is too damaged for writing, in order to mend it. */
  readonly repair?: boolean
}

/**
 * Opens a disk: the image at `path` and all that lies below. For writing, its files are locked
 * until it is closed. Errors: those of openChain, `in-use`, `io/denied`, and `read-only` where the
 * format of the top is one that is never written to.
 */
export async function openDisk(host: Host, path: string, options: OpenDiskOptions): Promise<Disk> {
  const { writable, repair, writableLayers = 1, ...rest } = options
  const access = repair === true ? 'repair' : writable ? 'write' : 'read'
  const layers = await openChain(host, path, { ...rest, access, accessLayers: writableLayers })
  try {
    if (writable) {
      if (repair !== true) refuseOnlyRead(layers)
      lockForWriting(layers, writableLayers)
    }
  } catch (error) {
    await closeLayers(layers)
    throw error
  }
  return new Disk(layers, writable)
}

/**
 * A disk as the guest sees it: any request of whole bytes within its size, any number of them at a
 * time. Requests that overlap and are under way together end in either order, each byte of one of
 * them.
 *
 * This is the boundary where a request is checked, once: below it, ranges are within bounds and the
 * layer can be written.
 */
export class Disk implements Readable {
  /** The disk without its top layer. */
  readonly below: DiskView
  private readonly view: DiskView

  constructor(
    /** Top first. */
    readonly layers: readonly Layer[],
    readonly writable: boolean,
  ) {
    this.view = new DiskView(layers, 0)
    this.below = new DiskView(layers, 1)
  }

  /** Virtual size in bytes. */
  get size(): number {
    return this.view.size
  }

  get top(): Layer {
    const [top] = this.layers
    assert(top !== undefined, 'a disk has a top')
    return top
  }

  /** Fills `target` from the disk. */
  read(target: Uint8Array, offset: number): MaybePromise<void> {
    this.checkRange({ offset, length: target.length })
    return this.view.read(target, offset)
  }

  /** Writes all of `source`. Durable after the next flush that begins when it is done. */
  write(source: Uint8Array, offset: number): MaybePromise<void> {
    this.checkRange({ offset, length: source.length })
    return this.writableTop().write(source, offset, this.below)
  }

  /** The same with bytes of host files: see WritableLayer. */
  async copyIn(pieces: readonly CopyPiece[]): Promise<void> {
    for (const piece of pieces) this.checkRange(piece)
    await this.writableTop().copyIn(pieces, this.below)
  }

  /** Afterwards the range reads as zero. */
  async writeZeroes(range: ByteRange): Promise<void> {
    this.checkRange(range)
    await this.writableTop().writeZeroes(range, this.below)
  }

  /** Advice that the content is not needed: afterwards the range reads as before, or as zero. */
  async discard(range: ByteRange): Promise<void> {
    this.checkRange(range)
    await this.writableTop().discard(range)
  }

  /** All that was done before is durable afterwards. */
  async flush(): Promise<void> {
    await this.writableTop().flush()
  }

  /**
   * Sets the virtual size: a multiple of a sector, at least one. No other request may be under way.
   * Durable.
   */
  async truncate(size: number): Promise<void> {
    const writable = this.writableTop()
    if (size <= 0 || size > MAX_VIRTUAL_SIZE || size % SECTOR_SIZE !== 0) {
      const message =
        `A disk cannot be ${String(size)} bytes long: ` +
        `whole sectors of 512 bytes, at most ${formatSize(MAX_VIRTUAL_SIZE)}`
      throw new EngineError('invalid-argument', message, { size, limit: MAX_VIRTUAL_SIZE })
    }
    await writable.resize(size, this.below)
  }

  /** Where the bytes of a run lie: see DiskView. */
  plainRunAt(range: ByteRange): ReturnType<DiskView['plainRunAt']> {
    this.checkRange(range)
    return this.view.plainRunAt(range)
  }

  extentAt(range: ByteRange): ReturnType<DiskView['extentAt']> {
    this.checkRange(range)
    return this.view.extentAt(range)
  }

  /** All runs of a range: see DiskView. */
  extents(range: ByteRange = { offset: 0, length: this.size }): ReturnType<DiskView['extents']> {
    this.checkRange(range)
    return this.view.extents(range)
  }

  /** Shows all runs of the disk to a visitor: see DiskView. */
  walk(visit: ExtentVisitor): Promise<void> {
    return this.view.walk({ offset: 0, length: this.size }, visit)
  }

  /** Writes back what is in memory, and closes all files. */
  async close(): Promise<void> {
    await closeLayers(this.layers)
  }

  private checkRange(range: ByteRange): void {
    const { offset, length } = range
    const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
    if (sound && offset >= 0 && length >= 0 && rangeEnd(range) <= this.size) return
    const message =
      `A request for bytes ${String(offset)} to ${String(offset + length)} ` +
      `passes the end of ${this.top.path} at ${String(this.size)}`
    throw new EngineError('invalid-argument', message, { offset, length, size: this.size })
  }

  private writableTop(): WritableLayer {
    const { top } = this
    if (this.writable && isWritable(top)) return top
    throw new EngineError('read-only', `${top.path} is open for reading only`, { path: top.path })
  }
}

/** An image of a format that is only read cannot be the top of a disk that is written to. */
function refuseOnlyRead([top]: readonly Layer[]): void {
  if (top === undefined || isWritable(top)) return
  const { path, format } = top
  const message =
    `Cannot write to ${path}: ${format} images are only read; ` +
    `${format === 'qcow2' ? 'import it, or ' : ''}make an overlay on it, and write to that`
  throw new EngineError('read-only', message, { path, format }, { state: 'unchanged' })
}

/** Whether the format of a layer can be written at all. */
export function isWritable(layer: Layer): layer is WritableLayer {
  return 'write' in layer
}
