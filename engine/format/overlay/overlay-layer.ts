import { type ByteRange, clipRange, rangeEnd } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { RangeLock } from '../../base/range-lock'
import { alignDown, alignUp, divCeil } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { CheckResult, LayerInfo } from '../../model/image'
import type {
  Allocation,
  CheckOptions,
  LayerExtent,
  LayerFile,
  OverlayLayer,
  Readable,
} from '../layer'
import { checkOverlay } from './check'
import { CowBitmap } from './cow-bitmap'
import type { OverlayLayout } from './layout'
import { compareRun, fillFromBelow, populateRun } from './populate'
import { resizeOverlay } from './resize'

export interface OverlayParts {
  readonly path: string
  readonly layout: OverlayLayout
  readonly metadata: HostFile
  readonly image: HostFile
  readonly imagePath: string
  readonly backingPath: string | undefined
  /** Virtual size in bytes. */
  readonly size: number
  /** Bytes that bitmap pages may take in memory. */
  readonly cacheBytes?: number
}

/**
 * An open overlay of either layout.
 *
 * Who owns what: the image file holds the data, each byte at its own offset; the bitmap says per cluster whether the
 * layer decides it. A cluster is written in this order: the part that the request does not cover is copied from below,
 * the data is written, then the bit is set, in memory. A bit reaches the add-cow file only after the image file was
 * synced (the cache's barrier), so a bit on disk never speaks of data that a crash could take.
 *
 * Every change holds its clusters in `held`, so that no two requests copy the same cluster. Reads hold nothing: a bit
 * that is 1 speaks of data that is there, and a bit that is 0 leads to what is below, which does not change.
 *
 * After a failed sync the host may have dropped what it could not write and call the next sync a success. So the first
 * failure stays: every later change and flush fails with it, and reopening reads what the disk really holds.
 */
export class Overlay implements OverlayLayer {
  readonly path: string
  readonly format
  readonly clusterSize: number
  readonly files: readonly LayerFile[]
  readonly backing
  readonly metadata: HostFile
  readonly image: HostFile
  readonly layout: OverlayLayout
  readonly bitmap: CowBitmap

  private readonly held = new RangeLock()
  private virtualSize: number
  private allAllocated: boolean
  private failure: Error | undefined
  private metadataChanged = false

  constructor(private readonly parts: OverlayParts) {
    const { layout, metadata, image } = parts
    this.path = parts.path
    this.layout = layout
    this.format = layout.format
    this.clusterSize = layout.clusterSize
    this.backing = layout.backing
    this.metadata = metadata
    this.image = image
    this.files = [
      { role: 'metadata', file: metadata },
      { role: 'data', file: image },
    ]
    this.virtualSize = parts.size
    this.allAllocated = layout.allAllocated
    this.bitmap = new CowBitmap(
      metadata,
      layout.bitmapOffset,
      divCeil(parts.size, layout.clusterSize),
      async () => {
        await this.syncImage()
        this.metadataChanged = true
      },
      parts.cacheBytes,
    )
  }

  get size(): number {
    return this.virtualSize
  }

  allocationAt(range: ByteRange): MaybePromise<Allocation> {
    if (this.allAllocated) return { length: range.length, allocated: true }
    const first = Math.floor(range.offset / this.clusterSize)
    const clusters = divCeil(rangeEnd(range), this.clusterSize) - first
    return andThen(this.bitmap.runAt(first, clusters), ({ value, count }) => {
      const end = (first + count) * this.clusterSize
      return { length: Math.min(end - range.offset, range.length), allocated: value }
    })
  }

  extentAt(range: ByteRange): MaybePromise<LayerExtent> {
    return andThen(this.allocationAt(range), ({ length, allocated }): MaybePromise<LayerExtent> => {
      if (!allocated) return { length, allocated, content: 'data' }
      return andThen(this.image.dataAt(range.offset), ({ data, end }) => ({
        length: Math.min(length, end - range.offset),
        allocated,
        content: data ? 'data' : 'zero',
        source: { file: this.image, offset: range.offset },
      }))
    })
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    return this.image.read(target, offset)
  }

  write(source: Uint8Array, offset: number, below: Readable): MaybePromise<void> {
    return this.change({ offset, length: source.length }, below, () =>
      this.image.write(source, offset),
    )
  }

  async writeZeroes(range: ByteRange, below: Readable): Promise<void> {
    await this.change(range, below, () => this.image.punchHole(range))
  }

  /** Puts new content in place by `apply`, and sees to the rest of the clusters and to their bits. */
  private change(
    range: ByteRange,
    below: Readable,
    apply: () => MaybePromise<void>,
  ): MaybePromise<void> {
    this.assertUsable()
    if (range.length === 0) return undefined
    const clusters = this.clustersOf(range)
    return this.held.run(clusters, () =>
      andThen(this.completeClusters(range, clusters, below), () =>
        andThen(apply(), () => this.setBits(clusters)),
      ),
    )
  }

  /** Copies into the clusters that the range covers in part, and that are not allocated, what it does not cover. */
  private completeClusters(
    range: ByteRange,
    clusters: ByteRange,
    below: Readable,
  ): MaybePromise<void> {
    if (this.allAllocated) return undefined
    const head = { offset: clusters.offset, length: range.offset - clusters.offset }
    const tail = { offset: rangeEnd(range), length: rangeEnd(clusters) - rangeEnd(range) }
    return andThen(this.completePart(head, below), () => this.completePart(tail, below))
  }

  private completePart(part: ByteRange, below: Readable): MaybePromise<void> {
    if (part.length === 0) return undefined
    return andThen(this.allocationAt(part), ({ allocated }) =>
      allocated ? undefined : fillFromBelow(this.image, part, below),
    )
  }

  private setBits(clusters: ByteRange): MaybePromise<void> {
    if (this.allAllocated) return undefined
    const first = clusters.offset / this.clusterSize
    return this.bitmap.set(first, divCeil(clusters.length, this.clusterSize))
  }

  /** The clusters that a range touches, cut at the virtual size. */
  private clustersOf(range: ByteRange): ByteRange {
    const offset = alignDown(range.offset, this.clusterSize)
    const length = alignUp(rangeEnd(range), this.clusterSize) - offset
    return clipRange({ offset, length }, this.virtualSize)
  }

  async discard(range: ByteRange): Promise<void> {
    this.assertUsable()
    await this.held.run(this.clustersOf(range), async () => {
      for (let at = range.offset; at < rangeEnd(range);) {
        const rest = { offset: at, length: rangeEnd(range) - at }
        const { length, allocated } = await this.allocationAt(rest)
        if (allocated) await this.image.punchHole({ offset: at, length })
        at += length
      }
    })
  }

  async populate(range: ByteRange, below: Readable, options: { verify: boolean }): Promise<number> {
    this.assertUsable()
    const clusters = this.clustersOf(range)
    return await this.held.run(clusters, async () => {
      let copied = 0
      for (let at = clusters.offset; at < rangeEnd(clusters);) {
        const rest = { offset: at, length: rangeEnd(clusters) - at }
        const { length, allocated } = await this.allocationAt(rest)
        const run = { offset: at, length }
        if (!allocated) {
          copied += await populateRun(this.image, run, below)
          if (options.verify) await compareRun(this.image, run, below)
          await this.setBits(run)
        }
        at += length
      }
      return copied
    })
  }

  async flush(): Promise<void> {
    this.assertUsable()
    if (!(await this.bitmap.writeBack())) await this.syncImage()
    if (!this.metadataChanged) return
    this.metadataChanged = false
    await this.syncMetadata()
  }

  async resize(size: number, below: Readable): Promise<void> {
    this.assertUsable()
    await resizeOverlay(this, size, below, (committed) => {
      this.virtualSize = committed
    })
  }

  async seal(): Promise<void> {
    await this.flush()
    if ((await this.image.stat()).size !== this.virtualSize) {
      await this.image.truncate(this.virtualSize)
      await this.syncImage()
    }
    if (this.allAllocated || this.layout.storeAllAllocated === undefined) return
    await this.layout.storeAllAllocated(this.metadata)
    await this.syncMetadata()
    this.allAllocated = true
  }

  check(options: CheckOptions): Promise<CheckResult> {
    return checkOverlay(this, options)
  }

  async countAllocated(): Promise<number> {
    if (this.allAllocated) return this.virtualSize
    const clusters = await this.bitmap.countSet()
    const rest = this.virtualSize % this.clusterSize
    if (rest === 0 || clusters === 0) return clusters * this.clusterSize
    const last = await this.bitmap.runAt(Math.floor(this.virtualSize / this.clusterSize), 1)
    return clusters * this.clusterSize - (last.value ? this.clusterSize - rest : 0)
  }

  async info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>> {
    const [metadata, image] = await Promise.all([this.metadata.stat(), this.image.stat()])
    const { layout, parts } = this
    const info = {
      path: this.path,
      format: this.format,
      virtualSize: this.virtualSize,
      sizeOnDisk: metadata.allocatedBytes + image.allocatedBytes,
      allocatedBytes: await this.countAllocated(),
      clusterSize: this.clusterSize,
      modifiedAt: Math.max(metadata.modifiedAt, image.modifiedAt),
      allAllocated: this.allAllocated,
      imageFile: { name: layout.imageName, path: parts.imagePath, size: image.size },
    }
    if (layout.backing === undefined || parts.backingPath === undefined) return info
    const { name, format } = layout.backing
    const backing = { name, path: parts.backingPath }
    return { ...info, backing: format === undefined ? backing : { ...backing, format } }
  }

  /** Closes the files. What was not flushed is written back first; where that fails, the files are closed all the same. */
  async close(): Promise<void> {
    try {
      if (this.metadata.writable && this.failure === undefined) await this.flush()
    } finally {
      await this.image.close()
      await this.metadata.close()
    }
  }

  /** Syncs the image file. For the files of this folder. */
  async syncImage(): Promise<void> {
    await this.orFail(this.image.sync())
  }

  /** Syncs the add-cow file. For the files of this folder. */
  async syncMetadata(): Promise<void> {
    await this.orFail(this.metadata.sync())
  }

  private async orFail(sync: Promise<void>): Promise<void> {
    this.assertUsable()
    try {
      await sync
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }

  private assertUsable(): void {
    if (this.failure !== undefined) throw this.failure
  }
}
