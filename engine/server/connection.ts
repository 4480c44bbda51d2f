import type { Socket } from 'node:net'
import type { ErrorData } from '../base/errors'
import { MIB } from '../base/units'
import { Handshake } from './handshake'
import { Inbox } from './inbox'
import type { LiveDisk } from './live-disk'
import type { ExportFacts } from './option-replies'
import { Outbox } from './outbox'
import { readInto } from './read-into'
import type { Agreement } from './replies'
import { type Traffic, Transmission } from './transmission'

/** Replies to options that a client leaves unread; whoever leaves more is left. */
const MAX_HANDSHAKE_BYTES = MIB

/** Milliseconds that a client has for taking the last replies. */
const FAREWELL_TIME = 2000

/** What every connection shares with the export. */
export interface ConnectionContext {
  readonly live: LiveDisk
  readonly facts: () => ExportFacts
  /** The disk could not do what a client had asked for. */
  readonly failed: (error: ErrorData) => void
}

/** One client: first the handshake, then its requests. Knows when it has stalled. */
export class Connection {
  readonly since = Date.now()
  readonly traffic: Traffic = { requests: 0, bytesRead: 0, bytesWritten: 0 }
  /** The size that the client was told, in bytes; undefined while the handshake lasts. */
  toldSize: number | undefined
  private readonly inbox = new Inbox()
  private readonly socket: Socket
  private readonly outbox: Outbox
  private readonly handshake: Handshake
  private transmission: Transmission | undefined
  /** Changes with whatever moves on the socket. */
  private moved = 0
  private movedBefore = -1

  constructor(
    accepted: Socket,
    descriptor: number | undefined,
    private readonly context: ConnectionContext,
    private readonly events: { agreed(): void; closed(): void },
  ) {
    const own = readInto(this.inbox, accepted, descriptor, (bytes) => this.take(bytes))
    const { socket } = own
    this.socket = socket
    this.outbox = new Outbox(own, () => {
      this.moved += 1
      this.transmission?.resume()
    })
    this.handshake = new Handshake(context.facts, {
      send: (message) => this.sendInHandshake(message),
      agreed: (agreement, rest) => this.transmit(agreement, rest),
      over: () => this.socket.end(),
    })
    socket.on('end', () => this.inputEnded())
    // 'close' follows, and tells all that is to be told
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.transmission?.drop()
      this.events.closed()
    })
  }

  /** Ends the connection when all that is under way is answered. */
  end(): void {
    this.inputEnded()
  }

  /** Ends the connection when the client has taken what was sent, or after a moment. */
  leave(): void {
    this.socket.destroySoon()
    const timer = setTimeout(() => this.socket.destroy(), FAREWELL_TIME)
    this.socket.once('close', () => clearTimeout(timer))
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.socket.destroy()
  }

  /** To be called now and then: whether the client kept us waiting since the last call. */
  hasStalled(): boolean {
    const { moved, movedBefore } = this
    this.movedBefore = moved
    if (moved !== movedBefore) return false
    return this.transmission?.expectsMore !== false || this.socket.writableLength > 0
  }

  private take(bytes: Buffer): void {
    this.moved += 1
    if (this.transmission === undefined) {
      // a copy, as the handshake keeps what it cannot use yet
      this.handshake.take(Buffer.from(bytes))
      return
    }
    this.inbox.add(bytes)
    this.transmission.take()
  }

  private sendInHandshake(message: Buffer): void {
    this.socket.write(message)
    if (this.socket.writableLength > MAX_HANDSHAKE_BYTES) this.socket.destroy()
  }

  private transmit(agreement: Agreement, rest: Buffer): void {
    const { live, facts, failed } = this.context
    this.toldSize = facts().size
    const line = {
      outbox: this.outbox,
      hold: () => this.socket.pause(),
      release: () => this.socket.resume(),
      over: () => {
        this.outbox.finish()
        this.socket.end()
      },
      broken: () => this.socket.destroy(),
      failed,
    }
    this.transmission = new Transmission(live, agreement, line, this.traffic, this.inbox)
    this.events.agreed()
    this.inbox.add(rest)
    this.transmission.take()
  }

  private inputEnded(): void {
    if (this.transmission === undefined) this.socket.end()
    else this.transmission.end()
  }
}
