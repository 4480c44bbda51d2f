import { type ErrorData, toErrorData } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { KIB, MIB } from '../base/units'
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
import type { LiveDisk } from './live-disk'
import type { Outbox } from './outbox'
import { type Agreement, Replies } from './replies'
import { faultOf } from './request-rules'
import { prefetch, writeZeros } from './slow-requests'

/** Requests of one client that may be under way; more are not read from its socket. */
const MAX_UNDER_WAY = 128
/** Bytes of data and replies of one client in memory at which no more requests are read from it. */
const MAX_BYTES = 8 * MIB

/** Bytes of memory that a connection keeps for the data of writes. */
const SPARE_BYTES = 512 * KIB

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
 * Input that must wait (the client has too much under way, or the disk's gate is closed) stays here
 * as it is, and the socket is not read until it was used up.
 */
export class Transmission {
  private readonly replies: Replies
  private readonly request: Request = {
    flags: 0,
    command: 0,
    cookieHigh: 0,
    cookieLow: 0,
    offset: 0,
    length: 0,
  }
  /** A request's head of which only the first `headFill` bytes have come. */
  private readonly head = Buffer.alloc(REQUEST_SIZE)
  private headFill = 0
  /** Data of the present request, a write, of which only the first `dataFill` bytes have come. */
  private data: Buffer | undefined
  private dataFill = 0
  private spare: ArrayBufferLike | undefined
  /** Bytes of a refused write that are still to come. */
  private skip = 0
  private waiting: Buffer[] = []
  private underWay = 0
  /** Bytes that writes under way hold. */
  private writeBytes = 0
  private ended = false

  constructor(
    private readonly live: LiveDisk,
    private readonly agreement: Agreement,
    private readonly line: Line,
    readonly traffic: Traffic,
  ) {
    this.replies = new Replies(line.outbox, agreement)
  }

  /** Whether the client began a message that it has not ended, though nothing keeps it. */
  get expectsMore(): boolean {
    if (this.waiting.length > 0) return false
    return this.headFill > 0 || this.data !== undefined || this.skip > 0
  }

  /** What has come from the client. The bytes are the transmission's from now on. */
  take(chunk: Buffer): void {
    if (this.waiting.length > 0) this.waiting.push(chunk)
    else this.work(chunk)
  }

  /** The client sends no more. */
  end(): void {
    this.ended = true
    this.waiting = []
    if (this.underWay === 0) this.line.over()
  }

  /** The client is gone: what it asked for and was not begun is forgotten. */
  drop(): void {
    this.ended = true
    this.waiting = []
    this.data = undefined
  }

  /** Goes on with input that waits, where that is possible by now. */
  readonly resume = (): void => {
    if (this.waiting.length === 0 || this.mustWait()) return
    const waiting = this.waiting
    this.waiting = []
    for (const chunk of waiting) this.take(chunk)
    if (this.waiting.length === 0) this.line.release()
  }

  private mustWait(): boolean {
    if (!this.live.open) {
      this.live.whenOpen(this.resume)
      return true
    }
    if (this.underWay >= MAX_UNDER_WAY) return true
    return this.line.outbox.bytes + this.writeBytes > MAX_BYTES
  }

  private work(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.ended) {
      if (this.mustWait()) {
        this.waiting.push(chunk.subarray(at))
        this.line.hold()
        break
      }
      at = this.advance(chunk, at)
    }
    this.line.outbox.finish()
  }

  /** Uses up some of a chunk; returns how far. */
  private advance(chunk: Buffer, at: number): number {
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, chunk.length - at)
      this.skip -= skipped
      return at + skipped
    }
    if (this.data !== undefined) return this.fillData(this.data, chunk, at)
    if (this.headFill > 0 || chunk.length - at < REQUEST_SIZE) return this.fillHead(chunk, at)
    this.start(chunk, at)
    return this.ended ? at : this.takeData(chunk, at + REQUEST_SIZE)
  }

  private fillHead(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.head, this.headFill, at)
    this.headFill += copied
    if (this.headFill < REQUEST_SIZE) return at + copied
    this.headFill = 0
    this.start(this.head, 0)
    return this.ended ? at : this.takeData(chunk, at + copied)
  }

  /** Reads a head, and does the request unless it is a write, whose data comes behind it. */
  private start(bytes: Buffer, at: number): void {
    const { request } = this
    if (!readRequest(bytes, at, request)) {
      this.ended = true
      this.line.broken()
      return
    }
    this.traffic.requests += 1
    const fault = faultOf(request, this.live, this.agreement)
    if (fault === undefined) {
      this.run(request)
      return
    }
    this.replies.refuse(request, fault)
    if (request.command === COMMAND.write) {
      this.skip = request.length
      request.length = 0
    }
  }

  /** The data of the present request, where it is a write that has some. */
  private takeData(chunk: Buffer, at: number): number {
    const { request } = this
    if (request.command !== COMMAND.write || request.length === 0) return at
    const end = at + request.length
    if (end <= chunk.length) {
      this.write(request, chunk.subarray(at, end))
      return end
    }
    this.data = this.takeSpare(request.length)
    this.dataFill = 0
    this.writeBytes += request.length
    return this.fillData(this.data, chunk, at)
  }

  private fillData(data: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(data, this.dataFill, at)
    this.dataFill += copied
    if (this.dataFill === data.length) {
      this.data = undefined
      this.writeBytes -= data.length
      const atOnce = this.write(this.request, data)
      if (atOnce && data.buffer.byteLength === SPARE_BYTES) this.spare = data.buffer
    }
    return at + copied
  }

  /** Memory for a write's data: used again and again, as fresh memory costs as much as a copy. */
  private takeSpare(length: number): Buffer {
    if (length > SPARE_BYTES) return Buffer.allocUnsafeSlow(length)
    const memory = this.spare ?? new ArrayBuffer(SPARE_BYTES)
    this.spare = undefined
    return Buffer.from(memory, 0, length)
  }

  private run(request: Readonly<Request>): void {
    switch (request.command) {
      case COMMAND.read:
        this.read(request)
        break
      case COMMAND.write:
        if (request.length === 0) this.replies.done(request)
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

  /** Whether it was done at once, so that nobody needs the data any more. */
  private write(request: Readonly<Request>, data: Buffer): boolean {
    this.traffic.bytesWritten += data.length
    let result: MaybePromise<void>
    try {
      result = this.live.disk.write(data, request.offset)
    } catch (error) {
      this.fail(request, error)
      return true
    }
    if ((request.flags & COMMAND_FLAG.fua) !== 0) result = this.thenFlush(result)
    if (!(result instanceof Promise)) {
      this.replies.done(request)
      return true
    }
    this.writeBytes += data.length
    const done = result.finally(() => {
      this.writeBytes -= data.length
    })
    this.finishLater(request, done)
    return false
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
