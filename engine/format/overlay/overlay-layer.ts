import { assert } from '../../base/assert'
import { type ByteRange, clipRange, rangeEnd } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { RangeLock } from '../../base/range-lock'
import { alignDown, alignUp } from '../../base/units'
import type { CopyPiece, HostFile } from '../../host/host'
import type { CheckResult, LayerInfo } from '../../model/image'
import type {
  Allocation,
  BackingReference,
  CheckOptions,
  LayerExtent,
  LayerFile,
  OverlayLayer,
  OverlayNames,
  PlainRun,
  Readable,
} from '../layer'
import { checkOverlay } from './check'
import { punchLeaks } from './leaks'
import type { OverlayLayout } from './layout'
import { type OverlayFiles, OverlayStorage } from './overlay-storage'
import { compareRun, fillFromBelow, makeZero, populateRuns } from './populate'
import { writeRenamed } from './rename'
import { resizeOverlay } from './resize'

/** Where the names of an overlay lead to. */
export interface ResolvedNames {
  readonly image: string
  readonly backing: string | undefined
}

/**
 * An open overlay of either layout: requests. What they stand on is in OverlayStorage.
 *
 * The image file holds the data, each byte at its own offset; the bitmap says per cluster whether
 * the layer decides it. A cluster is written in this order: the part that the request does not
 * cover is copied from below, the data is written, then the bit is set, in memory.
 *
 * Every change holds its clusters in `held`, so that no two requests copy the same cluster. Reads
 * hold nothing: a bit that is 1 speaks of data that is there, and a bit that is 0 leads to what is
 * below, which does not change.
 */
export class Overlay implements OverlayLayer {
  readonly path: string
  readonly format: OverlayLayout['format']
  readonly clusterSize: number
  readonly files: readonly LayerFile[]
  readonly backing: BackingReference | undefined
  readonly image: HostFile
  private readonly storage: OverlayStorage
  private readonly held = new RangeLock()

  constructor(
    files: OverlayFiles,
    private readonly names: ResolvedNames,
  ) {
    this.storage = new OverlayStorage(files)
    this.path = files.path
    this.format = files.layout.format
    this.clusterSize = files.layout.clusterSize
    this.backing = files.layout.backing
    this.image = files.image
    this.files = [
      { role: 'metadata', file: files.metadata },
      { role: 'data', file: files.image },
    ]
  }

  get size(): number {
    return this.storage.size
  }

  /** The name of the image file as it is stored. */
  get imageName(): string {
    return this.storage.layout.imageName
  }

  /** The path of the image file, as its name leads to it. */
  get imagePath(): string {
    return this.names.image
  }

  /** Neither bitmap nor backing file is used: the image file decides everything. */
  get allAllocated(): boolean {
    return this.storage.allAllocated
  }

  allocationAt(range: ByteRange): MaybePromise<Allocation> {
    return this.storage.allocationAt(range)
  }

  extentAt(range: ByteRange): MaybePromise<LayerExtent> {
    return andThen(this.allocationAt(range), ({ length, allocated }): MaybePromise<LayerExtent> => {
      if (!allocated) return { length, allocated, content: 'data', source: undefined }
      return andThen(this.image.dataAt(range.offset), ({ data, end }) => ({
        length: Math.min(length, end - range.offset),
        allocated,
        content: data ? 'data' : 'zero',
        source: { file: this.image, offset: range.offset },
      }))
    })
  }

  plainRunAt({ offset, length }: ByteRange): PlainRun {
    return { length, source: { file: this.image, offset } }
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    return this.image.read(target, offset)
  }

  write(source: Uint8Array, offset: number, below: Readable): MaybePromise<void> {
    return this.change({ offset, length: source.length }, below, () =>
      this.image.write(source, offset),
    )
  }

  async copyIn(pieces: readonly CopyPiece[], below: Readable): Promise<void> {
    this.storage.failure.throwAgain()
    const [first] = pieces
    const last = pieces.at(-1)
    if (first === undefined || last === undefined) return
    const { offset } = first
    await this.held.run(this.clustersOf({ offset, length: rangeEnd(last) - offset }), async () => {
      for (const piece of pieces) {
        await this.completeClusters(piece, this.clustersOf(piece), below)
      }
      await this.image.copyFrom(pieces)
      for (const piece of pieces) await this.storage.setBits(this.clustersOf(piece))
    })
  }

  async writeZeroes(range: ByteRange, below: Readable): Promise<void> {
    await this.change(range, below, () => makeZero(this.image, range))
  }

  /**
   * Puts new content in place by `apply`, and sees to the rest of the clusters and to their bits.
   */
  private change(
    range: ByteRange,
    below: Readable,
    apply: () => MaybePromise<void>,
  ): MaybePromise<void> {
    this.storage.failure.throwAgain()
    if (range.length === 0) return undefined
    const clusters = this.clustersOf(range)
    return this.held.run(clusters, () =>
      andThen(this.completeClusters(range, clusters, below), () =>
        andThen(apply(), () => this.storage.setBits(clusters)),
      ),
    )
  }

  /**
   * Copies into the clusters that the range covers in part, and that are not allocated, what it
   * does not cover.
   */
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

  /** The clusters that a range touches, cut at the virtual size. */
  private clustersOf(range: ByteRange): ByteRange {
    const offset = alignDown(range.offset, this.clusterSize)
    const length = alignUp(rangeEnd(range), this.clusterSize) - offset
    return clipRange({ offset, length }, this.size)
  }

  async discard(range: ByteRange): Promise<void> {
    this.storage.failure.throwAgain()
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
    this.storage.failure.throwAgain()
    const clusters = this.clustersOf(range)
    return await this.held.run(clusters, async () => {
      const runs = await this.unallocatedRuns(clusters)
      const copied = await populateRuns(this.image, runs, below)
      for (const run of runs) {
        if (options.verify) await compareRun(this.image, run, below)
        await this.storage.setBits(run)
      }
      return copied
    })
  }

  private async unallocatedRuns(clusters: ByteRange): Promise<ByteRange[]> {
    const runs: ByteRange[] = []
    for (let at = clusters.offset; at < rangeEnd(clusters);) {
      const rest = { offset: at, length: rangeEnd(clusters) - at }
      const { length, allocated } = await this.allocationAt(rest)
      if (!allocated) runs.push({ offset: at, length })
      at += length
    }
    return runs
  }

  async release(range: ByteRange): Promise<void> {
    assert(!this.allAllocated, 'what the flag says cannot be given up in part')
    const { storage } = this
    storage.failure.throwAgain()
    await this.held.run(range, async () => {
      await storage.clearBits(range)
      await storage.flush()
      await punchLeaks(storage, range)
    })
  }

  async checkNames(names: OverlayNames): Promise<void> {
    const { layout, metadata } = this.storage
    await layout.renamedHeader(metadata, names, this.size)
  }

  async writeRenamed(target: HostFile, names: OverlayNames): Promise<void> {
    await writeRenamed(this.storage, target, names)
  }

  async flush(): Promise<void> {
    await this.storage.flush()
  }

  async resize(size: number, below: Readable): Promise<void> {
    await resizeOverlay(this.storage, size, below)
  }

  async noteWhereComplete(): Promise<void> {
    const { storage, size } = this
    if (size === 0) return
    const { length, allocated } = await this.allocationAt({ offset: 0, length: size })
    if (allocated && length === size) storage.complete = true
  }

  async seal(): Promise<void> {
    const { storage } = this
    await storage.flush()
    if ((await this.image.stat()).size !== this.size) {
      await this.image.truncate(this.size)
      await storage.syncImage()
    }
    storage.complete = true
    if (storage.allAllocated || storage.layout.storeAllAllocated === undefined) return
    await storage.layout.storeAllAllocated(storage.metadata)
    await storage.syncMetadata()
    storage.allAllocated = true
  }

  check(options: CheckOptions): Promise<CheckResult> {
    return checkOverlay(this.storage, options)
  }

  countAllocated(): Promise<number> {
    return this.storage.countAllocated()
  }

  async info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>> {
    const { layout, metadata: metadataFile, allAllocated } = this.storage
    const [metadata, image] = await Promise.all([metadataFile.stat(), this.image.stat()])
    const info = {
      path: this.path,
      format: this.format,
      virtualSize: this.size,
      sizeOnDisk: metadata.allocatedBytes + image.allocatedBytes,
      allocatedBytes: await this.countAllocated(),
      clusterSize: this.clusterSize,
      modifiedAt: Math.max(metadata.modifiedAt, image.modifiedAt),
      allAllocated,
      imageFile: { name: layout.imageName, path: this.names.image, size: image.size },
    }
    if (this.backing === undefined || this.names.backing === undefined) return info
    const { name, format } = this.backing
    const backing = { name, path: this.names.backing }
    return { ...info, backing: format === undefined ? backing : { ...backing, format } }
  }

  async close(): Promise<void> {
    await this.storage.close()
  }
}
