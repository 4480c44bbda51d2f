import * as net from 'node:net'
import { type EngineError, isEngineError } from '../base/errors'
import type { Exchange } from './exchange'
import { type NbdExport, shakeHands } from './handshake'
import { malformed, unreachable } from './nbd-error'
import { COMMAND, REQUEST_SIZE, writeRequest } from './protocol'
import { Receiver, type Receiving } from './receiver'
import { Transmission } from './transmission'
import type { NbdAddress } from './uri'

/** Milliseconds. */
export interface Patience {
  /** From the first attempt to connect to the end of the handshake. */
  readonly handshake: number
  /** Without a byte from the server, while it owes an answer. */
  readonly silence: number
  /** For one answer, however it trickles in. */
  readonly answer: number
}

const RECEIVE_BUFFER = 256 * 1024
/** How often a connection is looked at, in milliseconds, and how long a goodbye may take. */
const TICK = 1000
const GOODBYE = 1000

/** Who owns a connection. */
export interface ConnectionOwner {
  /** A request was answered. */
  ended(): void
  /** A connection has ended by itself, these requests not answered. */
  lost(connection: Connection, error: EngineError, unanswered: readonly Exchange[]): void
}

/** One connection to a server, after the handshake. Ends for good at the first fault. */
export class Connection {
  private readonly inFlight = new Map<number, Exchange>()
  private nextCookie = 0
  private heardAt = Date.now()
  private ticker: NodeJS.Timeout | undefined
  private corked = false
  /** Why it has ended by itself. */
  failure: EngineError | undefined
  private over = false

  private constructor(
    private readonly address: NbdAddress,
    private readonly socket: net.Socket,
    private readonly patience: Patience,
    private readonly owner: ConnectionOwner,
  ) {}

  /**
   * Connects, and shakes hands. Errors: `nbd/unreachable`, `nbd/refused`, `nbd/malformed`. When it
   * resolves, the connection may have ended again: see `failure`.
   */
  static async open(
    address: NbdAddress,
    patience: Patience,
    owner: ConnectionOwner,
  ): Promise<{ connection: Connection; agreed: NbdExport }> {
    return await new Promise((resolve, reject) => {
      const parts: { receiver?: Receiver } = {}
      let agreedYet = false
      const fail = (error: EngineError): void => {
        clearTimeout(timer)
        connection.lose(error)
        reject(error)
      }
      const take = (length: number, buffer: Uint8Array): boolean => {
        connection.heardAt = Date.now()
        try {
          if (!connection.over) parts.receiver?.take(buffer.subarray(0, length))
        } catch (error) {
          fail(asEngineError(error, address))
        }
        return true
      }
      const socket = net.connect({
        ...address.place,
        onread: { buffer: new Uint8Array(RECEIVE_BUFFER), callback: take },
      })
      const connection = new Connection(address, socket, patience, owner)
      parts.receiver = new Receiver(
        connection.session((agreed) => {
          agreedYet = true
          clearTimeout(timer)
          resolve({ connection, agreed })
        }),
      )
      const timer = setTimeout(() => {
        fail(unreachable(address.uri, 'its server does not answer'))
      }, patience.handshake)
      socket.setNoDelay(true)
      socket.on('error', (error) => {
        fail(unreachable(address.uri, reasonOf(error), error))
      })
      socket.on('close', () => {
        const when = agreedYet ? '' : ' during the handshake'
        fail(unreachable(address.uri, `its server closed the connection${when}`))
      })
    })
  }

  private *session(agreedOn: (agreed: NbdExport) => void): Receiving<never> {
    const agreed = yield* shakeHands(this.address, (bytes) => this.socket.write(bytes))
    agreedOn(agreed)
    const { uri } = this.address
    const ended = (): void => {
      this.owner.ended()
    }
    return yield* new Transmission(uri, agreed, this.inFlight, ended).replies()
  }

  get inFlightCount(): number {
    return this.inFlight.size
  }

  /** Sends a request. It is answered, or among what `lost` is told of. */
  send(exchange: Exchange): void {
    const cookieLow = this.nextCookie
    this.nextCookie = (this.nextCookie + 1) >>> 0
    exchange.begin()
    if (this.inFlight.size === 0) this.heardAt = exchange.sentAt
    this.inFlight.set(cookieLow, exchange)
    this.ticker ??= setInterval(
      () => {
        this.look()
      },
      Math.min(TICK, this.patience.silence),
    )
    const { command, offset, length } = exchange
    const bytes = Buffer.allocUnsafe(REQUEST_SIZE)
    writeRequest(bytes, { flags: 0, command, cookieHigh: 0, cookieLow, offset, length }, 0)
    this.cork()
    this.socket.write(bytes)
  }

  /** What is sent in one turn goes out in one piece. */
  private cork(): void {
    if (this.corked) return
    this.corked = true
    this.socket.cork()
    process.nextTick(() => {
      this.corked = false
      this.socket.uncork()
    })
  }

  private look(): void {
    if (this.inFlight.size === 0) {
      this.stopLooking()
      return
    }
    const now = Date.now()
    let oldest = now
    for (const { sentAt } of this.inFlight.values()) oldest = Math.min(oldest, sentAt)
    if (now - this.heardAt < this.patience.silence && now - oldest < this.patience.answer) return
    const seconds = Math.round((now - oldest) / 1000)
    this.lose(
      unreachable(this.address.uri, `its server owes an answer for ${String(seconds)} seconds`),
    )
  }

  private stopLooking(): void {
    clearInterval(this.ticker)
    this.ticker = undefined
  }

  private lose(error: EngineError): void {
    if (this.over) return
    this.over = true
    this.failure = error
    this.stopLooking()
    this.socket.destroy()
    const unanswered = [...this.inFlight.values()]
    this.inFlight.clear()
    this.owner.lost(this, error, unanswered)
  }

  /** Says goodbye. What is still under way fails. */
  async close(): Promise<void> {
    if (this.over) return
    this.over = true
    this.stopLooking()
    for (const exchange of this.inFlight.values()) {
      exchange.fail(unreachable(this.address.uri, 'it was closed'))
    }
    this.inFlight.clear()
    const bytes = Buffer.alloc(REQUEST_SIZE)
    const nothing = { flags: 0, cookieHigh: 0, cookieLow: 0, offset: 0, length: 0 }
    writeRequest(bytes, { ...nothing, command: COMMAND.disconnect }, 0)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.socket.destroy(), GOODBYE)
      this.socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      this.socket.end(bytes)
      this.socket.destroySoon()
    })
  }
}

function reasonOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNREFUSED') return 'no server listens there'
  if (code === 'ENOENT') return 'there is no such socket'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name of its host is not known'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'its server cut the connection'
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'the network does not lead there'
  if (code === 'ETIMEDOUT') return 'its server does not answer'
  return error.message
}

/** A parser throws nothing else, unless it is at fault itself. */
function asEngineError(error: unknown, { uri }: NbdAddress): EngineError {
  if (isEngineError(error)) return error
  return malformed(uri, error instanceof Error ? error.message : String(error))
}
