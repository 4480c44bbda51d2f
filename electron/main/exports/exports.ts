import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { EngineError, type JobPlan, type NbdAddress } from '../../../engine'
import type {
  ExportId,
  ExportList,
  ExportPlace,
  ExportSnapshot,
  ExportSnapshotRequest,
  FlattenExportRequest,
  StartExportRequest,
} from '../../contract/exports'
import type { HostSettings } from '../../worker/calls'
import type { SnapshotFiles } from '../../worker/exports/calls'
import type { FileClaims } from '../jobs/file-claims'
import type { LibraryParts } from '../library'
import type { Log } from '../log'
import { exportObstacle, exportedFiles } from './export-rules'
import { ExportThread, type ExportPort } from './export-thread'
import { findQemu, qemuArguments, startQemu } from './qemu'
import { RunningExport } from './running-export'
import { SocketFolder } from './sockets'

/** How often the figures of an export go to the window at most. */
const TELL_INTERVAL_MS = 250
/** How often speeds are worked out anew while nothing is told. */
const TICK_MS = 1000

export interface ExportsOptions {
  readonly libraryParts: LibraryParts
  readonly claims: FileClaims
  /** Starts the thread of one export. */
  readonly spawn: () => ExportPort
  /** For one thread: see EngineThreads. */
  readonly hostSettings: () => () => HostSettings
  readonly onChange: (snapshot: ExportSnapshot) => void
  readonly onRemoved: (id: ExportId) => void
  /** Files are written to by exports, or are no longer: see `filesWritten`. */
  readonly onFiles: () => void
  readonly log: Log
}

/** All exports: started, stopped, and what is done to them while clients are connected. */
export class Exports {
  private readonly running = new Map<ExportId, RunningExport>()
  private readonly sockets = new SocketFolder()
  private readonly toTell = new Set<ExportId>()
  private timer: NodeJS.Timeout | undefined
  private ticker: NodeJS.Timeout | undefined

  constructor(private readonly options: ExportsOptions) {}

  async list(): Promise<ExportList> {
    const exports = [...this.running.values()].map((one) => one.snapshot())
    return { exports, canStartQemu: (await findQemu()) !== undefined }
  }

  /** Those that clients are served by, and how many clients these are. */
  inUse(): { readonly exports: number; readonly clients: number } {
    const on = [...this.running.values()].filter((one) => one.isOn)
    const clients = on.reduce((sum, one) => sum + one.snapshot().clients, 0)
    return { exports: on.length, clients }
  }

  filesWritten(): ReadonlySet<string> {
    return new Set([...this.running.values()].flatMap((one) => one.touched.writes))
  }

  /**
   * Starts to serve an image. Errors: `in-use` where a job or another export works on it,
   * `chain/breaks-others` where images stand on it and it should be written to, those of serveDisk.
   */
  async start({ imageId, readOnly, place }: StartExportRequest): Promise<{ id: ExportId }> {
    const { libraryParts, claims, spawn, hostSettings, log } = this.options
    const record = libraryParts.library.record(imageId)
    const obstacle = exportObstacle(libraryParts.library, record, readOnly)
    if (obstacle !== undefined) throw EngineError.fromData(obstacle)
    const { path } = record
    const address = await this.addressFor(place, path)
    const files = exportedFiles(record, readOnly)
    if (claims.conflicts(files)) throw inUse(path)

    const id = randomUUID()
    const one = new RunningExport(
      { id, imageId, path, readOnly, address, files },
      { claims, onChange: () => this.tellSoon(id), onFiles: () => this.options.onFiles() },
    )
    const thread = new ExportThread(
      spawn(),
      {
        onState: (state) => one.see(state),
        onFailure: (error) => one.failed(error),
        onCrash: (error) => {
          log.error(`Export of ${path}: ${error.message}`)
          const { touched } = one
          one.crashed(error)
          this.lookAgain(touched)
        },
      },
      hostSettings(),
    )
    await one.open(thread)
    this.running.set(id, one)
    log.info(`Export of ${path} at ${one.snapshot().uri}`)
    this.options.onFiles()
    this.tellSoon(id)
    this.ticker ??= setInterval(() => this.tick(), TICK_MS)
    return { id }
  }

  /** Ends an export in good order, or takes one that has failed out of the list. */
  async stop(id: ExportId): Promise<void> {
    const one = this.get(id)
    const { touched } = one
    await one.close()
    this.running.delete(id)
    this.toTell.delete(id)
    if (this.running.size === 0) {
      clearInterval(this.ticker)
      this.ticker = undefined
    }
    this.options.onRemoved(id)
    this.options.onFiles()
    this.lookAgain(touched)
  }

  /** Ends all exports that are on. Never fails: what goes wrong is in the log. */
  async closeAll(): Promise<void> {
    const ends = [...this.running].map(async ([id, one]) => {
      try {
        await this.stop(id)
      } catch (error) {
        this.options.log.error(`Cannot close the export of ${one.snapshot().path}`, error)
      }
    })
    await Promise.all(ends)
    await this.sockets.remove()
  }

  /** What a snapshot would make. */
  async planSnapshot(request: ExportSnapshotRequest): Promise<JobPlan> {
    const one = this.get(request.id)
    return await one.planSnapshot(newFiles(one, request).files)
  }

  /** Puts a new overlay on top, which the library gets to know. */
  async takeSnapshot(request: ExportSnapshotRequest): Promise<void> {
    const { adder } = this.options.libraryParts
    const one = this.get(request.id)
    const { files, overlay } = newFiles(one, request)
    await one.takeSnapshot(files, overlay)
    const { added, known } = await adder.add([files.path])
    const [imageId] = [...added, ...known]
    if (imageId !== undefined) one.setImage(imageId)
  }

  flatten({ id, bytesPerSecond }: FlattenExportRequest): void {
    this.get(id).flatten(bytesPerSecond)
  }

  async stopFlatten(id: ExportId): Promise<void> {
    await this.get(id).stopFlatten()
  }

  async grow(id: ExportId, size: number): Promise<void> {
    await this.get(id).grow(size)
  }

  /** Starts a machine on an export; `not-supported` where QEMU is not installed. */
  async startQemu(id: ExportId, throwAway: boolean): Promise<void> {
    const one = this.get(id)
    const { uri, readOnly, path } = one.snapshot()
    const program = await findQemu()
    if (program === undefined) {
      const message = 'qemu-system-x86_64 is not installed'
      throw new EngineError('not-supported', message, {}, { state: 'unchanged' })
    }
    if (readOnly && !throwAway) {
      const message = `${path} is exported for reading only: a machine could not write to it`
      throw new EngineError('read-only', message, { path }, { state: 'unchanged' })
    }
    await startQemu(program, qemuArguments(uri, throwAway), (error) => {
      if (error !== undefined) this.options.log.warn(`QEMU on ${path}: ${error.message}`)
      one.machineEnded(error)
    })
    one.machineStarted()
  }

  private get(id: ExportId): RunningExport {
    const one = this.running.get(id)
    if (one !== undefined) return one
    const message = 'This export is not there any more'
    throw new EngineError('invalid-argument', message, {}, { state: 'unchanged' })
  }

  private async addressFor(place: ExportPlace, path: string): Promise<NbdAddress> {
    if (place.kind === 'tcp') return place
    return { kind: 'socket', path: await this.sockets.newPath(basename(path)) }
  }

  /** Only what nobody stands on was written to, so what lies below an image reads as before. */
  private lookAgain({ writes, reads }: RunningExport['touched']): void {
    const { library, scanner } = this.options.libraryParts
    if (writes.length > 0) scanner.request(library.using([...writes, ...reads]), true)
  }

  private tick(): void {
    for (const [id, one] of this.running) if (one.isOn) this.tellSoon(id)
  }

  private tellSoon(id: ExportId): void {
    this.toTell.add(id)
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      for (const changed of this.toTell) {
        const one = this.running.get(changed)
        if (one !== undefined) this.options.onChange(one.snapshot())
      }
      this.toTell.clear()
    }, TELL_INTERVAL_MS)
  }
}

function newFiles(
  one: RunningExport,
  { name, imageFileName }: ExportSnapshotRequest,
): { readonly files: SnapshotFiles; readonly overlay: readonly string[] } {
  const folder = dirname(one.snapshot().path)
  const path = join(folder, name)
  return { files: { path, imageFile: imageFileName }, overlay: [path, join(folder, imageFileName)] }
}

function inUse(path: string): EngineError {
  const message = `A job or another export of this application is using ${path}`
  return new EngineError('in-use', message, { path }, { state: 'unchanged' })
}
