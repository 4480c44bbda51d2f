import { EngineError } from '../../base/errors'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { MIB, SECTOR_SIZE } from '../../base/units'
import type { HostFile } from '../../host/host'
import { type Compression, decompress, isParallel } from './decompress'

/** What decompressed clusters take in memory, at the least as many as are under way at a time. */
const CACHE_BYTES = 4 * MIB
const MIN_CLUSTERS = 8
const MAX_CLUSTERS = 64
/** With the one that is read, twice as many as Node has threads; from 9 on, a call costs more. */
const AHEAD = 7

/** Where a compressed cluster lies in the file, padding included. */
export interface CompressedPlace {
  readonly host: number
  readonly compressedLength: number
}

interface Cached {
  readonly compressedLength: number
  bytes: MaybePromise<Uint8Array>
  /** Who waits for the bytes, and has not copied them yet. */
  waiting: number
}

/**
 * Decompressed clusters of one file: the latest, and those that are being decompressed. A few are
 * started before they are asked for, as decompression goes on in other threads. Their memory is
 * used again and again: so much of it would keep the collector of garbage busy.
 */
export class CompressedClusters {
  /** How many may be started ahead; half of the limit, or those not read yet would be dropped. */
  readonly ahead: number
  /** By the place in the file; the one that was not used for the longest time first. */
  private readonly clusters = new Map<number, Cached>()
  private readonly running = new Set<Promise<unknown>>()
  private readonly limit: number
  /** Memory that is free: of whole clusters, and of compressed ones. */
  private readonly targets: Uint8Array[] = []
  private readonly sources: Uint8Array[] = []

  constructor(
    private readonly file: HostFile,
    private readonly clusterSize: number,
    private readonly compression: Compression,
  ) {
    const fitting = Math.floor(CACHE_BYTES / clusterSize)
    this.limit = Math.min(MAX_CLUSTERS, Math.max(MIN_CLUSTERS, fitting))
    this.ahead = isParallel(compression) ? Math.min(AHEAD, this.limit / 2) : 0
  }

  /**
   * Fills `target` from a cluster, from `start` of it on; at once where it is cached.
   * `format/corrupt` where it is damaged.
   */
  read(place: CompressedPlace, target: Uint8Array, start: number): MaybePromise<void> {
    const cached = this.find(place)
    const cluster = cached ?? this.start(place)
    if (cached !== undefined) {
      this.clusters.delete(place.host)
      this.clusters.set(place.host, cached)
    }
    cluster.waiting += 1
    return andThen(cluster.bytes, (bytes) => {
      target.set(bytes.subarray(start, start + target.length))
      cluster.waiting -= 1
    })
  }

  /** Begins to decompress a cluster that will be asked for. */
  prepare(place: CompressedPlace): void {
    if (this.find(place) === undefined) this.start(place)
  }

  /** When nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.running)
  }

  private find({ host, compressedLength }: CompressedPlace): Cached | undefined {
    const cached = this.clusters.get(host)
    return cached?.compressedLength === compressedLength ? cached : undefined
  }

  private start(place: CompressedPlace): Cached {
    const { host, compressedLength } = place
    for (const oldest of this.clusters.keys()) {
      if (this.clusters.size < this.limit) break
      this.drop(oldest)
    }
    this.drop(host)
    const bytes = this.decompress(place)
    const mine: Cached = { bytes, compressedLength, waiting: 0 }
    this.running.add(bytes)
    this.clusters.set(host, mine)
    bytes.then(
      (done) => {
        this.running.delete(bytes)
        mine.bytes = done
      },
      () => {
        this.running.delete(bytes)
        if (this.clusters.get(host) === mine) this.clusters.delete(host)
      },
    )
    return mine
  }

  private drop(host: number): void {
    const cached = this.clusters.get(host)
    if (cached === undefined) return
    this.clusters.delete(host)
    if (cached.bytes instanceof Uint8Array && cached.waiting === 0) this.targets.push(cached.bytes)
  }

  private async decompress({ host, compressedLength }: CompressedPlace): Promise<Uint8Array> {
    const target = this.targets.pop() ?? Buffer.allocUnsafeSlow(this.clusterSize)
    const memory = this.sourceOf(compressedLength)
    const source = memory.subarray(0, compressedLength)
    await this.file.read(source, host)
    try {
      await decompress(this.compression, source, target)
    } catch (error) {
      throw this.damaged(host, error)
    }
    this.sources.push(memory)
    return target
  }

  private sourceOf(length: number): Uint8Array {
    const memory = this.sources.pop()
    if (memory !== undefined && memory.length >= length) return memory
    return Buffer.allocUnsafeSlow(Math.max(length, this.clusterSize + SECTOR_SIZE))
  }

  private damaged(host: number, cause: unknown): EngineError {
    const { path } = this.file
    const message =
      `Cannot read the compressed cluster at byte ${String(host)} of ${path}: ` +
      'what is there does not give a whole cluster'
    return new EngineError('format/corrupt', message, { path, host }, { cause })
  }
}
