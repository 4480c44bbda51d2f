import { EngineError } from '../../engine/base/errors'
import { KIB } from '../../engine/base/units'
import { type Disk, openDisk } from '../../engine/image/disk'
import { inspectChain } from '../../engine/image/inspect'
import { runJob } from '../../engine/job/jobs'
import type { JobRequest } from '../../engine/model/job'
import { CrashLog } from '../support/crash-states'
import { checkDisk, diskContent, inSteps, unwatched } from '../support/disks'
import type { CallKind, Errno, HostCall } from '../support/host-call'
import { type FileSystemState, fileSystem } from '../support/host-log'
import { BASE_PATH, IMAGE_PATH, metadataFile, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { SparseBytes } from '../support/sparse-bytes'
import { SectorModel } from './sector-model'

const TOP_PATH = '/d/top.add-cow'
const EXPORT_PATH = '/d/out.raw'
const SIZE = 24 * KIB + 512

/** Which host call fails, counted from 0, and whether all that follow do as well. */
export interface Fault {
  readonly nth: number
  readonly errno: Errno
  readonly forever: boolean
  /** Of the calls alone that may need more space: the rest goes on, as on a device that is full. */
  readonly spaceOnly?: boolean
}

/**
 * The calls that a full device refuses: what was written may find no place as late as at a sync.
 */
const SPACE_CALLS: readonly CallKind[] = ['write', 'copy', 'truncate', 'sync']

export interface Outcome {
  /** Whether the host call was reached at all. */
  readonly hit: boolean
  readonly violations: readonly string[]
}

export interface Flavour {
  readonly layout: 'add-cow' | 'acow'
  readonly clusterSize: number
  /** The seed of a host that answers late and out of order. */
  readonly lateSeed?: number
}

/** An overlay with some data on a raw base: what the scenario's own overlay is made on. */
function startFiles(): FileSystemState {
  const random = new Random(7)
  const overlay = metadataFile({
    layout: 'add-cow',
    clusterSize: 512,
    size: SIZE,
    base: { length: 0, data: [] },
  })
  overlay.write(Uint8Array.of(0x0f, 0xff), 2560)
  const image = new SparseBytes()
  image.truncate(SIZE)
  image.write(random.bytes(8 * KIB), 0)
  return fileSystem({
    [BASE_PATH]: random.bytes(SIZE + 3 * KIB),
    [OVERLAY_PATH]: overlay,
    [IMAGE_PATH]: image,
  })
}

/**
 * The life of an overlay, with a host call that fails. Whatever fails is tried again: where the
 * fault was a single one, it must work then.
 */
export class Scenario {
  readonly violations: string[] = []
  private readonly host: SimulatedHost
  private readonly start = startFiles()
  private readonly random = new Random(11)
  /** Calls so far of those that may fail. */
  private calls = 0
  private hit = false
  private failedKind: string | undefined
  private lifted = false
  private model = new SectorModel(new Uint8Array(0))
  private disk: Disk | undefined
  private exists = false
  /**
   * The host gave up what a failed sync covered, though reading still shows it: from then on no
   * crash is looked at.
   */
  private hostLost = false

  constructor(
    private readonly flavour: Flavour,
    private readonly fault: Fault,
  ) {
    const fail = (call: HostCall): Errno | undefined => this.failing(call)
    const { lateSeed } = flavour
    const options = lateSeed === undefined ? { fail } : { fail, random: new Random(lateSeed) }
    this.host = new SimulatedHost(this.start, options)
  }

  private failing({ kind }: HostCall): Errno | undefined {
    const { nth, errno, forever, spaceOnly } = this.fault
    if (spaceOnly === true && !SPACE_CALLS.includes(kind)) return undefined
    const index = this.calls
    this.calls += 1
    if (this.lifted || index < nth || (index > nth && !forever)) return undefined
    this.hit = true
    this.failedKind = kind
    return errno
  }

  async run(): Promise<Outcome> {
    await this.create()
    await this.step('open', () => this.open())
    await this.write(3 * KIB + 100, 700)
    await this.write(8 * KIB, 9 * KIB)
    await this.flush()
    await this.zero(10 * KIB + 50, 3000)
    await this.discard(4 * KIB, 6 * KIB)
    await this.write(20 * KIB, 2 * KIB)
    await this.resize(33 * KIB)
    await this.write(26 * KIB + 3, 5 * KIB)
    await this.flush()
    await this.resize(17 * KIB)
    await this.resize(30 * KIB)
    await this.write(0, 600)
    await this.step('close', () => this.close())
    await this.step('info', async () => {
      await inspectChain(this.host, TOP_PATH)
    })
    await this.job({ kind: 'check', path: TOP_PATH, repair: 'all' })
    await this.rebase('base.raw')
    await this.rebase('x.add-cow')
    await this.job({ kind: 'commit', path: TOP_PATH, verify: true })
    await this.job({ kind: 'export', path: TOP_PATH, target: EXPORT_PATH, verify: true })
    await this.job({ kind: 'flatten', path: TOP_PATH, verify: true })
    await this.finish()
    return { hit: this.hit, violations: this.violations }
  }

  private async create(): Promise<void> {
    const { layout, clusterSize } = this.flavour
    const names = { path: TOP_PATH, imageFile: 'top.raw', backingFile: 'x.add-cow' }
    const request = { kind: 'create', ...names, format: layout } as const
    await this.job(layout === 'acow' ? { ...request, clusterSize } : request)
    this.exists = true
    this.model = new SectorModel(await this.contentOf(this.host.snapshot(), OVERLAY_PATH))
  }

  private async open(): Promise<void> {
    this.disk = await openDisk(this.host, TOP_PATH, { writable: true, cacheBytes: 1 })
  }

  private async close(): Promise<void> {
    const { disk } = this
    this.disk = undefined
    try {
      await disk?.close()
      this.model.flushed()
    } catch (error) {
      this.model.cutOff()
      throw error
    }
  }

  private async write(offset: number, length: number): Promise<void> {
    const bytes = this.random.bytes(length)
    await this.change(`write at ${String(offset)}`, offset, bytes, (disk) =>
      disk.write(bytes, offset),
    )
  }

  private async zero(offset: number, length: number): Promise<void> {
    const range = { offset, length }
    await this.change('zero', offset, new Uint8Array(length), (disk) => disk.writeZeroes(range))
  }

  /** As a failed change to zeros: every sector may be as before. */
  private async discard(offset: number, length: number): Promise<void> {
    await this.step('discard', async () => {
      this.model.change({ offset, length }, new Uint8Array(length), true)
      await this.openedDisk().discard({ offset, length })
    })
  }

  private async change(
    what: string,
    offset: number,
    bytes: Uint8Array,
    work: (disk: Disk) => void | Promise<void>,
  ): Promise<void> {
    const range = { offset, length: bytes.length }
    await this.step(what, async () => {
      const disk = this.openedDisk()
      // Until it is known to have ended well.
      this.model.change(range, bytes, true)
      await work(disk)
      this.model.change(range, bytes, false)
    })
  }

  private async flush(): Promise<void> {
    await this.step('flush', async () => {
      await this.openedDisk().flush()
      this.model.flushed()
    })
  }

  private async resize(size: number): Promise<void> {
    await this.step(`resize to ${String(size)}`, async () => {
      const disk = this.openedDisk()
      this.model.resize(size, true)
      await disk.truncate(size)
      this.model.resize(size, false)
    })
  }

  private async rebase(backingFile: string): Promise<void> {
    await this.job({ kind: 'rebase', path: TOP_PATH, backingFile, namesOnly: false })
  }

  private async job(request: JobRequest): Promise<void> {
    const { clusterSize, lateSeed } = this.flavour
    // where calls are late, steps of a job overlap; elsewhere they would only take time
    const control =
      lateSeed === undefined ? unwatched : inSteps(SIZE, clusterSize, new Random(lateSeed))
    await this.step(request.kind, async () => {
      await runJob(this.host, request, control)
    })
  }

  /** Does a step, and reads the disk. */
  private async step(what: string, work: () => Promise<void>): Promise<void> {
    await this.tried(what, work)
    await this.tried(`read after ${what}`, () => this.readAll(what))
  }

  /** Does something; where it fails, looks at what is left, and tries again. */
  private async tried(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
      return
    } catch (error) {
      this.checkError(what, error)
    }
    await this.checkRefusal(what)
    await this.checkCrash(what)
    if (this.fault.forever) this.lifted = true
    try {
      if (this.fault.forever && this.fault.spaceOnly !== true) await this.removeLeftovers(what)
      await this.recover(what)
      await work()
    } catch (error) {
      this.complain(what, `cannot be done when the fault is over: ${String(error)}`)
    }
    // The fault is back for the rest.
    this.lifted = false
  }

  private checkError(what: string, error: unknown): void {
    const expected = this.fault.errno === 'EIO' ? 'io/failed' : 'io/no-space'
    if (error instanceof EngineError && error.code === expected) return
    this.complain(what, `failed with ${String(error)} instead of ${expected}`)
  }

  /**
   * After a failed sync nobody knows what the host lost: nothing more may be taken or called
   * durable.
   */
  private async checkRefusal(what: string): Promise<void> {
    const { disk } = this
    if (disk === undefined || this.failedKind !== 'sync') return
    for (const attempt of [() => disk.flush(), () => disk.write(new Uint8Array(512), 0)]) {
      try {
        await attempt()
        this.complain(what, 'a sync had failed, and more was taken')
      } catch (error) {
        this.checkError(what, error)
      }
    }
  }

  /** A crash at this moment leaves what was flushed. */
  private async checkCrash(what: string): Promise<void> {
    if (!this.exists || this.hostLost) return
    this.hostLost = this.host.log.some(({ kind }) => kind === 'failed-sync')
    const crash = new CrashLog(this.start, this.host.log)
    crash.cutAt(this.host.log.length)
    for (const state of crash.states(3, new Random(this.fault.nth))) {
      const content = await this.contentOf(state, TOP_PATH)
      for (const wrong of this.model.wrong(content, 'after a crash')) this.complain(what, wrong)
    }
  }

  /** Where nothing works any more, a job cannot clean up either. */
  private async removeLeftovers(what: string): Promise<void> {
    const made =
      what === 'create' ? [TOP_PATH, '/d/top.raw'] : what === 'export' ? [EXPORT_PATH] : []
    for (const path of this.host.paths) {
      if (made.includes(path) || path.endsWith('.part')) await this.host.remove(path)
    }
  }

  /** Ends the session, and begins a new one on what is there. */
  private async recover(what: string): Promise<void> {
    if (this.disk === undefined) return
    try {
      await this.close()
    } catch (error) {
      this.checkError('close', error)
    }
    await this.open()
    await this.readAll(`${what}, after opening again`)
  }

  /** Reads the whole disk of the session. */
  private async readAll(what: string): Promise<void> {
    const { disk } = this
    if (disk === undefined) return
    const content = new Uint8Array(disk.size)
    await disk.read(content, 0)
    for (const wrong of this.model.wrong(content, 'now')) this.complain(what, wrong)
    this.model.narrow(content)
  }

  /**
   * All is well in the end: nothing is open, the check finds nothing, the flattened image file is
   * the disk.
   */
  private async finish(): Promise<void> {
    this.lifted = true
    if (this.host.openCount > 0)
      this.complain('the end', `${String(this.host.openCount)} open files`)
    const end = this.host.snapshot()
    const content = await this.contentOf(end, TOP_PATH)
    for (const wrong of this.model.wrong(content, 'now')) this.complain('the end', wrong)
    for (const path of ['/d/top.raw', EXPORT_PATH]) {
      const bytes = this.host.bytesAt(path)?.toBytes() ?? new Uint8Array(0)
      if (Buffer.compare(bytes, content) !== 0) this.complain('the end', `${path} is not the disk`)
    }
    const { findings } = await checkDisk(new SimulatedHost(end), TOP_PATH, 'none')
    for (const finding of findings) {
      if (finding.severity !== 'notice') this.complain('the end', `check finds ${finding.code}`)
    }
    const left = this.host.paths.filter((path) => path.endsWith('.part'))
    if (left.length > 0) this.complain('the end', `left behind: ${left.join(', ')}`)
  }

  private async contentOf(state: FileSystemState, path: string): Promise<Uint8Array> {
    return await diskContent(new SimulatedHost(state), path)
  }

  private openedDisk(): Disk {
    if (this.disk === undefined) throw new Error('no disk is open')
    return this.disk
  }

  private complain(what: string, wrong: string): void {
    const { nth, errno, forever, spaceOnly } = this.fault
    const how = `${errno}${forever ? ' from then on' : ''}${spaceOnly === true ? ', full' : ''}`
    this.violations.push(
      `call ${String(nth)} (${String(this.failedKind)}) ${how}: ${what}: ${wrong}`,
    )
  }
}
