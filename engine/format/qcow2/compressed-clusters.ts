import { promisify } from 'node:util'
import { constants, inflateRaw } from 'node:zlib'
import { EngineError } from '../../base/errors'
import type { MaybePromise } from '../../base/maybe-promise'
import { MIB } from '../../base/units'
import type { HostFile } from '../../host/host'
import { decompressZstd, zstdIsParallel } from './zstd'

const inflate: (
  source: Uint8Array,
  options: { chunkSize: number; maxOutputLength: number; finishFlush: number },
) => Promise<Uint8Array> = promisify(inflateRaw)

/** What decompressed clusters take in memory, at the least as many as are under way at a time. */
const CACHE_BYTES = 4 * MIB
const MIN_CLUSTERS = 8
const MAX_CLUSTERS = 64

/** Where a compressed cluster lies in the file, padding included. */
export interface CompressedPlace {
  readonly host: number
  readonly compressedLength: number
}

interface Cached {
  readonly bytes: MaybePromise<Uint8Array>
  readonly compressedLength: number
}

/**
 * Decompressed clusters of one file: the latest, and those that are being decompressed. A few are
 * started before they are asked for, as decompression goes on in other threads.
 */
export class CompressedClusters {
  /** How many may be started ahead. */
  readonly ahead: number
  /** By the place in the file; the one that was not used for the longest time first. */
  private readonly clusters = new Map<number, Cached>()
  private readonly running = new Set<Promise<unknown>>()
  private readonly limit: number

  constructor(
    private readonly file: HostFile,
    private readonly clusterSize: number,
    private readonly compression: 'zlib' | 'zstd',
  ) {
    const fitting = Math.floor(CACHE_BYTES / clusterSize)
    this.limit = Math.min(MAX_CLUSTERS, Math.max(MIN_CLUSTERS, fitting))
    this.ahead = compression === 'zstd' && !zstdIsParallel ? 0 : Math.min(16, this.limit / 2)
  }

  /** The content of a cluster, at once where it is cached. `format/corrupt` where it is damaged. */
  get(place: CompressedPlace): MaybePromise<Uint8Array> {
    const cached = this.find(place)
    if (cached === undefined) return this.start(place)
    this.clusters.delete(place.host)
    this.clusters.set(place.host, cached)
    return cached.bytes
  }

  /** Begins to decompress a cluster that will be asked for. */
  prepare(place: CompressedPlace): void {
    if (this.find(place) === undefined) this.start(place).catch(() => undefined)
  }

  /** When nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.running)
  }

  private find({ host, compressedLength }: CompressedPlace): Cached | undefined {
    const cached = this.clusters.get(host)
    return cached?.compressedLength === compressedLength ? cached : undefined
  }

  private start(place: CompressedPlace): Promise<Uint8Array> {
    const { host, compressedLength } = place
    for (const oldest of this.clusters.keys()) {
      if (this.clusters.size < this.limit) break
      this.clusters.delete(oldest)
    }
    const bytes = this.decompress(place)
    this.running.add(bytes)
    const mine = { bytes, compressedLength }
    this.clusters.delete(host)
    this.clusters.set(host, mine)
    const end = (): boolean => this.running.delete(bytes)
    bytes.then(
      (done) => {
        end()
        if (this.clusters.get(host) === mine) {
          this.clusters.set(host, { bytes: done, compressedLength })
        }
      },
      () => {
        end()
        if (this.clusters.get(host) === mine) this.clusters.delete(host)
      },
    )
    return bytes
  }

  private async decompress({ host, compressedLength }: CompressedPlace): Promise<Uint8Array> {
    const { clusterSize } = this
    const source = Buffer.allocUnsafeSlow(compressedLength)
    await this.file.read(source, host)
    let bytes: Uint8Array
    try {
      bytes = await this.unpack(source)
    } catch (error) {
      throw this.damaged(host, error)
    }
    if (bytes.length !== clusterSize) throw this.damaged(host, undefined)
    return bytes
  }

  private async unpack(source: Uint8Array): Promise<Uint8Array> {
    const { clusterSize } = this
    if (this.compression === 'zstd') return await decompressZstd(source, clusterSize)
    // Where a stream ends is known by sectors only: what follows it is not looked at, and the
    // length of what it gives tells whether all was there.
    const finishFlush = constants.Z_SYNC_FLUSH
    return await inflate(source, {
      // a little more: a chunk that is filled to its end asks for another one
      chunkSize: clusterSize + 64,
      maxOutputLength: clusterSize,
      finishFlush,
    })
  }

  private damaged(host: number, cause: unknown): EngineError {
    const { path } = this.file
    const message =
      `Cannot read the compressed cluster at byte ${String(host)} of ${path}: ` +
      'what is there does not give a whole cluster'
    return new EngineError('format/corrupt', message, { path, host }, { cause })
  }
}
