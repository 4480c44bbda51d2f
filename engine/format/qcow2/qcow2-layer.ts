import { type ByteRange, clipRange } from '../../base/byte-range'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { throwFirstFailure } from '../../base/settled'
import { alignDown } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { CheckResult, LayerInfo } from '../../model/image'
import type {
  Allocation,
  BackingReference,
  Layer,
  LayerExtent,
  LayerFile,
  PlainRun,
} from '../layer'
import { checkTables, type TableCheckOptions } from './check'
import { ClusterMap, type Mapping, sameAllocation, sameContent } from './cluster-map'
import { CompressedClusters } from './compressed-clusters'
import { countAllocated } from './count-allocated'
import type { Qcow2Header } from './header'
import { readSnapshots } from './snapshots'

export interface Qcow2Files {
  readonly path: string
  readonly header: Qcow2Header
  /** With header, tables, and mostly the data as well. */
  readonly file: HostFile
  readonly length: number
  /** Only where the data lies apart, with the path that its name leads to. */
  readonly external: { readonly file: HostFile; readonly path: string } | undefined
  /** Length in bytes of the file that holds data. */
  readonly dataLength: number
  /** For showing: the path that the backing file's name leads to. */
  readonly backingPath: string | undefined
  readonly cacheBytes?: number
}

/**
 * An open qcow2 image, for reading: its tables are in ClusterMap, compressed clusters in
 * CompressedClusters; plain data is read from the file where it lies.
 */
export class Qcow2Layer implements Layer {
  readonly format = 'qcow2'
  readonly path: string
  readonly size: number
  readonly clusterSize: number
  readonly files: readonly LayerFile[]
  readonly backing: BackingReference | undefined
  private readonly map: ClusterMap
  private readonly compressed: CompressedClusters
  private readonly data: HostFile
  /** Where the latest read ended: one that goes on from there is followed by more, likely. */
  private readEnd = 0

  constructor(private readonly opened: Qcow2Files) {
    const { path, header, file, external } = opened
    this.path = path
    this.size = virtualSizeOf(header)
    this.clusterSize = 2 ** header.clusterBits
    this.backing = header.backing
    this.data = external?.file ?? file
    this.files = [
      { role: 'metadata', file },
      ...(external === undefined ? [] : [{ role: 'data', file: external.file } as const]),
    ]
    this.map = new ClusterMap({ ...opened, size: this.size })
    this.compressed = new CompressedClusters(file, this.clusterSize, header.compression)
  }

  allocationAt(range: ByteRange): MaybePromise<Allocation> {
    return andThen(this.map.runAt(range, sameAllocation), ({ kind, end }) => ({
      length: end - range.offset,
      allocated: kind !== 'unallocated',
    }))
  }

  extentAt(range: ByteRange): MaybePromise<LayerExtent> {
    return andThen(this.map.runAt(range, sameContent), (run): MaybePromise<LayerExtent> => {
      const length = run.end - range.offset
      if (run.kind !== 'data') {
        const content = run.kind === 'zero' ? 'zero' : 'data'
        return { length, allocated: run.kind !== 'unallocated', content, source: undefined }
      }
      return andThen(this.data.dataAt(run.host), ({ data, end }) => ({
        length: Math.min(length, end - run.host),
        allocated: true,
        content: data ? 'data' : 'zero',
        source: { file: this.data, offset: run.host },
      }))
    })
  }

  plainRunAt(range: ByteRange): PlainRun | undefined {
    const run = this.map.runAt(range, sameContent)
    if (run instanceof Promise) {
      // whoever reads meets the same failure
      run.catch(() => undefined)
      return undefined
    }
    const length = run.end - range.offset
    if (run.kind === 'zero') return { length, source: undefined }
    if (run.kind !== 'data') return undefined
    return { length, source: { file: this.data, offset: run.host } }
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    const end = offset + target.length
    const ahead = offset === this.readEnd ? this.compressed.ahead * this.clusterSize : 0
    this.readEnd = end
    const prepareEnd = Math.min(this.size, end + ahead)
    let done = 0
    while (done < target.length) {
      const step = this.readStep(target, offset, done, prepareEnd)
      if (step instanceof Promise) return this.readRest(target, offset, step, prepareEnd)
      done = step
    }
  }

  private async readRest(
    target: Uint8Array,
    offset: number,
    first: Promise<number>,
    prepareEnd: number,
  ): Promise<void> {
    let done = await first
    while (done < target.length) done = await this.readStep(target, offset, done, prepareEnd)
  }

  /** Reads the run at `done`; how much is done then. */
  private readStep(
    target: Uint8Array,
    offset: number,
    done: number,
    prepareEnd: number,
  ): MaybePromise<number> {
    const at = offset + done
    const rest = { offset: at, length: target.length - done }
    return andThen(this.map.runAt(rest, sameContent), (run) => {
      if (run.kind === 'compressed') {
        const part = target.subarray(done, done + this.inCluster(rest).length)
        return andThen(this.readCompressed(part, at, prepareEnd), () => done + part.length)
      }
      const part = target.subarray(done, run.end - offset)
      if (run.kind === 'data') {
        return andThen(this.data.read(part, run.host), () => done + part.length)
      }
      part.fill(0)
      return done + part.length
    })
  }

  /** Of a range, what lies in its first cluster. */
  private inCluster(range: ByteRange): ByteRange {
    return clipRange(range, alignDown(range.offset, this.clusterSize) + this.clusterSize)
  }

  private readCompressed(
    target: Uint8Array,
    offset: number,
    prepareEnd: number,
  ): MaybePromise<void> {
    const place = this.map.at(offset, offset + 1)
    return andThen(place, (mapping) => {
      if (mapping.kind === 'damaged') throw this.map.damaged(offset, mapping)
      const read = this.compressed.read(mapping, target, offset % this.clusterSize)
      this.prepare(mapping, prepareEnd)
      return read
    })
  }

  /** Begins to decompress what follows a compressed cluster. */
  private prepare(from: Mapping, end: number): void {
    let at = from.end
    for (let left = this.compressed.ahead; left > 0 && at < end; left -= 1) {
      const next = this.map.peek(at, end)
      if (next?.kind !== 'compressed') return
      this.compressed.prepare(next)
      at = next.end
    }
  }

  /** Looks for what is wrong in header and tables; changes nothing. */
  async check(options: TableCheckOptions): Promise<CheckResult> {
    const { path, header, file, length } = this.opened
    return await checkTables(
      { path, header, file, length, map: this.map, size: this.size },
      options,
    )
  }

  async info(): Promise<Omit<LayerInfo, 'depth' | 'servedBytes'>> {
    const { path, header, file, length, external, backingPath } = this.opened
    const stats = await Promise.all(this.files.map(({ file: each }) => each.stat()))
    const { snapshots } = await readSnapshots(file, length, header.snapshots, path)
    const { backing, externalData, version, compression, refcountBits } = header
    return {
      path,
      format: this.format,
      virtualSize: this.size,
      sizeOnDisk: stats.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0),
      allocatedBytes: await countAllocated(this.map, this.size),
      clusterSize: this.clusterSize,
      modifiedAt: Math.max(...stats.map(({ modifiedAt }) => modifiedAt)),
      ...(backing !== undefined && {
        backing: {
          name: backing.name,
          path: backingPath ?? backing.name,
          ...(backing.format !== undefined && { format: backing.format }),
        },
      }),
      qcow2: {
        version,
        compression,
        refcountBits,
        lazyRefcounts: header.lazyRefcounts,
        extendedL2: header.extendedL2,
        dirty: header.dirty,
        corrupt: header.corrupt,
        ...(externalData !== undefined && {
          dataFile: { ...externalData, path: external?.path ?? externalData.name },
        }),
        snapshots,
      },
    }
  }

  async close(): Promise<void> {
    await this.compressed.settle()
    const closed = await Promise.allSettled(this.files.map(({ file }) => file.close()))
    throwFirstFailure(closed)
  }
}

/** Whole sectors, as QEMU counts them. */
export function virtualSizeOf({ size }: Qcow2Header): number {
  return alignDown(size, 512)
}
