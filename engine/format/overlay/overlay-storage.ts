import { type ByteRange, rangeEnd } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { throwFirstFailure } from '../../base/settled'
import { divCeil } from '../../base/units'
import type { HostFile } from '../../host/host'
import { LastingFailure } from '../lasting-failure'
import type { Allocation } from '../layer'
import { CowBitmap } from './cow-bitmap'
import type { OverlayLayout } from './layout'

export interface OverlayFiles {
  readonly path: string
  readonly layout: OverlayLayout
  readonly metadata: HostFile
  readonly image: HostFile
  /** Virtual size in bytes. */
  readonly size: number
  /** Bytes that bitmap pages may take in memory. */
  readonly cacheBytes?: number
}

/**
 * What an overlay stands on: its two files, its bitmap, its size, and the one rule of their order
 * on disk. A bit reaches the add-cow file only after the image file was synced (the barrier of the
 * bitmap's cache), so a bit on disk never speaks of data that a crash could take.
 *
 * A failed sync, and a failure of the step of a resize that decides on the size, end all changes:
 * see LastingFailure.
 */
export class OverlayStorage {
  readonly path: string
  readonly layout: OverlayLayout
  readonly metadata: HostFile
  readonly image: HostFile
  readonly clusterSize: number
  readonly bitmap: CowBitmap
  /** Virtual size in bytes; changed by a resize alone. */
  size: number
  /** The image file decides everything: neither bitmap nor backing file is used. */
  allAllocated: boolean
  /**
   * Every bit is known to be 1, as long as nobody clears any or the size changes: the bitmap need
   * not be asked.
   */
  complete = false

  readonly failure = new LastingFailure()
  /**
   * Of the bitmap's writes to the add-cow file, those that a completed sync covers. At first not
   * even those before this session: what a program that was killed wrote is read, but may be in the
   * host's cache alone.
   */
  private syncedWrites = -1

  constructor(files: OverlayFiles) {
    const { layout, metadata, size } = files
    this.path = files.path
    this.layout = layout
    this.metadata = metadata
    this.image = files.image
    this.clusterSize = layout.clusterSize
    this.size = size
    this.allAllocated = layout.allAllocated
    const bits = divCeil(size, layout.clusterSize)
    const barrier = (): Promise<void> => this.syncImage()
    this.bitmap = new CowBitmap(metadata, layout.bitmapOffset, bits, barrier, files.cacheBytes)
  }

  /** Whether the overlay decides, from range.offset on. */
  allocationAt(range: ByteRange): MaybePromise<Allocation> {
    if (this.allAllocated || this.complete) return { length: range.length, allocated: true }
    const first = Math.floor(range.offset / this.clusterSize)
    const clusters = divCeil(rangeEnd(range), this.clusterSize) - first
    return andThen(this.bitmap.runAt(first, clusters), ({ value, count }) => {
      const end = (first + count) * this.clusterSize
      return { length: Math.min(end - range.offset, range.length), allocated: value }
    })
  }

  /**
   * Says that clusters are in the image file; the range starts at one and ends at one or at the end
   * of the disk.
   */
  setBits(clusters: ByteRange): MaybePromise<void> {
    if (this.allAllocated || this.complete) return undefined
    const first = clusters.offset / this.clusterSize
    return this.bitmap.set(first, divCeil(clusters.length, this.clusterSize))
  }

  /** Says that clusters are to be read from below; a range as for setBits. */
  clearBits(clusters: ByteRange): MaybePromise<void> {
    this.complete = false
    const first = clusters.offset / this.clusterSize
    return this.bitmap.clear(first, divCeil(clusters.length, this.clusterSize))
  }

  /** Bytes of the virtual size that are allocated. */
  async countAllocated(): Promise<number> {
    if (this.allAllocated) return this.size
    const clusters = await this.bitmap.countSet()
    const rest = this.size % this.clusterSize
    if (rest === 0 || clusters === 0) return clusters * this.clusterSize
    const last = await this.bitmap.runAt(Math.floor(this.size / this.clusterSize), 1)
    return clusters * this.clusterSize - (last.value ? this.clusterSize - rest : 0)
  }

  /**
   * Starts the bitmap anew from the file, for the size as it is now. All must have been written
   * back.
   */
  reloadBitmap(): void {
    this.complete = false
    this.bitmap.reset(divCeil(this.size, this.clusterSize))
  }

  /** Makes durable all that was written and all bits that speak of it. */
  async flush(): Promise<void> {
    this.failure.throwAgain()
    if (!(await this.bitmap.writeBack())) await this.syncImage()
    // Counted, as pages are also written to make room, and as another flush's sync may be under
    // way: that one may have begun too early, and ends when it likes.
    const { writes } = this.bitmap
    if (writes === this.syncedWrites) return
    await this.syncMetadata()
    this.syncedWrites = Math.max(this.syncedWrites, writes)
  }

  async syncImage(): Promise<void> {
    this.failure.throwAgain()
    await this.failure.of(this.image.sync())
  }

  async syncMetadata(): Promise<void> {
    this.failure.throwAgain()
    await this.failure.of(this.metadata.sync())
  }

  /**
   * Closes the files. What was not flushed is written back first; where that fails, now or before,
   * they are closed all the same and the failure is thrown: nobody is to think that all is there.
   */
  async close(): Promise<void> {
    const flushed = await Promise.allSettled(this.metadata.writable ? [this.flush()] : [])
    const closed = await Promise.allSettled([this.image.close(), this.metadata.close()])
    throwFirstFailure([...flushed, ...closed])
  }
}
