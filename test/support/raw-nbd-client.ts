/*
 * An NBD client that says exactly what a test wants, in order or not, and shows what comes back.
 */
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import {
  CHUNK,
  CHUNK_DONE,
  CHUNK_HEADER_SIZE,
  COMMAND,
  decodeGreeting,
  decodeOptionReplyHeader,
  decodeReplyHeader,
  encodeClientFlags,
  encodeOption,
  GREETING_SIZE,
  OPTION,
  OPTION_REPLY,
  OPTION_REPLY_HEADER_SIZE,
  type Request,
  REQUEST_SIZE,
  SIMPLE_REPLY_SIZE,
  STRUCTURED_REPLY_MAGIC,
  writeRequest,
} from '../../engine/nbd/protocol'

/** One reply to an option. */
export interface OptionReply {
  readonly option: number
  readonly type: number
  readonly data: Buffer
}

/** All that came in reply to a request. */
export interface Answer {
  readonly cookie: number
  /** 0 where it was done. */
  readonly error: number
  readonly message: string
  /** What a read brought. */
  readonly data: Buffer
  /** Bytes of it that were told to be a hole. */
  readonly hole: number
  /** Of block status, by id: lengths and flags in turns. */
  readonly status: ReadonlyMap<number, readonly number[]>
}

const nothing: Buffer = Buffer.alloc(0)

export class RawNbdClient {
  private input: Buffer[] = []
  private inputLength = 0
  private wanted: (() => void) | undefined
  private over = false
  private cookies = 0
  /** The exported size in bytes, once it was told. */
  size = 0

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.input.push(chunk)
      this.inputLength += chunk.length
      this.wanted?.()
    })
    const end = (): void => {
      this.over = true
      this.wanted?.()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', end)
  }

  /** Connects, and takes the greeting. The connection ends with the test at the latest. */
  static async connect(path: string, flags = 3): Promise<RawNbdClient> {
    const socket = connect({ path })
    onTestFinished(() => {
      socket.destroy()
    })
    const client = new RawNbdClient(socket)
    const greeting = decodeGreeting(await client.take(GREETING_SIZE))
    if (greeting !== 3) throw new Error(`greeted with ${greeting}`)
    client.send(encodeClientFlags(flags))
    return client
  }

  /** The same, to the end of the handshake: with structured replies, and contexts if there are. */
  static async ready(path: string, ...contexts: readonly string[]): Promise<RawNbdClient> {
    const client = await RawNbdClient.connect(path)
    await client.option(OPTION.structuredReply)
    if (contexts.length > 0) {
      await client.option(OPTION.setMetaContext, contextQuery('', ...contexts))
    }
    await client.go()
    return client
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** The next bytes; fails where the server hangs up before. */
  async take(length: number): Promise<Buffer> {
    while (this.inputLength < length) {
      if (this.over) throw new Error(`the server hung up after ${this.inputLength} bytes`)
      await new Promise<void>((resolve) => (this.wanted = resolve))
    }
    const input = Buffer.concat(this.input)
    this.input = [input.subarray(length)]
    this.inputLength -= length
    return input.subarray(0, length)
  }

  /** Resolves when the server hangs up; what it said until then is thrown away. */
  async hungUp(): Promise<void> {
    while (!this.over) await new Promise<void>((resolve) => (this.wanted = resolve))
  }

  /** Sends an option, and takes all replies to it up to the one that ends it. */
  async option(option: number, data: Uint8Array = nothing): Promise<OptionReply[]> {
    this.send(encodeOption(option, data))
    return await this.optionReplies()
  }

  async optionReplies(): Promise<OptionReply[]> {
    const replies: OptionReply[] = []
    for (;;) {
      const header = decodeOptionReplyHeader(await this.take(OPTION_REPLY_HEADER_SIZE), 0)
      if (header === undefined) throw new Error('no reply to an option')
      const { option, type, length } = header
      replies.push({ option, type, data: await this.take(length) })
      if (type === OPTION_REPLY.ack || type >= 0x80000000) return replies
    }
  }

  async go(): Promise<OptionReply[]> {
    const replies = await this.option(OPTION.go, infoRequest('', []))
    const info = replies.find(({ data }) => data.length === 12)
    if (info === undefined) throw new Error('GO was refused')
    this.size = Number(info.data.readBigUInt64BE(2))
    return replies
  }

  /** Sends a request, and returns its cookie. */
  ask(command: number, request: Partial<Request> = {}, data: Uint8Array = nothing): number {
    this.cookies += 1
    this.send(
      Buffer.concat([encodeRequest({ ...request, command, cookieLow: this.cookies }), data]),
    )
    return this.cookies
  }

  /** Sends a request, and waits for its answer: to be used where no other one is under way. */
  async do(
    command: number,
    request: Partial<Request> = {},
    data: Uint8Array = nothing,
  ): Promise<Answer> {
    const cookie = this.ask(command, request, data)
    const answer = await this.answer(request.length ?? 0, command)
    if (answer.cookie !== cookie) throw new Error(`answer ${answer.cookie} to ${cookie}`)
    return answer
  }

  async read(offset: number, length: number): Promise<Answer> {
    return await this.do(COMMAND.read, { offset, length })
  }

  async write(offset: number, data: Uint8Array, flags = 0): Promise<Answer> {
    return await this.do(COMMAND.write, { offset, length: data.length, flags }, data)
  }

  /** The next reply, all its chunks. A simple reply to a read has `length` bytes of data. */
  async answer(length = 0, command = -1): Promise<Answer> {
    let data: Buffer = nothing
    let hole = 0
    const status = new Map<number, number[]>()
    for (;;) {
      const first = await this.take(SIMPLE_REPLY_SIZE)
      const chunked = first.readUInt32BE(0) === STRUCTURED_REPLY_MAGIC
      const rest = chunked ? await this.take(CHUNK_HEADER_SIZE - SIMPLE_REPLY_SIZE) : nothing
      const header = decodeReplyHeader(Buffer.concat([first, rest]), 0)
      if (header === undefined) throw new Error('no reply')
      const cookie = header.cookieLow
      if (header.kind === 'simple') {
        if (command === COMMAND.read && header.error === 0) data = await this.take(length)
        return { cookie, error: header.error, message: '', data, hole, status }
      }
      const body = await this.take(header.length)
      if (header.type === CHUNK.error) {
        const message = body.toString('utf8', 6)
        return { cookie, error: body.readUInt32BE(0), message, data, hole, status }
      }
      if (header.type === CHUNK.offsetData) data = body.subarray(8)
      if (header.type === CHUNK.offsetHole) {
        hole = body.readUInt32BE(8)
        data = Buffer.alloc(hole)
      }
      if (header.type === CHUNK.blockStatus) {
        const words = Array.from({ length: body.length / 4 }, (_, n) => body.readUInt32BE(n * 4))
        status.set(words[0] ?? -1, words.slice(1))
      }
      if ((header.flags & CHUNK_DONE) !== 0)
        return { cookie, error: 0, message: '', data, hole, status }
    }
  }
}

export function encodeRequest(request: Partial<Request>): Buffer {
  const bytes = Buffer.alloc(REQUEST_SIZE)
  const defaults = { flags: 0, command: 0, cookieHigh: 0, cookieLow: 0, offset: 0, length: 0 }
  writeRequest(bytes, { ...defaults, ...request }, 0)
  return bytes
}

/** The data of INFO and GO. */
export function infoRequest(name: string, kinds: readonly number[]): Buffer {
  const count = Buffer.alloc(2 + 2 * kinds.length)
  count.writeUInt16BE(kinds.length, 0)
  for (const [index, kind] of kinds.entries()) count.writeUInt16BE(kind, 2 + 2 * index)
  return Buffer.concat([text(name), count])
}

/** The data of LIST_META_CONTEXT and SET_META_CONTEXT. */
export function contextQuery(name: string, ...queries: readonly string[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(queries.length)
  return Buffer.concat([text(name), count, ...queries.map(text)])
}

function text(value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(value))
  return Buffer.concat([length, Buffer.from(value)])
}
