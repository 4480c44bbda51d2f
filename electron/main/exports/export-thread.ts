import { EngineError, type ErrorData } from '../../../engine'
import type { HostSettings } from '../../worker/calls'
import type {
  ExportCallMessage,
  ExportCallName,
  ExportCalls,
  ExportDoneMessage,
  FromExport,
  ServedState,
} from '../../worker/exports/calls'

/** As much of a worker thread as is used. */
export interface ExportPort {
  postMessage<Name extends ExportCallName>(message: ExportCallMessage<Name>): void
  on(event: 'message', listener: (message: FromExport) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (exitCode: number) => void): unknown
  terminate(): Promise<unknown>
}

export interface ExportThreadListener {
  readonly onState: (state: ServedState) => void
  readonly onFailure: (error: ErrorData) => void
  /** The thread ended of its own accord. Called once. */
  readonly onCrash: (error: ErrorData) => void
}

interface Pending<Name extends ExportCallName> {
  readonly resolve: (result: ExportCalls[Name]['result']) => void
  readonly reject: (error: Error) => void
}

/** The main process's end of the thread of one export. */
export class ExportThread {
  private lastId = 0
  private closing = false
  private gone: EngineError | undefined
  private readonly pending: {
    readonly [Name in ExportCallName]: Map<number, Pending<Name>>
  } = {
    open: new Map(),
    planSnapshot: new Map(),
    snapshot: new Map(),
    flatten: new Map(),
    stopFlatten: new Map(),
    grow: new Map(),
    close: new Map(),
  }

  constructor(
    private readonly port: ExportPort,
    private readonly listener: ExportThreadListener,
    /** Asked for at each call. */
    private readonly hostSettings: () => HostSettings,
  ) {
    port.on('message', (message) => this.receive(message))
    port.on('error', (error) => this.end(`The thread of an export failed: ${error.message}`))
    port.on('exit', (code) => this.end(`The thread of an export ended with exit code ${code}`))
  }

  /** Rejects with an EngineError: what the call threw, or `internal` where the thread ended. */
  async call<Name extends ExportCallName>(
    name: Name,
    request: ExportCalls[Name]['request'],
  ): Promise<ExportCalls[Name]['result']> {
    if (this.gone !== undefined) throw this.gone
    this.lastId += 1
    const id = this.lastId
    return await new Promise((resolve, reject) => {
      this.pending[name].set(id, { resolve, reject })
      this.port.postMessage({ id, name, request, host: this.hostSettings() })
    })
  }

  /** Ends the thread. Its export should be closed by then. */
  async terminate(): Promise<void> {
    this.closing = true
    await this.port.terminate()
  }

  private receive(message: FromExport): void {
    switch (message.type) {
      case 'state':
        this.listener.onState(message.state)
        break
      case 'failure':
        this.listener.onFailure(message.error)
        break
      case 'done':
        this.settle(message)
        break
      case 'failed': {
        const { id, name, error } = message
        const call = this.pending[name].get(id)
        this.pending[name].delete(id)
        call?.reject(EngineError.fromData(error))
        break
      }
    }
  }

  private settle<Name extends ExportCallName>({ id, name, result }: ExportDoneMessage<Name>): void {
    const calls = this.pending[name]
    const call = calls.get(id)
    calls.delete(id)
    call?.resolve(result)
  }

  /** The thread is no more: what waits for it will get no answer. */
  private end(message: string): void {
    if (this.gone !== undefined) return
    const data: ErrorData = { code: 'internal', message, details: {}, state: 'uncertain' }
    const error = EngineError.fromData(data)
    this.gone = error
    for (const calls of Object.values(this.pending)) {
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
    }
    if (!this.closing) this.listener.onCrash(data)
  }
}
