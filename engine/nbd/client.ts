import { assert } from '../base/assert'
import { EngineError, isEngineError } from '../base/errors'
import { Connection, type Patience } from './connection'
import type { Exchange } from './exchange'
import type { NbdExport } from './handshake'
import { unreachable } from './nbd-error'
import type { NbdAddress } from './uri'

export interface ClientOptions extends Patience {
  /** How long to wait before each attempt to connect again, in milliseconds. */
  readonly reconnectDelays: readonly number[]
}

export const DEFAULT_CLIENT_OPTIONS: ClientOptions = {
  handshake: 15_000,
  silence: 30_000,
  answer: 300_000,
  reconnectDelays: [0, 200, 500, 1000, 2000, 4000],
}

/** Requests that a server is given at a time. */
const MAX_IN_FLIGHT = 32
/** Connections on which a request is sent: one that ends each of them is at fault itself. */
const MAX_ATTEMPTS = 4

/**
 * Requests to one export, over one connection at a time. A connection that is lost is made again,
 * and what was not answered is asked again: reads may be. Where that fails for good, all that waits
 * fails, and the next request tries afresh.
 */
export class Client {
  private readonly waiting: Exchange[] = []
  private connection: Connection | undefined
  private connecting = false
  private closed = false
  private first: NbdExport | undefined

  private constructor(
    readonly address: NbdAddress,
    private readonly options: ClientOptions,
  ) {}

  /** Errors: those of Connection.open. */
  static async open(address: NbdAddress, options: ClientOptions): Promise<Client> {
    const client = new Client(address, options)
    client.connection = await client.connect()
    return client
  }

  /** What was agreed on first; of later connections nothing else is accepted. */
  get agreed(): NbdExport {
    assert(this.first !== undefined, 'a client is connected once')
    return this.first
  }

  /**
   * Resolves when the request is answered. Errors: `io/failed` and `io/denied` as the server
   * reports them, `nbd/unreachable`, `nbd/refused`, `nbd/malformed`, `file/changed`.
   */
  async ask(exchange: Exchange): Promise<void> {
    this.waiting.push(exchange)
    this.sendNext()
    await exchange.done
  }

  private sendNext(): void {
    if (this.closed) {
      this.failWaiting(unreachable(this.address.uri, 'it was closed'))
      return
    }
    const { connection } = this
    if (connection === undefined) {
      if (this.waiting.length > 0) void this.reconnect()
      return
    }
    while (connection.inFlightCount < MAX_IN_FLIGHT) {
      const next = this.waiting.shift()
      if (next === undefined) return
      connection.send(next)
    }
  }

  private connectionLost(
    connection: Connection,
    error: EngineError,
    unanswered: readonly Exchange[],
  ): void {
    if (this.connection !== connection) return
    this.connection = undefined
    this.waiting.unshift(...unanswered)
    // Asking again what was answered wrongly would be answered wrongly again.
    const hopeless =
      !isEngineError(error, 'nbd/unreachable') || this.options.reconnectDelays.length === 0
    if (hopeless || unanswered.some(({ attempts }) => attempts >= MAX_ATTEMPTS)) {
      this.failWaiting(error)
    }
    this.sendNext()
  }

  private failWaiting(error: EngineError): void {
    for (const exchange of this.waiting.splice(0)) exchange.fail(error)
  }

  private async reconnect(): Promise<void> {
    if (this.connecting) return
    this.connecting = true
    try {
      this.connection = await this.connectAgain()
    } catch (error) {
      if (!isEngineError(error)) throw error
      this.failWaiting(error)
    } finally {
      this.connecting = false
    }
    this.sendNext()
  }

  private async connectAgain(): Promise<Connection> {
    const { reconnectDelays } = this.options
    let last: EngineError | undefined
    for (const delay of reconnectDelays) {
      await new Promise((resolve) => setTimeout(resolve, delay))
      if (this.closed) break
      try {
        return await this.connect()
      } catch (error) {
        if (!isEngineError(error, 'nbd/unreachable')) throw error
        last = error
      }
    }
    const { uri } = this.address
    const attempts = `${String(reconnectDelays.length)} attempts to connect again failed`
    throw new EngineError(
      'nbd/unreachable',
      `Cannot read ${uri}: the connection was lost, and ${attempts}: ${last?.message ?? 'closed'}`,
      { path: uri },
      { cause: last },
    )
  }

  private async connect(): Promise<Connection> {
    const { connection, agreed } = await Connection.open(this.address, this.options, {
      ended: () => {
        this.sendNext()
      },
      lost: (connection, error, unanswered) => {
        this.connectionLost(connection, error, unanswered)
      },
    })
    if (connection.failure !== undefined) throw connection.failure
    this.first ??= agreed
    if (isSame(this.first, agreed)) return connection
    await connection.close()
    throw this.changed(agreed)
  }

  private changed({ size }: NbdExport): EngineError {
    const { uri } = this.address
    const message =
      `Cannot read ${uri}: after the connection was lost, it is no longer the same export ` +
      `(${String(size)} bytes, before ${String(this.agreed.size)})`
    return new EngineError('file/changed', message, { path: uri, size })
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.failWaiting(unreachable(this.address.uri, 'it was closed'))
    const { connection } = this
    this.connection = undefined
    await connection?.close()
  }
}

function isSame(one: NbdExport, other: NbdExport): boolean {
  return (
    one.size === other.size &&
    one.minimumBlock === other.minimumBlock &&
    one.maximumRead === other.maximumRead &&
    (one.allocationContext === undefined) === (other.allocationContext === undefined)
  )
}
