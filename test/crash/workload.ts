import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'
import { alignDown, alignUp } from '../../engine/base/units'
import { Overlay } from '../../engine/format/overlay/overlay-layer'
import type { Host } from '../../engine/host/host'
import { type Disk, openDisk } from '../../engine/image/disk'
import type { FileSystemState, LogEntry } from '../support/host-log'
import { newOverlay, OVERLAY_PATH, type OverlaySpec } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { Canvas, History } from './history'

const SECTOR = 512
/**
 * Turns of the queue of promises between two requests, at the most: a moment, or what a request on
 * a late host takes.
 */
const GAPS = [1, 12, 80]

/** A disk to work on, and what its work may touch. */
export interface Setting {
  readonly name: string
  readonly overlay: OverlaySpec
  /**
   * Where the work goes on; whole clusters and whole blocks of the host. Everything outside reads
   * as zero.
   */
  readonly windows: readonly ByteRange[]
  readonly cacheBytes?: number
  /** Requests under way side by side, and a host that answers late. */
  readonly concurrent?: boolean
}

export type StepKind =
  'write' | 'zero' | 'discard' | 'flush' | 'grow' | 'shrink' | 'reopen' | 'kill' | 'populate'

/** What was done to a disk, and what a crash at any point of it may leave. */
export interface Run {
  readonly start: FileSystemState
  /** The host that the engine worked on, all closed. */
  readonly host: SimulatedHost
  readonly log: readonly LogEntry[]
  readonly history: History
}

/** Wraps the host that a workload runs on: the way to put a fault below the engine. */
export type HostWrapper = (host: Host) => Host

/** Does a number of random steps of the given kinds on a new overlay, and records them. */
export async function runWorkload(
  setting: Setting,
  kinds: readonly StepKind[],
  steps: number,
  seed: number,
  wrap: HostWrapper = (host) => host,
): Promise<Run> {
  const random = new Random(seed)
  const start = newOverlay(setting.overlay, random)
  const options = setting.concurrent === true ? { random: random.fork() } : {}
  const host = new SimulatedHost(start, options)
  const workload = await Workload.begin(setting, host, wrap(host), random)
  for (let step = 0; step < steps; step += 1) {
    if (setting.concurrent === true && random.chance(0.5)) await workload.together(kinds)
    else await workload.step(random.pick(kinds))
  }
  await workload.end()
  return { start, host, log: host.log, history: workload.history }
}

/** Reads the windows of a disk, as far as they lie within it. */
export async function readWindows(disk: Disk, windows: readonly ByteRange[]): Promise<Canvas> {
  const canvas = new Canvas(windows)
  for (const window of windows) {
    const length = Math.min(rangeEnd(window), disk.size) - window.offset
    if (length <= 0) continue
    await disk.read(canvas.part({ offset: window.offset, length }), window.offset)
  }
  return canvas
}

class Workload {
  readonly history: History
  private clock = 0

  private constructor(
    private readonly setting: Setting,
    private readonly simulated: SimulatedHost,
    private readonly host: Host,
    private readonly random: Random,
    private disk: Disk,
    /** What the disk reads as now. */
    private readonly canvas: Canvas,
  ) {
    this.history = new History(canvas, disk.size)
  }

  static async begin(
    setting: Setting,
    simulated: SimulatedHost,
    host: Host,
    random: Random,
  ): Promise<Workload> {
    const disk = await open(host, setting)
    const canvas = await readWindows(disk, setting.windows)
    return new Workload(setting, simulated, host, random, disk, canvas)
  }

  async end(): Promise<void> {
    await this.disk.close()
  }

  async step(kind: StepKind): Promise<void> {
    switch (kind) {
      case 'flush':
        await this.flush()
        break
      case 'reopen':
        await this.reopen()
        break
      case 'kill':
        await this.kill()
        break
      case 'populate':
        await this.populate()
        break
      case 'grow':
      case 'shrink':
        await this.resize(kind)
        break
      default:
        await this.change(kind, this.pickRange())
    }
  }

  /**
   * Some changes of different clusters, and flushes, begun one soon after the other whether or not
   * one has ended.
   */
  async together(kinds: readonly StepKind[]): Promise<void> {
    const { clusterSize } = this.setting.overlay
    const taken = new Set<number>()
    const works: Promise<void>[] = []
    for (let count = this.random.between(2, 9); count > 0; count -= 1) {
      await turns(this.random.below(this.random.pick(GAPS)))
      const kind = this.random.pick(kinds)
      if (kind === 'flush' || this.random.chance(0.3)) works.push(this.flush())
      if (kind === 'populate') works.push(this.populate())
      if (kind !== 'write' && kind !== 'zero' && kind !== 'discard') continue
      const range = this.pickRange()
      const first = Math.floor(range.offset / clusterSize)
      const last = Math.floor((rangeEnd(range) - 1) / clusterSize)
      const clusters = Array.from({ length: last - first + 1 }, (_, n) => first + n)
      // The model is one of sectors: changes that share one must not be under way together.
      if (clusters.some((cluster) => taken.has(cluster))) continue
      for (const cluster of clusters) taken.add(cluster)
      works.push(this.change(kind, range))
    }
    await Promise.all(works)
  }

  /** A range within a window and within the disk: whole clusters, sectors, or any bytes. */
  private pickRange(): ByteRange {
    const { random, disk, setting } = this
    const inside = setting.windows.filter(({ offset }) => offset < disk.size)
    const window = random.pick(inside)
    const end = Math.min(rangeEnd(window), disk.size)
    const unit = random.pick([setting.overlay.clusterSize, SECTOR, 1])
    const longest = Math.min(end - window.offset, 2.5 * setting.overlay.clusterSize)
    const length = random.between(1, Math.max(1, Math.floor(longest)))
    const at = window.offset + random.below(end - window.offset - length + 1)
    const offset = Math.max(window.offset, alignDown(at, unit))
    return { offset, length: Math.min(alignUp(at + length, unit), end) - offset }
  }

  private async change(kind: 'write' | 'zero' | 'discard', range: ByteRange): Promise<void> {
    const { disk, canvas, history } = this
    const begun = this.begin()
    const content = new Uint8Array(range.length)
    if (kind === 'write') {
      content.set(this.random.bytes(range.length))
      await disk.write(content, range.offset)
    } else if (kind === 'zero') {
      await disk.writeZeroes(range)
    } else {
      await disk.discard(range)
      await disk.read(content, range.offset)
    }
    const ended = this.tick()
    canvas.part(range).set(content)
    const logEnded = this.simulated.log.length
    history.add({ ...begun, ended, logEnded, sectors: sectorsOf(canvas, range) })
  }

  /** A step of a flatten, which changes nothing, whatever else is under way. */
  private async populate(): Promise<void> {
    const { top, below } = this.disk
    const verify = this.random.chance(0.5)
    if (top instanceof Overlay) await top.populate(this.pickRange(), below, { verify })
  }

  private async flush(): Promise<void> {
    const begun = this.begin()
    await this.disk.flush()
    this.ended(begun)
  }

  private async reopen(): Promise<void> {
    const begun = this.begin()
    await this.disk.close()
    this.ended(begun)
    this.disk = await open(this.host, this.setting)
  }

  /**
   * The program ends in the middle of a write or a flush; the next one reads what is there, and may
   * rely on it once it has flushed.
   */
  private async kill(): Promise<void> {
    const begun = this.begin()
    const { offset, length } = this.pickRange()
    const works = [
      () => this.disk.flush(),
      () => this.disk.write(this.random.bytes(length), offset),
    ]
    void this.random.pick(works)()
    await turns(this.random.below(this.random.pick(GAPS)))
    this.simulated.endProgram()
    this.disk = await open(this.host, this.setting)
    const found = await readWindows(this.disk, this.setting.windows)
    const sectors = new Map<number, Uint8Array>()
    for (const window of this.setting.windows) {
      const range = { offset: window.offset, length: window.length }
      this.canvas.part(range).set(found.part(range))
      for (const [sector, bytes] of sectorsOf(this.canvas, range)) sectors.set(sector, bytes)
    }
    this.history.add({ ...begun, ended: this.tick(), logEnded: this.simulated.log.length, sectors })
  }

  private async resize(kind: 'grow' | 'shrink'): Promise<void> {
    const size = this.pickSize(kind)
    const begun = this.begin()
    await this.disk.truncate(size)
    this.canvas.cut(size)
    this.ended(begun, size)
  }

  private pickSize(kind: 'grow' | 'shrink'): number {
    const { random, disk, setting } = this
    const last = setting.windows.reduce((end, window) => Math.max(end, rangeEnd(window)), 0)
    const unit = random.pick([SECTOR, setting.overlay.clusterSize])
    const size =
      kind === 'grow'
        ? random.between(disk.size, Math.max(disk.size, last))
        : random.between(SECTOR, disk.size)
    return Math.min(Math.max(SECTOR, alignDown(size, unit)), last)
  }

  private begin(): { begun: number; logBegun: number } {
    return { begun: this.tick(), logBegun: this.simulated.log.length }
  }

  private ended(begun: { begun: number; logBegun: number }, size?: number): void {
    const logEnded = this.simulated.log.length
    const sectors = new Map<number, Uint8Array>()
    const operation = { ...begun, ended: this.tick(), logEnded, flushes: true, sectors }
    this.history.add(size === undefined ? operation : { ...operation, size })
  }

  private tick(): number {
    this.clock += 1
    return this.clock
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

async function open(host: Host, { cacheBytes }: Setting): Promise<Disk> {
  const options = cacheBytes === undefined ? {} : { cacheBytes }
  return await openDisk(host, OVERLAY_PATH, { writable: true, ...options })
}

/** What each sector that a range touches holds. */
function sectorsOf(canvas: Canvas, range: ByteRange): Map<number, Uint8Array> {
  const sectors = new Map<number, Uint8Array>()
  for (let at = alignDown(range.offset, SECTOR); at < rangeEnd(range); at += SECTOR) {
    sectors.set(at, canvas.part({ offset: at, length: SECTOR }).slice())
  }
  return sectors
}
