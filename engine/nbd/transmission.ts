import type { EngineError } from '../base/errors'
import { type Exchange, ReadRequest, type StatusRequest } from './exchange'
import type { NbdExport } from './handshake'
import { malformed, reported, unreachable } from './nbd-error'
import {
  BLOCK_STATE,
  CHUNK,
  CHUNK_DONE,
  CHUNK_ERROR_BIT,
  CHUNK_HEADER_SIZE,
  type ChunkHeader,
  decodeReplyHeader,
  NBD_ERROR,
  readUInt64,
  SIMPLE_REPLY_SIZE,
  STRUCTURED_REPLY_MAGIC,
} from './protocol'
import type { Receiving } from './receiver'

/** A message for people with the numbers around it; the protocol's limit for strings is 4096. */
const MAX_ERROR_CHUNK = 8192
const MAX_ERROR_CHUNKS = 16
/** QEMU sends 2^17 runs at most, nbdkit 2^20. */
const MAX_STATUS_RUNS = 2 ** 20
const RUN_SIZE = 8

/**
 * Reads the replies of a server, as long as it sends some, into the requests that are in flight.
 * Takes each one out of `inFlight` as its reply ends, and tells `ended`. Every chunk brings bytes
 * that were asked for, or ends something: so nobody can keep us busy with nothing.
 */
export class Transmission {
  private readonly head = Buffer.alloc(CHUNK_HEADER_SIZE)
  private readonly simpleHead = this.head.subarray(0, SIMPLE_REPLY_SIZE)
  private readonly chunkRest = this.head.subarray(SIMPLE_REPLY_SIZE)
  private readonly offsetBytes = Buffer.alloc(8)

  constructor(
    private readonly uri: string,
    private readonly agreed: NbdExport,
    private readonly inFlight: Map<number, Exchange>,
    private readonly ended: () => void,
  ) {}

  /** Throws `nbd/malformed`, and `nbd/unreachable` where the server says that it goes away. */
  *replies(): Receiving<never> {
    for (;;) {
      yield this.simpleHead
      if (this.head.readUInt32BE(0) === STRUCTURED_REPLY_MAGIC) yield this.chunkRest
      const header = decodeReplyHeader(this.head, 0)
      if (header === undefined) throw this.malformed('what should be a reply is none')
      const { cookieHigh, cookieLow } = header
      const exchange = cookieHigh === 0 ? this.inFlight.get(cookieLow) : undefined
      if (exchange === undefined) throw this.malformed('it answers what it was not asked')
      if (header.kind === 'simple') {
        yield* this.simpleReply(exchange, header.error)
        this.finish(cookieLow, exchange)
      } else {
        yield* this.chunk(exchange, header)
        if ((header.flags & CHUNK_DONE) !== 0) this.finish(cookieLow, exchange)
      }
    }
  }

  private *simpleReply(exchange: Exchange, error: number): Receiving<void> {
    if (error !== 0) {
      exchange.failure = { value: error, text: '' }
      return
    }
    if (this.agreed.structured || !(exchange instanceof ReadRequest)) {
      throw this.malformed('it sends a simple reply where the answer has a structure')
    }
    yield exchange.place(exchange.offset, exchange.length) ?? exchange.target
  }

  private *chunk(exchange: Exchange, header: ChunkHeader): Receiving<void> {
    if (!this.agreed.structured) throw this.malformed('structured replies were not agreed on')
    const { type, length } = header
    if ((type & CHUNK_ERROR_BIT) !== 0) {
      yield* this.error(exchange, length)
    } else if (type === CHUNK.none) {
      if (length === 0 && (header.flags & CHUNK_DONE) !== 0) return
      throw this.malformed('a chunk without content does not end the reply')
    } else if (exchange instanceof ReadRequest) {
      yield* this.content(exchange, header)
    } else if (type === CHUNK.blockStatus) {
      yield* this.status(exchange, length)
    } else {
      throw this.malformed(`chunk type ${String(type)} is no answer to the request`)
    }
  }

  private *content(exchange: ReadRequest, { type, length }: ChunkHeader): Receiving<void> {
    const isData = type === CHUNK.offsetData
    if (!isData && type !== CHUNK.offsetHole) {
      throw this.malformed(`chunk type ${String(type)} is no answer to a read`)
    }
    if (isData ? length < 9 : length !== 12) throw this.malformed('a chunk has a wrong length')
    yield this.offsetBytes
    const offset = readUInt64(this.offsetBytes, 0)
    let covered = length - 8
    if (!isData) {
      const holeSize = this.offsetBytes.subarray(0, 4)
      yield holeSize
      covered = holeSize.readUInt32BE(0)
    }
    const place = exchange.place(offset, covered)
    if (place === undefined) {
      throw this.malformed(
        `of a read at ${String(exchange.offset)} it sends bytes ${String(offset)} to ` +
          `${String(offset + covered)}, which it should not, or not again`,
      )
    }
    if (isData) yield place
    else place.fill(0)
  }

  private *status(exchange: StatusRequest, length: number): Receiving<void> {
    const bytes = length - 4
    if (bytes <= 0 || bytes % RUN_SIZE !== 0 || bytes > MAX_STATUS_RUNS * RUN_SIZE) {
      throw this.malformed('a block status has a wrong length')
    }
    const context = this.offsetBytes.subarray(0, 4)
    yield context
    if (exchange.answered || context.readUInt32BE(0) !== this.agreed.allocationContext) {
      throw this.malformed('it tells a block status that it was not asked for')
    }
    exchange.answered = true
    const limit = exchange.offset + exchange.length
    let at = exchange.offset
    for (let rest = bytes; rest > 0; rest -= RUN_SIZE) {
      yield this.offsetBytes
      const run = this.offsetBytes.readUInt32BE(0)
      if (run === 0 || at >= limit) throw this.malformed('a block status has an impossible run')
      // The last run may pass what was asked for.
      const inside = Math.min(run, limit - at)
      const zero = (this.offsetBytes.readUInt32BE(4) & BLOCK_STATE.zero) !== 0
      exchange.runs.add(inside, !zero)
      at += inside
    }
  }

  private *error(exchange: Exchange, length: number): Receiving<void> {
    exchange.errorChunks += 1
    if (length < 6 || length > MAX_ERROR_CHUNK || exchange.errorChunks > MAX_ERROR_CHUNKS) {
      throw this.malformed('an error is told at a wrong length, or too often')
    }
    const payload = Buffer.alloc(length)
    yield payload
    const value = payload.readUInt32BE(0)
    const textEnd = 6 + payload.readUInt16BE(4)
    if (value === 0 || textEnd > length) throw this.malformed('an error is told in a wrong way')
    exchange.failure ??= { value, text: payload.toString('utf8', 6, textEnd) }
  }

  private finish(cookie: number, exchange: Exchange): void {
    const { failure } = exchange
    if (failure?.value === NBD_ERROR.shutdown) throw unreachable(this.uri, 'its server shuts down')
    if (failure === undefined && !exchange.complete) {
      throw this.malformed('it calls an answer complete that is not')
    }
    this.inFlight.delete(cookie)
    if (failure === undefined) exchange.succeed()
    else exchange.fail(reported(this.uri, exchange.offset, failure.value, failure.text))
    this.ended()
  }

  private malformed(what: string): EngineError {
    return malformed(this.uri, what)
  }
}
