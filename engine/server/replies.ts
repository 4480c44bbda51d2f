import { assert } from '../base/assert'
import {
  CHUNK,
  CHUNK_DONE,
  CHUNK_HEADER_SIZE,
  type Cookie,
  type Request,
  SIMPLE_REPLY_SIZE,
  writeChunkHeader,
  writeSimpleReply,
  writeUInt64,
} from '../nbd/protocol'
import type { StatusContext, StatusRuns } from './block-status'
import type { Refusal } from './error-value'
import type { Outbox, Slot } from './outbox'

/** What was agreed on in the handshake. */
export interface Agreement {
  readonly structured: boolean
  /** What block status tells; empty where none was asked for. */
  readonly contexts: readonly StatusContext[]
}

type ReadRequest = Cookie & Pick<Request, 'offset' | 'length'>

/** Bytes of a chunk's offset, and of a run or an id in a chunk. */
const OFFSET_SIZE = 8
const WORD_SIZE = 4
/** Longest text of an error, in bytes. */
const MAX_MESSAGE_BYTES = 512

/**
 * Makes the replies to one client in its outbox: simple ones, or, where it has asked for them,
 * structured ones wherever there is something to be told beside success.
 */
export class Replies {
  readonly structured: boolean
  /** Bytes of a read's reply before the data. */
  private readonly readHead: number

  constructor(
    private readonly outbox: Outbox,
    agreement: Agreement,
  ) {
    this.structured = agreement.structured
    this.readHead = this.structured ? CHUNK_HEADER_SIZE + OFFSET_SIZE : SIMPLE_REPLY_SIZE
  }

  /** The request was done; its reply has no data. */
  done(cookie: Cookie): void {
    const bytes = this.outbox.reserve(SIMPLE_REPLY_SIZE)
    writeSimpleReply(bytes, cookie, 0, this.outbox.at)
  }

  refuse(cookie: Cookie, { value, message }: Refusal): void {
    const { outbox } = this
    if (!this.structured) {
      const bytes = outbox.reserve(SIMPLE_REPLY_SIZE)
      writeSimpleReply(bytes, cookie, value, outbox.at)
      return
    }
    const text = Buffer.from(message).subarray(0, MAX_MESSAGE_BYTES)
    const length = WORD_SIZE + 2 + text.length
    const bytes = outbox.reserve(CHUNK_HEADER_SIZE + length)
    const chunk = { flags: CHUNK_DONE, type: CHUNK.error, length }
    writeChunkHeader(bytes, cookie, chunk, outbox.at)
    const at = outbox.at + CHUNK_HEADER_SIZE
    bytes.writeUInt32BE(value, at)
    bytes.writeUInt16BE(text.length, at + WORD_SIZE)
    bytes.set(text, at + WORD_SIZE + 2)
  }

  /** Makes room for a read's reply; returns where its data goes. Then `read`, or `detachRead`. */
  reserveRead(length: number): Buffer {
    const { outbox, readHead } = this
    const bytes = outbox.reserve(readHead + length)
    const at = outbox.at + readHead
    return bytes.subarray(at, at + length)
  }

  /** A read's reply up to its data, which comes right behind it. */
  headOfRead(request: ReadRequest): void {
    const bytes = this.outbox.reserve(this.readHead)
    this.writeReadHead(bytes, request, this.outbox.at)
  }

  /** What is read is zeros. Only where structured replies were agreed on. */
  zeros(request: ReadRequest): void {
    const { outbox } = this
    const length = OFFSET_SIZE + WORD_SIZE
    const bytes = outbox.reserve(CHUNK_HEADER_SIZE + length)
    const chunk = { flags: CHUNK_DONE, type: CHUNK.offsetHole, length }
    writeChunkHeader(bytes, request, chunk, outbox.at)
    const at = outbox.at + CHUNK_HEADER_SIZE
    writeUInt64(bytes, request.offset, at)
    bytes.writeUInt32BE(request.length, at + OFFSET_SIZE)
  }

  /** Takes back what was reserved. */
  retract(): void {
    this.outbox.retract()
  }

  /** The data is in the place that was reserved last. */
  read(request: ReadRequest): void {
    const { last, at } = this.outbox
    assert(last !== undefined, 'nothing was reserved for a read')
    this.writeReadHead(last, request, at)
  }

  /** The data will be in the place that was reserved last. */
  detachRead(): Slot {
    return this.outbox.detach()
  }

  /** The data is in its slot. */
  readLater(request: ReadRequest, slot: Slot): void {
    this.writeReadHead(slot.buffer.bytes, request, slot.start)
    this.outbox.fulfil(slot, slot.end - slot.start)
  }

  private writeReadHead(bytes: Buffer, request: ReadRequest, at: number): void {
    if (!this.structured) {
      writeSimpleReply(bytes, request, 0, at)
      return
    }
    const length = OFFSET_SIZE + request.length
    writeChunkHeader(bytes, request, { flags: CHUNK_DONE, type: CHUNK.offsetData, length }, at)
    writeUInt64(bytes, request.offset, at + CHUNK_HEADER_SIZE)
  }

  /** One chunk for each context. */
  status(cookie: Cookie, contexts: readonly StatusRuns[]): void {
    const { outbox } = this
    for (const [index, { context, words }] of contexts.entries()) {
      const length = WORD_SIZE * (1 + words.length)
      const flags = index === contexts.length - 1 ? CHUNK_DONE : 0
      const bytes = outbox.reserve(CHUNK_HEADER_SIZE + length)
      writeChunkHeader(bytes, cookie, { flags, type: CHUNK.blockStatus, length }, outbox.at)
      let at = outbox.at + CHUNK_HEADER_SIZE
      bytes.writeUInt32BE(context.id, at)
      for (const word of words) bytes.writeUInt32BE(word, (at += WORD_SIZE))
    }
  }
}
