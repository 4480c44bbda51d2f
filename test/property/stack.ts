import { type ByteRange, clipRange, rangeEnd } from '../../engine/base/byte-range'
import { alignDown, GIB, KIB, MIB, SECTOR_SIZE, TIB } from '../../engine/base/units'
import { type Disk, openDisk } from '../../engine/image/disk'
import { runJob } from '../../engine/job/jobs'
import type { CreateRequest, JobRequest, JobResult } from '../../engine/model/job'
import { plainContent, unwatched } from '../support/disks'
import { BASE_PATH, newOverlay, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { SparseBytes } from '../support/sparse-bytes'

/** What a run of commands starts with. */
export interface Start {
  readonly layout: 'add-cow' | 'acow'
  /** 9 to 21; only for acow. */
  readonly clusterBits: number
  readonly size: SizeKind
  /** Sectors more, or fewer, than the size kind says. */
  readonly sizeShift: number
  readonly base: 'none' | 'shorter' | 'longer'
  /** Bytes that the base has behind its last whole sector. */
  readonly baseRest: number
  /** The seed of a host that answers late; one that answers at once where undefined. */
  readonly late: number | undefined
}

export type SizeKind = 'tiny' | 'byte 512 of the bitmap' | '65536 clusters' | '4 GiB' | '2 TiB'

/** A place on the disk: so many bytes from one of its interesting offsets, wherever these are. */
export interface Place {
  readonly anchor: number
  readonly shift: number
}

const LAST_LAYER = 4
/** What is compared at once; of what is longer, the data alone. */
const STEP = 256 * KIB

/**
 * A chain of overlays on a simulated host, and what its top has to read as: bytes in a flat array
 * with holes.
 */
export class Stack {
  readonly flat: SparseBytes
  private layers = 1

  private constructor(
    private readonly host: SimulatedHost,
    private readonly anchors: readonly number[],
    public disk: Disk,
  ) {
    this.flat = new SparseBytes()
  }

  static async begin(start: Start): Promise<Stack> {
    const clusterSize = start.layout === 'add-cow' ? SECTOR_SIZE : 2 ** start.clusterBits
    const size = SECTOR_SIZE * Math.max(1, sizeOf(start.size, clusterSize) + start.sizeShift)
    const anchors = anchorsOf(clusterSize, size)
    const spec = { layout: start.layout, clusterSize, size, image: imageOf(start, size) }
    const base = baseOf(start, size, anchors)
    const random = new Random(start.sizeShift + start.baseRest)
    const files = newOverlay(base === undefined ? spec : { ...spec, base }, random)
    const host = new SimulatedHost(
      files,
      start.late === undefined ? {} : { random: new Random(start.late) },
    )
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true, cacheBytes: 1 })
    const stack = new Stack(host, anchors, disk)
    stack.takeFromBase(host.bytesAt(BASE_PATH), size)
    return stack
  }

  /**
   * What a new overlay reads as: the base's whole sectors up to the end of the disk, then zeros.
   */
  private takeFromBase(base: SparseBytes | undefined, size: number): void {
    const end = alignDown(base?.length ?? 0, SECTOR_SIZE)
    for (let at = 0; base !== undefined && at < end;) {
      const run = base.dataAt(at)
      const next = Math.min(run.end, end)
      if (run.data) this.flat.write(bytesOf(base, { offset: at, length: next - at }), at)
      at = next
    }
    this.flat.truncate(size)
  }

  private get path(): string {
    return this.layers === 1 ? OVERLAY_PATH : `/d/layer-${String(this.layers)}.add-cow`
  }

  /** A range of at most `length` bytes at a place, within the disk. */
  rangeAt({ anchor, shift }: Place, length: number): ByteRange {
    const { size } = this.disk
    const inside = this.anchors.filter((offset) => offset <= size)
    const around = (inside[anchor % inside.length] ?? 0) + shift
    const offset = Math.min(Math.max(0, around), size - 1)
    return clipRange({ offset, length }, size)
  }

  /** A size at a place: whole sectors, at least one. */
  sizeAt({ anchor, shift }: Place): number {
    const around = (this.anchors[anchor % this.anchors.length] ?? 0) + shift
    return Math.max(SECTOR_SIZE, alignDown(around, SECTOR_SIZE))
  }

  /** What a range of the disk has to read as. */
  expected(range: ByteRange): Uint8Array {
    return bytesOf(this.flat, range)
  }

  async readDisk({ offset, length }: ByteRange): Promise<Uint8Array> {
    const bytes = new Uint8Array(length).fill(0x5a)
    await this.disk.read(bytes, offset)
    return bytes
  }

  async reopen(cacheBytes: number): Promise<void> {
    await this.disk.close()
    this.disk = await openDisk(this.host, this.path, { writable: true, cacheBytes })
  }

  /** Sets the virtual size of the top. */
  async resize(size: number): Promise<void> {
    await this.disk.truncate(size)
    this.flat.truncate(size)
  }

  /**
   * Puts a new overlay on top, as long as the disk is or of another length. False where the chain
   * is deep enough.
   */
  async putOnTop(
    given: Pick<CreateRequest, 'format' | 'clusterSize'>,
    size: number | undefined,
  ): Promise<boolean> {
    if (this.layers === LAST_LAYER) return false
    await this.disk.close()
    const backingFile = this.path
    this.layers += 1
    const imageFile = `layer-${String(this.layers)}.raw`
    const names = { path: this.path, imageFile, backingFile }
    const request = { ...given, kind: 'create', ...names } as const
    await this.run(size === undefined ? request : { ...request, size })
    this.disk = await openDisk(this.host, this.path, { writable: true, cacheBytes: 1 })
    this.flat.truncate(this.disk.size)
    return true
  }

  async run(request: JobRequest): Promise<JobResult> {
    return await runJob(this.host, request, unwatched)
  }

  /**
   * What is wrong with the disk as a whole; empty = nothing. Every byte is compared, holes by what
   * the map says.
   */
  async differences(): Promise<string[]> {
    const wrong: string[] = []
    let end = 0
    for await (const { offset, length, content } of this.disk.extents()) {
      if (offset !== end) wrong.push(`the map has a gap at ${String(end)}`)
      end = offset + length
      const data = content === 'data'
      for (const range of data ? steps({ offset, length }) : this.dataIn({ offset, length })) {
        const found = await this.readDisk(range)
        if (Buffer.compare(found, this.expected(range)) !== 0) {
          wrong.push(`${content} at ${String(range.offset)} reads wrong`)
        }
        for (const { offset: at, bytes } of await plainContent(this.disk, range)) {
          const start = at - range.offset
          if (Buffer.compare(bytes, found.subarray(start, start + bytes.length)) !== 0) {
            wrong.push(`what is plain at ${String(at)} lies elsewhere`)
          }
        }
        if (!data && found.some((byte) => byte !== 0)) {
          wrong.push(`the map says zero at ${String(range.offset)}, where there is data`)
        }
      }
    }
    if (end !== this.disk.size) wrong.push(`the map ends at ${String(end)}`)
    if (this.disk.size !== this.flat.length) wrong.push(`the size is ${String(this.disk.size)}`)
    return wrong
  }

  /** The parts of a range in which the flat array has something. */
  private *dataIn(range: ByteRange): Generator<ByteRange> {
    for (let at = range.offset; at < rangeEnd(range);) {
      const { data, end } = this.flat.dataAt(at)
      const next = Math.min(end, rangeEnd(range))
      if (data) yield* steps({ offset: at, length: next - at })
      at = next
    }
  }

  /** Closes the disk, and looks at its files: nothing worse than a notice or a leak. */
  async finish(): Promise<string[]> {
    const wrong = await this.differences()
    await this.disk.close()
    const { check } = await this.run({ kind: 'check', path: this.path, repair: 'none' })
    for (const { code, severity } of check?.findings ?? []) {
      if (severity === 'corruption') wrong.push(`check finds ${code}`)
    }
    if (this.host.openCount > 0) wrong.push(`${String(this.host.openCount)} files are open`)
    return wrong
  }
}

function bytesOf(file: SparseBytes, { offset, length }: ByteRange): Uint8Array {
  const bytes = new Uint8Array(length)
  file.read(bytes, offset)
  return bytes
}

function* steps(range: ByteRange): Generator<ByteRange> {
  for (let at = range.offset; at < rangeEnd(range); at += STEP) {
    yield { offset: at, length: Math.min(STEP, rangeEnd(range) - at) }
  }
}

/** In sectors. */
function sizeOf(kind: SizeKind, clusterSize: number): number {
  const cluster = clusterSize / SECTOR_SIZE
  switch (kind) {
    case 'tiny':
      return 5 * cluster + 3
    case 'byte 512 of the bitmap':
      return 512 * 8 * cluster + 1
    case '65536 clusters':
      return 65536 * cluster
    case '4 GiB':
      return (4 * GIB) / SECTOR_SIZE
    case '2 TiB':
      return (2 * TIB) / SECTOR_SIZE
  }
}

/**
 * Offsets at which something changes: borders of clusters, bitmap bytes, pages; where 32 and 41
 * bits end.
 */
function anchorsOf(clusterSize: number, size: number): number[] {
  const wanted = [
    0,
    clusterSize,
    8 * clusterSize,
    512 * 8 * clusterSize,
    4096 * 8 * clusterSize,
    2 * 4096 * 8 * clusterSize,
    65535 * clusterSize,
    65536 * clusterSize,
    2 * GIB,
    4 * GIB,
    2 * TIB,
    size,
  ]
  return wanted.filter((offset) => offset <= size).sort((a, b) => a - b)
}

/** Of small disks some image files are full of bytes that the disk must never show. */
function imageOf({ layout, late }: Start, size: number): { length: number; garbage: boolean } {
  if (size > MIB || (late ?? 0) % 2 === 1) return { length: size, garbage: false }
  return { length: layout === 'add-cow' ? size + 70_001 : size, garbage: true }
}

/**
 * Data around every interesting offset; a length that is longer or shorter than the disk, and no
 * whole sectors.
 */
function baseOf(
  { base, baseRest }: Start,
  size: number,
  anchors: readonly number[],
): { length: number; data: ByteRange[] } | undefined {
  if (base === 'none') return undefined
  const sectors = base === 'shorter' ? Math.floor(size / SECTOR_SIZE / 2) : size / SECTOR_SIZE + 37
  const length = sectors * SECTOR_SIZE + baseRest
  const data = [...anchors, length - 5000].map((offset) => ({
    offset: Math.max(0, offset - 3000),
    length: 9000,
  }))
  return { length, data: data.filter(({ offset }) => offset < length) }
}
