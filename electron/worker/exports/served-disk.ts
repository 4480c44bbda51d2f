import {
  EngineError,
  type ErrorData,
  type Host,
  type JobPlan,
  type JobProgress,
  type NbdExport,
  type SnapshotRequest,
  inspectImage,
  planJob,
  serveDisk,
} from '../../../engine'
import type { OpenExport, ServedState, SnapshotFiles } from './calls'

interface Flattening {
  /** What it works on, and how far it is. */
  readonly far: { readonly path: string; progress: JobProgress }
  readonly stop: AbortController
  readonly over: Promise<unknown>
}

/** The one disk that a thread serves, with what is done to it meanwhile. */
export class ServedDisk {
  private flattening: Flattening | undefined

  private constructor(
    private readonly host: Host,
    private readonly nbd: NbdExport,
  ) {}

  /** Errors: those of serveDisk. `onFailure` hears what the disk could not do for a client. */
  static async open(
    host: Host,
    options: OpenExport,
    onFailure: (error: ErrorData) => void,
  ): Promise<ServedDisk> {
    const nbd = await serveDisk(host, {
      ...options,
      onEvent: (event) => {
        if (event.kind === 'failure') onFailure(event.error)
      },
    })
    return new ServedDisk(host, nbd)
  }

  state(): ServedState {
    const { uri, path, size, clients, traffic } = this.nbd
    const { bytesRead, bytesWritten } = traffic
    return {
      ...{ uri, path, size, bytesRead, bytesWritten },
      clients: clients.length,
      clientsWithOldSize: clients.filter((client) => client.size !== size).length,
      ...(this.flattening && { flatten: flattenState(this.flattening) }),
    }
  }

  /** What a snapshot would make; changes nothing. */
  async planSnapshot(files: SnapshotFiles): Promise<JobPlan> {
    const { path } = this.nbd
    const { format } = await inspectImage(this.host, path)
    const plan = await planJob(this.host, {
      kind: 'create',
      ...(await this.snapshotRequest(files)),
      backingFile: path,
      backingFormat: format,
    })
    // a command could not do it: the disk is in use here
    return { ...plan, commandLine: '' }
  }

  async snapshot(files: SnapshotFiles): Promise<void> {
    await this.nbd.snapshot(await this.snapshotRequest(files))
  }

  /** Resolves when the image file holds the whole disk; `job/cancelled` where it was stopped. */
  async flatten(bytesPerSecond: number | undefined): Promise<void> {
    await this.stopFlatten()
    const stop = new AbortController()
    const limit = bytesPerSecond === undefined ? {} : { bytesPerSecond }
    const { path, size } = this.nbd
    const far: Flattening['far'] = {
      path,
      progress: { phase: 'preparing', current: 0, total: size },
    }
    const work = this.nbd.flatten(limit, {
      signal: stop.signal,
      report: (progress) => (far.progress = progress),
    })
    const flattening: Flattening = { far, stop, over: work.catch(() => undefined) }
    this.flattening = flattening
    try {
      await work
    } finally {
      if (this.flattening === flattening) this.flattening = undefined
    }
  }

  async stopFlatten(): Promise<void> {
    this.flattening?.stop.abort()
    await this.flattening?.over
  }

  async grow(size: number): Promise<void> {
    await this.nbd.resize(size, false)
  }

  async close(): Promise<void> {
    await this.nbd.close()
  }

  /** An overlay of the same kind as the top, where that is one. */
  private async snapshotRequest(files: SnapshotFiles): Promise<SnapshotRequest> {
    const { format } = await inspectImage(this.host, this.nbd.path)
    if (files.path === this.nbd.path) {
      const message = `${files.path} is what is served: a snapshot needs a name of its own`
      throw new EngineError('file/exists', message, { path: files.path }, { state: 'unchanged' })
    }
    return { ...files, format: format === 'acow' ? 'acow' : 'add-cow' }
  }
}

function flattenState({ far }: Flattening): NonNullable<ServedState['flatten']> {
  const { path, progress } = far
  return { path, current: progress.current, total: progress.total }
}
