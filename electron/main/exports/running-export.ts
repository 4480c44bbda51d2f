import {
  EngineError,
  type ErrorData,
  type JobPlan,
  type NbdAddress,
  toErrorData,
} from '../../../engine'
import { type ExportFlatten, type ExportId, type ExportSnapshot } from '../../contract/exports'
import type { ImageId } from '../../contract/library'
import type { ServedState, SnapshotFiles } from '../../worker/exports/calls'
import type { FileClaims, TouchedFiles } from '../jobs/file-claims'
import type { ExportThread } from './export-thread'
import { filesAfterSnapshot } from './export-rules'
import { Throughput } from './throughput'

/** What an export is begun with. */
export interface ExportWork {
  readonly id: ExportId
  readonly imageId: ImageId
  readonly path: string
  readonly readOnly: boolean
  readonly address: NbdAddress
  readonly files: TouchedFiles
}

export interface RunningExportOptions {
  readonly claims: FileClaims
  /** It tells something else than before. */
  readonly onChange: () => void
  /** It writes to other files than before. */
  readonly onFiles: () => void
}

/**
 * One export: its thread, the files that it keeps from others, and what is told of it. The thread
 * is given by `attach`, as it speaks to this from its first moment on.
 */
export class RunningExport {
  private thread: ExportThread | undefined
  private closing: Promise<void> | undefined
  private served: ServedState | undefined
  private files: TouchedFiles
  /** The files of the image that clients write to. */
  private top: readonly string[]
  private release: () => void
  private readonly throughput = new Throughput()
  /** What is not as it is while all is well. */
  private told: Pick<Partial<ExportSnapshot>, 'status' | 'error' | 'failure'> = {}
  private flattening: ExportFlatten | undefined
  private flattens = 0
  private machines = 0
  private machineFailure: ErrorData | undefined
  private imageId: ImageId | undefined
  private readonly startedAt = Date.now()

  constructor(
    private readonly work: ExportWork,
    private readonly options: RunningExportOptions,
  ) {
    this.files = work.files
    this.top = work.files.writes
    this.imageId = work.imageId
    this.release = options.claims.claim(work.files)
  }

  get touched(): TouchedFiles {
    return this.files
  }

  /** Whether clients are served. */
  get isOn(): boolean {
    return this.told.status === undefined
  }

  private get isFlattening(): boolean {
    return this.flattening?.status === 'running'
  }

  snapshot(): ExportSnapshot {
    const { id, path, readOnly } = this.work
    const served = this.served ?? NOTHING_YET
    const { imageId, flattening, machines, machineFailure } = this
    return {
      ...{ id, status: 'running', readOnly, machines, startedAt: this.startedAt },
      ...(imageId !== undefined && { imageId }),
      uri: served.uri,
      path: this.served?.path ?? path,
      size: served.size,
      clients: served.clients,
      clientsWithOldSize: served.clientsWithOldSize,
      bytesRead: served.bytesRead,
      bytesWritten: served.bytesWritten,
      ...this.throughput.speeds(Date.now()),
      ...(flattening && { flatten: flattening }),
      ...(machineFailure && { machineFailure }),
      ...this.told,
    }
  }

  /** Begins to serve. Errors: those of serveDisk; then nothing is left of it. */
  async open(thread: ExportThread): Promise<void> {
    this.thread = thread
    const { path, readOnly, address } = this.work
    try {
      this.see(await thread.call('open', { path, readOnly, address }))
    } catch (error) {
      this.giveFree()
      await thread.terminate()
      throw error
    }
  }

  async planSnapshot(files: SnapshotFiles): Promise<JobPlan> {
    return await this.alive().call('planSnapshot', files)
  }

  /** `overlay`: the paths of the two new files. */
  async takeSnapshot(files: SnapshotFiles, overlay: readonly string[]): Promise<void> {
    const thread = this.alive()
    const unclaim = this.options.claims.claim({ writes: overlay, reads: [] })
    try {
      this.see(await thread.call('snapshot', files))
      this.imageId = undefined
      this.top = overlay
      this.keep(filesAfterSnapshot(this.files, overlay, this.isFlattening))
    } finally {
      unclaim()
    }
  }

  setImage(imageId: ImageId): void {
    this.imageId = imageId
    this.options.onChange()
  }

  /**
   * Begins to flatten, or goes on with it at another speed. How it ends is told by the snapshot.
   */
  flatten(bytesPerSecond: number | undefined): void {
    const thread = this.alive()
    const { path = '', size = 0 } = this.served ?? {}
    const limit = bytesPerSecond === undefined ? {} : { bytesPerSecond }
    this.flattening = { path, ...limit, status: 'running', current: 0, total: size }
    this.flattens += 1
    const turn = this.flattens
    this.options.onChange()
    thread.call('flatten', limit).then(
      (state) => {
        this.see(state)
        this.flattenEnded(turn, { status: 'done' })
      },
      (thrown: unknown) => {
        const error = toErrorData(thrown)
        const stopped = error.code === 'job/cancelled'
        this.flattenEnded(turn, stopped ? { status: 'stopped' } : { status: 'failed', error })
      },
    )
  }

  async stopFlatten(): Promise<void> {
    this.see(await this.alive().call('stopFlatten', undefined))
  }

  /** `invalid-argument` where it would not be larger. */
  async grow(size: number): Promise<void> {
    this.see(await this.alive().call('grow', { size }))
    this.options.onChange()
  }

  machineStarted(): void {
    this.machines += 1
    this.machineFailure = undefined
    this.options.onChange()
  }

  machineEnded(failure: ErrorData | undefined): void {
    this.machines -= 1
    this.machineFailure = failure
    this.options.onChange()
  }

  /** Ends it in good order; whatever comes of that, the files are free afterwards. */
  async close(): Promise<void> {
    this.closing ??= this.shutDown()
    await this.closing
  }

  private async shutDown(): Promise<void> {
    const { thread } = this
    if (thread === undefined || !this.isOn) return
    this.tell({ status: 'stopping' })
    try {
      await thread.call('close', undefined)
    } catch (thrown) {
      this.tell({ status: 'failed', error: toErrorData(thrown) })
      throw thrown
    } finally {
      await thread.terminate()
      this.giveFree()
    }
  }

  see(state: ServedState): void {
    this.throughput.add(state.bytesRead, state.bytesWritten, Date.now())
    this.served = state
    const { flatten } = state
    if (this.flattening !== undefined && this.isFlattening && flatten !== undefined) {
      const { current, total } = flatten
      this.flattening = { ...this.flattening, current, total }
    }
    this.options.onChange()
  }

  failed(failure: ErrorData): void {
    this.tell({ failure })
  }

  /** Its thread is no more: the kernel has closed its files. */
  crashed(error: ErrorData): void {
    this.tell({ status: 'failed', error })
    this.giveFree()
  }

  private tell(part: RunningExport['told']): void {
    this.told = { ...this.told, ...part }
    this.options.onChange()
  }

  /** Another one may have taken its place, at another speed. */
  private flattenEnded(turn: number, end: Partial<ExportFlatten>): void {
    if (turn !== this.flattens || this.flattening === undefined) return
    this.flattening = { ...this.flattening, ...end }
    const rest = this.files.writes.filter((file) => !this.top.includes(file))
    if (rest.length > 0 && this.isOn) {
      this.keep({ writes: this.top, reads: [...this.files.reads, ...rest] })
    }
    this.options.onChange()
  }

  private keep(files: TouchedFiles): void {
    const before = this.release
    this.files = files
    this.release = this.options.claims.claim(files)
    before()
    this.options.onFiles()
  }

  private giveFree(): void {
    this.files = { writes: [], reads: [] }
    this.release()
    this.options.onFiles()
  }

  private alive(): ExportThread {
    if (this.thread !== undefined && this.isOn) return this.thread
    const message = `${this.work.path} is not exported any more`
    throw new EngineError('invalid-argument', message, { path: this.work.path })
  }
}

const NOTHING_YET = {
  ...{ uri: '', size: 0, clients: 0, clientsWithOldSize: 0, bytesRead: 0, bytesWritten: 0 },
}
