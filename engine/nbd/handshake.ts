import type { EngineError } from '../base/errors'
import { malformed, refused, shownText, unreachable } from './nbd-error'
import {
  BASE_ALLOCATION,
  DEFAULT_MAX_PAYLOAD,
  decodeGreeting,
  decodeOptionReplyHeader,
  encodeClientFlags,
  encodeOption,
  EXPORT_NAME_PADDING,
  EXPORT_NAME_REPLY_SIZE,
  GREETING_SIZE,
  HANDSHAKE,
  INFO,
  OPTION,
  OPTION_REPLY,
  OPTION_REPLY_HEADER_SIZE,
  readUInt64,
} from './protocol'
import type { Receiving } from './receiver'
import type { NbdAddress } from './uri'

/** What client and server agreed on. Sizes are bytes. */
export interface NbdExport {
  readonly size: number
  /** Requests begin and end at multiples of it: a power of two. */
  readonly minimumBlock: number
  /** The longest read. */
  readonly maximumRead: number
  readonly structured: boolean
  /** The number of the context base:allocation; undefined where the server has none. */
  readonly allocationContext: number | undefined
}

/** An option's reply with its data takes no more than this: texts, and few numbers. */
const MAX_REPLY_DATA = 16 * 1024
/** Replies to one option, before the last one. */
const MAX_REPLIES = 64
/** The largest minimum block size that the protocol allows. */
const MAX_MINIMUM_BLOCK = 64 * 1024
const ERROR_BIT = 0x80000000

type Send = (bytes: Uint8Array) => void

interface OptionReply {
  readonly type: number
  readonly data: Buffer
}

/**
 * The client's side of the handshake, up to the first request: fixed newstyle, structured replies
 * and base:allocation where the server has them, GO, or EXPORT_NAME with a server that is older.
 * Errors: `nbd/refused`, `nbd/malformed`.
 */
export function* shakeHands(address: NbdAddress, send: Send): Receiving<NbdExport> {
  const greeting = Buffer.alloc(GREETING_SIZE)
  yield greeting
  const flags = decodeGreeting(greeting)
  if (flags === undefined) {
    throw malformed(address.uri, 'what answers is no NBD server, or one of the oldest kind')
  }
  const both = flags & (HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes)
  send(encodeClientFlags(both))
  return yield* new Handshake(address, send, (both & HANDSHAKE.noZeroes) !== 0).agree(
    (both & HANDSHAKE.fixedNewstyle) !== 0,
  )
}

class Handshake {
  private structured = false

  constructor(
    private readonly address: NbdAddress,
    private readonly send: Send,
    private readonly noZeroes: boolean,
  ) {}

  *agree(options: boolean): Receiving<NbdExport> {
    if (!options) return yield* this.enterByName()
    this.send(encodeOption(OPTION.structuredReply, Buffer.alloc(0)))
    this.structured = (yield* this.lastReply(OPTION.structuredReply)).type === OPTION_REPLY.ack
    const context = this.structured ? yield* this.askContext() : undefined
    return (yield* this.go(context)) ?? (yield* this.enterByName())
  }

  private *askContext(): Receiving<number | undefined> {
    const query = Buffer.from(BASE_ALLOCATION)
    const data = [this.counted(), uint32(1), uint32(query.length), query]
    this.send(encodeOption(OPTION.setMetaContext, Buffer.concat(data)))
    let id: number | undefined
    const last = yield* this.lastReply(OPTION.setMetaContext, (reply) => {
      if (reply.type !== OPTION_REPLY.metaContext || reply.data.length < 4) {
        throw this.malformed('a metadata context is described in a way that is not known')
      }
      if (reply.data.toString('utf8', 4) === BASE_ALLOCATION) id = reply.data.readUInt32BE(0)
    })
    return last.type === OPTION_REPLY.ack ? id : undefined
  }

  /** Undefined where the server does not know the option. */
  private *go(allocationContext: number | undefined): Receiving<NbdExport | undefined> {
    const data = Buffer.concat([this.counted(), uint16(1), uint16(INFO.blockSize)])
    this.send(encodeOption(OPTION.go, data))
    let size: number | undefined
    let blocks = { minimumBlock: 1, maximumRead: DEFAULT_MAX_PAYLOAD }
    const last = yield* this.lastReply(OPTION.go, ({ type, data: info }) => {
      if (type !== OPTION_REPLY.info || info.length < 2) {
        throw this.malformed('an export is described in a way that is not known')
      }
      const what = info.readUInt16BE(0)
      if (what === INFO.export) size = this.sizeOf(info, 12, 2)
      if (what === INFO.blockSize) blocks = this.blocksOf(info)
    })
    if (last.type === OPTION_REPLY.unsupported) return undefined
    if (last.type !== OPTION_REPLY.ack) throw this.refusal(last)
    if (size === undefined) throw this.malformed('it does not tell the size of the export')
    return { size, ...blocks, structured: this.structured, allocationContext }
  }

  /** A server refuses by hanging up. */
  private *enterByName(): Receiving<NbdExport> {
    this.send(encodeOption(OPTION.exportName, Buffer.from(this.address.exportName)))
    const reply = Buffer.alloc(EXPORT_NAME_REPLY_SIZE)
    yield reply
    if (!this.noZeroes) yield Buffer.alloc(EXPORT_NAME_PADDING)
    const size = this.sizeOf(reply, EXPORT_NAME_REPLY_SIZE, 0)
    const blocks = { minimumBlock: 1, maximumRead: DEFAULT_MAX_PAYLOAD }
    return { size, ...blocks, structured: this.structured, allocationContext: undefined }
  }

  /** Reads replies to an option up to the one that ends them; those before go to `each`. */
  private *lastReply(
    option: number,
    each: (reply: OptionReply) => void = () => {
      throw this.malformed('it says more to an option than there is to say')
    },
  ): Receiving<OptionReply> {
    for (let count = 0; count < MAX_REPLIES; count += 1) {
      const reply = yield* this.reply(option)
      if (reply.type === OPTION_REPLY.tlsRequired) throw this.refusal(reply)
      if (reply.type === OPTION_REPLY.ack || reply.type >= ERROR_BIT) return reply
      each(reply)
    }
    throw this.malformed('it never comes to an end with an option')
  }

  private *reply(option: number): Receiving<OptionReply> {
    const head = Buffer.alloc(OPTION_REPLY_HEADER_SIZE)
    yield head
    const header = decodeOptionReplyHeader(head, 0)
    if (header?.option !== option) throw this.malformed('it answers what it was not asked')
    if (header.length > MAX_REPLY_DATA) throw this.malformed('a reply to an option is too long')
    const data = Buffer.alloc(header.length)
    yield data
    return { type: header.type, data }
  }

  private sizeOf(bytes: Buffer, length: number, at: number): number {
    if (bytes.length !== length) throw this.malformed('an export is described at a wrong length')
    const size = readUInt64(bytes, at)
    if (Number.isSafeInteger(size)) return size
    throw this.malformed(`it calls the export ${String(size)} bytes long`)
  }

  private blocksOf(info: Buffer): { minimumBlock: number; maximumRead: number } {
    if (info.length !== 14) throw this.malformed('block sizes are told at a wrong length')
    const minimumBlock = info.readUInt32BE(2)
    const maximumRead = info.readUInt32BE(10)
    const powerOfTwo = minimumBlock > 0 && (minimumBlock & (minimumBlock - 1)) === 0
    if (powerOfTwo && minimumBlock <= MAX_MINIMUM_BLOCK && maximumRead >= minimumBlock) {
      return { minimumBlock, maximumRead }
    }
    throw this.malformed(
      `blocks of ${String(minimumBlock)} to ${String(maximumRead)} bytes are impossible`,
    )
  }

  private refusal({ type, data }: OptionReply): EngineError {
    const { uri, exportName } = this.address
    if (type === OPTION_REPLY.shutdown) return unreachable(uri, 'its server is shutting down')
    const text = shownText(data.toString('utf8'))
    const said = text === '' ? '' : ` (${text})`
    if (type === OPTION_REPLY.unknown) {
      return refused(uri, `its server has no export named '${exportName}'${said}`)
    }
    if (type === OPTION_REPLY.tlsRequired) {
      return refused(uri, `its server wants TLS, which is not supported${said}`)
    }
    return refused(uri, `its server refuses the export '${exportName}'${said}`)
  }

  private malformed(what: string): EngineError {
    return malformed(this.address.uri, what)
  }

  /** The export's name behind its length. */
  private counted(): Buffer {
    const name = Buffer.from(this.address.exportName)
    return Buffer.concat([uint32(name.length), name])
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
