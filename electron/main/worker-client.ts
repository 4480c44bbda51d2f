import { EngineError, type ErrorData, type JobProgress } from '../../engine'
import type {
  CallMessage,
  CallName,
  Calls,
  DoneMessage,
  FailedMessage,
  FromWorker,
  HostSettings,
  SteeringMessage,
} from '../worker/calls'

/** As much of a worker thread as is used. */
export interface WorkerPort {
  postMessage<Name extends CallName>(message: CallMessage<Name>): void
  postMessage(message: SteeringMessage): void
  on(event: 'message', listener: (message: FromWorker) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (exitCode: number) => void): unknown
  terminate(): Promise<unknown>
}

/** A call under way. */
export interface Call<Name extends CallName> {
  /** Rejects with an EngineError: what the call threw, or `internal` where the thread ended. */
  readonly done: Promise<Calls[Name]['result']>
  /** Asks the call to stop; it ends with `job/cancelled` unless it was done before. */
  readonly cancel: () => void
  /** Lets the call rest at its next step, or go on. Nothing happens to one that has no steps. */
  readonly setPaused: (paused: boolean) => void
}

interface Pending<Name extends CallName> {
  readonly resolve: (result: Calls[Name]['result']) => void
  readonly reject: (error: Error) => void
  readonly report: ((progress: JobProgress) => void) | undefined
}

type PendingByName = { readonly [Name in CallName]: Map<number, Pending<Name>> }

/** The main process's end of one worker thread. */
export class WorkerClient {
  private lastId = 0
  private closing = false
  private gone: EngineError | undefined
  private readonly pending: PendingByName = {
    scan: new Map(),
    look: new Map(),
    content: new Map(),
    signatures: new Map(),
    find: new Map(),
    plan: new Map(),
    run: new Map(),
    makeSample: new Map(),
    map: new Map(),
    mapTile: new Map(),
    mapExtents: new Map(),
    mapExtentAt: new Map(),
    readBytes: new Map(),
  }

  constructor(
    private readonly port: WorkerPort,
    /** Called once where the thread ended of its own accord. */
    private readonly onCrash: (error: EngineError) => void,
    /** Asked for at each call. */
    private readonly hostSettings: () => HostSettings,
  ) {
    port.on('message', (message) => this.receive(message))
    port.on('error', (error) => this.end(`A worker thread failed: ${error.message}`))
    port.on('exit', (code) => this.end(`A worker thread ended with exit code ${code}`))
  }

  call<Name extends CallName>(
    name: Name,
    request: Calls[Name]['request'],
    report?: (progress: JobProgress) => void,
  ): Call<Name> {
    const nothing = (): void => undefined
    if (this.gone !== undefined) {
      return { done: Promise.reject(this.gone), cancel: nothing, setPaused: nothing }
    }
    this.lastId += 1
    const id = this.lastId
    const done = new Promise<Calls[Name]['result']>((resolve, reject) => {
      this.pending[name].set(id, { resolve, reject, report })
    })
    this.port.postMessage({ type: 'call', id, name, request, host: this.hostSettings() })
    const steer = (type: SteeringMessage['type']): void => this.port.postMessage({ type, id })
    return {
      done,
      cancel: () => steer('cancel'),
      setPaused: (paused) => steer(paused ? 'pause' : 'resume'),
    }
  }

  /** Ends the thread. Nothing should be under way in it any more. */
  async close(): Promise<void> {
    this.closing = true
    await this.port.terminate()
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case 'progress':
        this.reporter(message.id)?.(message.progress)
        break
      case 'done':
        this.settle(message)
        break
      case 'failed':
        this.fail(message)
        break
    }
  }

  private reporter(id: number): Pending<CallName>['report'] {
    for (const calls of [this.pending.run, this.pending.map]) {
      const call = calls.get(id)
      if (call !== undefined) return call.report
    }
    return undefined
  }

  private settle<Name extends CallName>({ id, name, result }: DoneMessage<Name>): void {
    const calls = this.pending[name]
    const call = calls.get(id)
    calls.delete(id)
    call?.resolve(result)
  }

  private fail({ id, name, error }: FailedMessage): void {
    const call = this.pending[name].get(id)
    this.pending[name].delete(id)
    call?.reject(EngineError.fromData(error))
  }

  /** The thread is no more: what waits for it will get no answer. */
  private end(reason: string): void {
    if (this.gone !== undefined) return
    const data: ErrorData = { code: 'internal', message: reason, details: {}, state: 'uncertain' }
    const error = EngineError.fromData(data)
    this.gone = error
    for (const calls of Object.values(this.pending)) {
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
    }
    if (!this.closing) this.onCrash(error)
  }
}
