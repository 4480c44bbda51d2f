import type { ByteRange } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { SECTOR_SIZE } from '../../base/units'
import type { CopyPiece, HostFile } from '../../host/host'
import type { LayerInfo } from '../../model/image'
import { LastingFailure } from '../lasting-failure'
import type { Allocation, LayerExtent, LayerFile, PlainRun, WritableLayer } from '../layer'

/**
 * A plain file: byte N of the disk is byte N of the file. It decides everything; its holes read as
 * zero.
 */
export class RawLayer implements WritableLayer {
  readonly format = 'raw'
  readonly clusterSize = SECTOR_SIZE
  readonly backing = undefined
  readonly files: readonly LayerFile[]
  private readonly failure = new LastingFailure()

  constructor(
    readonly path: string,
    private readonly file: HostFile,
    private virtualSize: number,
    /** The format whose first bytes the file shows, though it is read as raw. */
    readonly looksLike?: string,
  ) {
    this.files = [{ role: 'data', file }]
  }

  get size(): number {
    return this.virtualSize
  }

  allocationAt(range: ByteRange): Allocation {
    return { length: range.length, allocated: true }
  }

  extentAt(range: ByteRange): MaybePromise<LayerExtent> {
    return andThen(this.file.dataAt(range.offset), ({ data, end }) => ({
      length: Math.min(range.length, end - range.offset),
      allocated: true,
      content: data ? 'data' : 'zero',
      source: { file: this.file, offset: range.offset },
    }))
  }

  plainRunAt({ offset, length }: ByteRange): PlainRun {
    return { length, source: { file: this.file, offset } }
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    return this.file.read(target, offset)
  }

  write(source: Uint8Array, offset: number): MaybePromise<void> {
    this.failure.throwAgain()
    return this.file.write(source, offset)
  }

  async copyIn(pieces: readonly CopyPiece[]): Promise<void> {
    this.failure.throwAgain()
    await this.file.copyFrom(pieces)
  }

  async writeZeroes(range: ByteRange): Promise<void> {
    this.failure.throwAgain()
    await this.file.punchHole(range)
  }

  async discard(range: ByteRange): Promise<void> {
    this.failure.throwAgain()
    await this.file.punchHole(range)
  }

  async flush(): Promise<void> {
    this.failure.throwAgain()
    await this.failure.of(this.file.sync())
  }

  async resize(size: number): Promise<void> {
    this.failure.throwAgain()
    await this.file.truncate(size)
    this.virtualSize = size
    await this.failure.of(this.file.sync())
  }

  async info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>> {
    const { allocatedBytes, modifiedAt } = await this.file.stat()
    return {
      path: this.path,
      format: this.format,
      virtualSize: this.virtualSize,
      sizeOnDisk: allocatedBytes,
      allocatedBytes: this.virtualSize,
      clusterSize: this.clusterSize,
      modifiedAt,
      ...(this.looksLike !== undefined && { looksLike: this.looksLike }),
    }
  }

  close(): Promise<void> {
    return this.file.close()
  }
}
