import { type ErrorData, toErrorData } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { MIB } from '../base/units'
import {
  COMMAND,
  COMMAND_FLAG,
  type Cookie,
  readRequest,
  type Request,
  REQUEST_SIZE,
} from '../nbd/protocol'
import { blockStatus } from './block-status'
import { refusalOf } from './error-value'
import type { Inbox } from './inbox'
import type { LiveDisk } from './live-disk'
import { LONG_READ, LongReads } from './long-reads'
import type { Outbox } from './outbox'
import { type Agreement, Replies } from './replies'
import { faultOf } from './request-rules'
import { prefetch, writeZeros } from './slow-requests'

/** Requests of one client that may be under way; more are not read from its socket. */
const MAX_UNDER_WAY = 128
/** Bytes of data and replies of one client in memory at which no more requests are read from it. */
const MAX_BYTES = 8 * MIB

/** What a client has moved; bytes of data, without what the protocol adds. */
export interface Traffic {
  requests: number
  bytesRead: number
  bytesWritten: number
}

/** What a transmission needs of the connection that it is part of. */
export interface Line {
  readonly outbox: Outbox
  /** Stops and restarts the coming in of data. */
  hold(): void
  release(): void
  /** The client has said that it goes, and all its requests are done. */
  over(): void
  /** The client does not speak the protocol. */
  broken(): void
  /** The disk could not do a request that was in order. */
  failed(error: ErrorData): void
}

/**
 * The requests of one client, from the end of the handshake on.
 *
 * What the host has in memory is done at once, in the order in which it comes: the reply is made in
 * the outbox's memory, the data read into its place there, and all replies to what one piece of
 * input held go out together. What takes longer is answered when it is done, in any order.
 *
 * Input that must wait (the client has too much under way, or the disk's gate is closed) stays in
 * the inbox, and the socket is not read until it was used up.
 */
export class Transmission {
  private readonly replies: Replies
  private readonly longReads: LongReads
  private readonly request: Request = {
    flags: 0,
    command: 0,
    cookieHigh: 0,
    cookieLow: 0,
    offset: 0,
    length: 0,
  }
  /** Whether the present request is a write whose data has not come as a whole. */
  private lacksData = false
  /** Bytes of a refused write that are still to come. */
  private skip = 0
  /** Whether input waits though it could be used up. */
  private held = false
  private underWay = 0
  private ended = false

  constructor(
    private readonly live: LiveDisk,
    private readonly agreement: Agreement,
    private readonly line: Line,
    readonly traffic: Traffic,
    private readonly inbox: Inbox,
  ) {
    this.replies = new Replies(line.outbox, agreement)
    this.longReads = new LongReads(line.outbox, this.replies)
  }

  /** Whether the client began a message that it has not ended, though nothing keeps it. */
  get expectsMore(): boolean {
    if (this.held || this.ended) return false
    return this.inbox.length > 0 || this.lacksData || this.skip > 0
  }

  /** Goes on, now that more has come into the inbox. */
  take(): void {
    if (!this.held) this.work()
  }

  /** The client sends no more. */
  end(): void {
    this.ended = true
    if (this.underWay === 0) this.line.over()
  }

  /** The client is gone: what it asked for and was not begun is forgotten. */
  drop(): void {
    this.ended = true
  }

  /** Goes on with input that waits, where that is possible by now. */
  readonly resume = (): void => {
    if (!this.held || this.mustWait()) return
    this.held = false
    if (this.work()) this.line.release()
  }

  private mustWait(): boolean {
    if (!this.live.open) {
      this.live.whenOpen(this.resume)
      return true
    }
    if (this.underWay >= MAX_UNDER_WAY) return true
    return this.line.outbox.bytes + this.inbox.heldBytes > MAX_BYTES
  }

  /** Uses up the input; false where some of it has to wait. */
  private work(): boolean {
    while (!this.ended && this.inbox.length > 0) {
      if (this.mustWait()) {
        this.held = true
        this.line.hold()
        break
      }
      if (!this.advance()) break
    }
    this.line.outbox.finish()
    return !this.held
  }

  /** Uses up some of the input; false where more has to come first. */
  private advance(): boolean {
    if (this.skip > 0) return this.skipData()
    return this.lacksData ? this.takeData() : this.takeHead()
  }

  private skipData(): boolean {
    const skipped = Math.min(this.skip, this.inbox.length)
    this.skip -= skipped
    this.inbox.drop(skipped)
    return true
  }

  private takeHead(): boolean {
    const { inbox } = this
    if (!inbox.has(REQUEST_SIZE)) return false
    this.start(inbox.bytes, inbox.at)
    inbox.drop(REQUEST_SIZE)
    return this.lacksData ? this.takeData() : true
  }

  private takeData(): boolean {
    const { inbox, request } = this
    if (!inbox.has(request.length)) return false
    this.lacksData = false
    this.write(request, inbox.peek(request.length))
    inbox.drop(request.length)
    return true
  }

  /** Reads a head, and does the request unless it is a write with data, which comes behind it. */
  private start(bytes: Buffer, at: number): void {
    const { request } = this
    if (!readRequest(bytes, at, request)) {
      this.ended = true
      this.line.broken()
      return
    }
    this.traffic.requests += 1
    const isWrite = request.command === COMMAND.write
    const fault = faultOf(request, this.live, this.agreement)
    if (fault !== undefined) {
      this.replies.refuse(request, fault)
      if (isWrite) this.skip = request.length
    } else if (isWrite && request.length > 0) {
      this.lacksData = true
    } else {
      this.run(request)
    }
  }

  private run(request: Readonly<Request>): void {
    switch (request.command) {
      case COMMAND.read:
        this.read(request)
        break
      case COMMAND.write:
        this.replies.done(request)
        break
      case COMMAND.disconnect:
        this.end()
        break
      case COMMAND.blockStatus:
        this.answerLater(this.tellStatus({ ...request }))
        break
      default:
        this.finishLater(request, this.runSlowly({ ...request }))
    }
  }

  private read(request: Readonly<Request>): void {
    const { live, replies } = this
    const { offset, length } = request
    if (length >= LONG_READ && this.answerLong(request)) return
    const target = replies.reserveRead(length)
    let result: MaybePromise<void>
    try {
      result = live.disk.read(target, offset)
    } catch (error) {
      replies.retract()
      this.fail(request, error)
      return
    }
    this.traffic.bytesRead += length
    if (result instanceof Promise) this.answerLater(this.finishRead(request, result))
    else replies.read(request)
  }

  private answerLong(request: Readonly<Request>): boolean {
    try {
      if (!this.longReads.answer(this.live.disk, request)) return false
      this.traffic.bytesRead += request.length
    } catch (error) {
      // the client would take whatever else is sent for the rest of the reply
      this.ended = true
      this.line.failed(toErrorData(error))
      this.line.broken()
    }
    return true
  }

  private async finishRead(
    { cookieHigh, cookieLow, offset, length }: Readonly<Request>,
    result: Promise<void>,
  ): Promise<void> {
    const request = { cookieHigh, cookieLow, offset, length }
    const slot = this.replies.detachRead()
    try {
      await result
      this.replies.readLater(request, slot)
    } catch (error) {
      this.line.outbox.fulfil(slot, 0)
      this.fail(request, error)
    }
  }

  private write(request: Readonly<Request>, data: Buffer): void {
    this.traffic.bytesWritten += data.length
    let result: MaybePromise<void>
    try {
      result = this.live.disk.write(data, request.offset)
    } catch (error) {
      this.fail(request, error)
      return
    }
    const mustFlush = (request.flags & COMMAND_FLAG.fua) !== 0
    if (result instanceof Promise) {
      const { inbox } = this
      const memory = inbox.hold()
      result = result.finally(() => inbox.release(memory))
    } else if (!mustFlush) {
      this.replies.done(request)
      return
    }
    this.finishLater(request, mustFlush ? this.thenFlush(result) : Promise.resolve(result))
  }

  private async runSlowly(request: Readonly<Request>): Promise<void> {
    const { disk } = this.live
    const has = (flag: number): boolean => (request.flags & flag) !== 0
    switch (request.command) {
      case COMMAND.writeZeroes:
        if (has(COMMAND_FLAG.noHole)) await writeZeros(disk, request)
        else await disk.writeZeroes(request)
        this.traffic.bytesWritten += request.length
        break
      case COMMAND.trim:
        await disk.discard(request)
        break
      case COMMAND.cache:
        await prefetch(disk, request)
        break
      default:
        break
    }
    const changes = request.command === COMMAND.writeZeroes || request.command === COMMAND.trim
    const mustFlush = changes ? has(COMMAND_FLAG.fua) : request.command === COMMAND.flush
    if (mustFlush && !this.live.readOnly) await this.live.flush()
  }

  private async thenFlush(written: MaybePromise<void>): Promise<void> {
    await written
    await this.live.flush()
  }

  private async tellStatus(request: Readonly<Request>): Promise<void> {
    const one = (request.flags & COMMAND_FLAG.requestOne) !== 0
    try {
      const { contexts } = this.agreement
      this.replies.status(request, await blockStatus(this.live.disk, request, contexts, one))
    } catch (error) {
      this.fail(request, error)
    }
  }

  private fail(cookie: Cookie, error: unknown): void {
    const data = toErrorData(error)
    this.replies.refuse(cookie, refusalOf(data))
    this.line.failed(data)
  }

  /** Answers a request that has no data in its reply when its work is done. */
  private finishLater({ cookieHigh, cookieLow }: Cookie, work: Promise<void>): void {
    const cookie = { cookieHigh, cookieLow }
    this.answerLater(
      work.then(
        () => this.replies.done(cookie),
        (error: unknown) => this.fail(cookie, error),
      ),
    )
  }

  /** Counts work as under way; it ends with its reply in the outbox, and never fails. */
  private answerLater(work: Promise<void>): void {
    this.underWay += 1
    this.live.begin()
    void work.then(() => {
      this.underWay -= 1
      this.line.outbox.sendSoon()
      this.live.end()
      if (this.ended && this.underWay === 0) this.line.over()
      else this.resume()
    })
  }
}
