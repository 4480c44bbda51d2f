import {
  CLIENT_FLAGS_SIZE,
  decodeOptionHeader,
  encodeGreeting,
  encodeOptionReply,
  EXPORT_NAME_PADDING,
  EXPORT_NAME_REPLY_SIZE,
  HANDSHAKE,
  OPTION,
  OPTION_HEADER_SIZE,
  OPTION_REPLY,
  writeUInt64,
} from '../nbd/protocol'
import { type StatusContext, STATUS_CONTEXTS } from './block-status'
import { decodeContextQuery, decodeInfoRequest } from './option-data'
import { type ExportFacts, exportInfo, serverEntry } from './option-replies'
import type { Agreement } from './replies'

/** Bytes of an option's data that are looked at; a longer one is skipped, and refused. */
const MAX_OPTION_BYTES = 64 * 1024

/** What a handshake leads to. */
export interface HandshakeEnds {
  /** Sends a message to the client. */
  send(message: Buffer): void
  /** The client chose the export; all that comes behind `rest`, and that first, are requests. */
  agreed(agreement: Agreement, rest: Buffer): void
  /** The client has taken its leave, or does not speak the protocol. */
  over(): void
}

/**
 * The handshake with one client, fixed newstyle: it sends options until it chooses the export
 * (EXPORT_NAME or GO) or leaves. There is one export, whose name is empty.
 */
export class Handshake {
  private input: Buffer = Buffer.alloc(0)
  /** Flags come first; then options. */
  private flagged = false
  private noZeroes = false
  private skip = 0
  private structured = false
  private contexts: readonly StatusContext[] = []
  private over = false

  constructor(
    private readonly facts: () => ExportFacts,
    private readonly ends: HandshakeEnds,
  ) {
    ends.send(encodeGreeting(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes))
  }

  /** What has come from the client. */
  take(chunk: Buffer): void {
    this.input = this.input.length === 0 ? chunk : Buffer.concat([this.input, chunk])
    while (!this.over && this.step());
  }

  /** Does one message, where it is there as a whole. */
  private step(): boolean {
    const { input } = this
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, input.length)
      this.skip -= skipped
      this.input = input.subarray(skipped)
      return this.skip === 0
    }
    if (!this.flagged) return this.takeFlags(input)
    if (input.length < OPTION_HEADER_SIZE) return false
    const header = decodeOptionHeader(input, 0)
    if (header === undefined) return this.end()
    const { option, length } = header
    if (length > MAX_OPTION_BYTES) {
      if (option === OPTION.exportName) return this.end()
      this.input = input.subarray(OPTION_HEADER_SIZE)
      this.skip = length
      this.reply(option, OPTION_REPLY.tooBig, `At most ${MAX_OPTION_BYTES} bytes are read`)
      return true
    }
    if (input.length < OPTION_HEADER_SIZE + length) return false
    this.input = input.subarray(OPTION_HEADER_SIZE + length)
    this.answer(option, input.subarray(OPTION_HEADER_SIZE, OPTION_HEADER_SIZE + length))
    return true
  }

  private takeFlags(input: Buffer): boolean {
    if (input.length < CLIENT_FLAGS_SIZE) return false
    const flags = input.readUInt32BE(0)
    const known = HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes
    if ((flags & ~known) !== 0) return this.end()
    this.flagged = true
    this.noZeroes = (flags & HANDSHAKE.noZeroes) !== 0
    this.input = input.subarray(CLIENT_FLAGS_SIZE)
    return true
  }

  private end(): false {
    this.over = true
    this.ends.over()
    return false
  }

  private answer(option: number, data: Buffer): void {
    switch (option) {
      case OPTION.exportName:
        this.chooseByName(data)
        break
      case OPTION.abort:
        this.reply(option, OPTION_REPLY.ack)
        this.end()
        break
      case OPTION.list:
        this.list(data)
        break
      case OPTION.info:
      case OPTION.go:
        this.inform(option, data)
        break
      case OPTION.structuredReply:
        if (!this.refuseData(option, data)) return
        this.structured = true
        this.reply(option, OPTION_REPLY.ack)
        break
      case OPTION.listMetaContext:
      case OPTION.setMetaContext:
        this.chooseContexts(option, data)
        break
      default:
        this.reply(option, OPTION_REPLY.unsupported, `There is no option ${option} here`)
    }
  }

  /** EXPORT_NAME has no words for a refusal: whoever asks for another export is left. */
  private chooseByName(name: Buffer): void {
    if (name.length > 0) {
      this.end()
      return
    }
    const { size, flags } = this.facts()
    const padding = this.noZeroes ? 0 : EXPORT_NAME_PADDING
    const reply = Buffer.alloc(EXPORT_NAME_REPLY_SIZE + padding)
    writeUInt64(reply, size, 0)
    reply.writeUInt16BE(flags(this.structured), 8)
    this.ends.send(reply)
    this.agree()
  }

  private list(data: Buffer): void {
    if (!this.refuseData(OPTION.list, data)) return
    this.reply(OPTION.list, OPTION_REPLY.server, serverEntry(''))
    this.reply(OPTION.list, OPTION_REPLY.ack)
  }

  private inform(option: number, data: Buffer): void {
    const request = decodeInfoRequest(data)
    if (request === undefined) {
      this.reply(option, OPTION_REPLY.invalid, 'The data of the option is no request for an export')
      return
    }
    if (!this.knows(option, request.name)) return
    for (const info of exportInfo(this.facts(), this.structured, request.kinds)) {
      this.reply(option, OPTION_REPLY.info, info)
    }
    this.reply(option, OPTION_REPLY.ack)
    if (option === OPTION.go) this.agree()
  }

  private chooseContexts(option: number, data: Buffer): void {
    const query = decodeContextQuery(data)
    const lists = option === OPTION.listMetaContext
    // Whatever comes of it, what was chosen before does not count any more.
    if (!lists) this.contexts = []
    if (query === undefined || !this.structured) {
      const why = query === undefined ? 'The data is no query' : 'Structured replies come first'
      this.reply(option, OPTION_REPLY.invalid, why)
      return
    }
    if (!this.knows(option, query.name)) return
    const found = STATUS_CONTEXTS.filter(({ name }) => query.asksFor(name, lists))
    if (!lists) this.contexts = found
    for (const { name, id } of found) {
      const entry = Buffer.alloc(4 + Buffer.byteLength(name))
      // in a list the ids mean nothing yet
      entry.writeUInt32BE(lists ? 0 : id, 0)
      entry.write(name, 4)
      this.reply(option, OPTION_REPLY.metaContext, entry)
    }
    this.reply(option, OPTION_REPLY.ack)
  }

  private knows(option: number, name: string): boolean {
    if (name === '') return true
    this.reply(option, OPTION_REPLY.unknown, 'There is one export here, and its name is empty')
    return false
  }

  /** Whether an option that has no data came without. */
  private refuseData(option: number, data: Buffer): boolean {
    if (data.length === 0) return true
    this.reply(option, OPTION_REPLY.invalid, 'This option has no data')
    return false
  }

  private agree(): void {
    this.over = true
    const { structured, contexts } = this
    this.ends.agreed({ structured, contexts }, this.input)
  }

  private reply(option: number, type: number, data: Uint8Array | string = ''): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    this.ends.send(encodeOptionReply(option, type, bytes))
  }
}
