import type { ByteRange } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { throwFirstFailure } from '../../base/settled'
import { SECTOR_SIZE } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { ExternalFormat, LayerInfo } from '../../model/image'
import type { Allocation, Layer, LayerExtent, LayerFile } from '../layer'

export interface ExternalImage {
  readonly path: string
  readonly format: ExternalFormat
  /** Virtual size in bytes. */
  readonly size: number
  /** The image, and the files that it names. */
  readonly files: readonly HostFile[]
  /** The disk inside of the image, as another program reads it. */
  readonly inside: HostFile
  /** Tells where that disk has data. */
  readonly content: Pick<HostFile, 'dataAt'>
}

/**
 * An image that another program reads for us. It has nothing below it, so it decides everything;
 * where its data lies in its file, only that program knows.
 */
export class ExternalLayer implements Layer {
  readonly path: string
  readonly format: ExternalFormat
  readonly size: number
  readonly clusterSize = SECTOR_SIZE
  readonly backing = undefined
  readonly files: readonly LayerFile[]

  constructor(private readonly image: ExternalImage) {
    this.path = image.path
    this.format = image.format
    this.size = image.size
    this.files = image.files.map((file) => ({ role: 'metadata', file }))
  }

  allocationAt(range: ByteRange): Allocation {
    return { length: range.length, allocated: true }
  }

  extentAt(range: ByteRange): MaybePromise<LayerExtent> {
    return andThen(this.image.content.dataAt(range.offset), ({ data, end }) => ({
      length: Math.min(range.length, end - range.offset),
      allocated: true,
      content: data ? 'data' : 'zero',
      source: undefined,
    }))
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    return this.image.inside.read(target, offset)
  }

  async info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>> {
    const stats = await Promise.all(this.image.files.map((file) => file.stat()))
    return {
      path: this.path,
      format: this.format,
      virtualSize: this.size,
      sizeOnDisk: stats.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0),
      allocatedBytes: this.size,
      clusterSize: this.clusterSize,
      modifiedAt: Math.max(...stats.map(({ modifiedAt }) => modifiedAt)),
    }
  }

  async close(): Promise<void> {
    const files = [this.image.inside, ...this.image.files]
    throwFirstFailure(await Promise.allSettled(files.map((file) => file.close())))
  }
}
