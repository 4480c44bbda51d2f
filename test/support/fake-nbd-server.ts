import * as net from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ClientOptions } from '../../engine/nbd/client'
import { NbdFile } from '../../engine/nbd/nbd-file'
import {
  CHUNK,
  CHUNK_DONE,
  CHUNK_HEADER_SIZE,
  CLIENT_FLAGS_SIZE,
  COMMAND,
  type Cookie,
  decodeOptionHeader,
  encodeGreeting,
  encodeOptionReply,
  HANDSHAKE,
  INFO,
  OPTION,
  OPTION_HEADER_SIZE,
  OPTION_REPLY,
  readRequest,
  type Request,
  REQUEST_SIZE,
  writeChunkHeader,
  writeSimpleReply,
  writeUInt64,
} from '../../engine/nbd/protocol'
import { parseNbdUri } from '../../engine/nbd/uri'
import { temporaryFolder } from './temporary-folder'

export const CONTEXT_ID = 7

/** What a server does. All of it may be a lie. */
export interface Behaviour {
  readonly size: number
  readonly greeting?: Buffer
  /** Replaces the honest replies to an option; undefined: the honest ones. */
  readonly option?: (option: number, data: Buffer) => Buffer | 'hang-up' | undefined
  readonly blockSizes?: readonly [number, number, number]
  /** The answer to a request; undefined: none, ever. */
  readonly reply: (request: Request, connection: number) => Buffer | 'hang-up' | undefined
}

export interface FakeServer {
  readonly uri: string
  /** Connections so far. */
  readonly connections: () => number
  readonly requests: Request[]
}

/** A server in this process, gone with the test, that does what it is told to. */
export async function fakeServer(behaviour: Behaviour): Promise<FakeServer> {
  const path = join(temporaryFolder(), 'nbd.sock')
  const requests: Request[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    serve(socket, behaviour, connections, requests)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { uri: `nbd+unix:///x?socket=${path}`, connections: () => connections, requests }
}

/** Gives up soon, as these servers are near. */
const impatient: ClientOptions = {
  handshake: 1000,
  silence: 1000,
  answer: 5000,
  reconnectDelays: [0, 10, 10],
}

/** The export of a server, opened by a client that does not wait long. */
export async function open(
  { uri }: FakeServer,
  options: Partial<ClientOptions> = {},
): Promise<NbdFile> {
  return await NbdFile.open(parseNbdUri(uri, '/'), { ...impatient, ...options })
}

function serve(socket: net.Socket, behaviour: Behaviour, number: number, log: Request[]): void {
  let bytes = Buffer.alloc(0)
  let phase: 'flags' | 'options' | 'requests' = 'flags'
  const greeting = HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes
  socket.write(behaviour.greeting ?? encodeGreeting(greeting))

  function step(): boolean {
    if (phase === 'flags') {
      if (bytes.length < CLIENT_FLAGS_SIZE) return false
      bytes = bytes.subarray(CLIENT_FLAGS_SIZE)
      phase = 'options'
      return true
    }
    return phase === 'options' ? optionStep() : requestStep()
  }

  function optionStep(): boolean {
    const header = bytes.length < OPTION_HEADER_SIZE ? undefined : decodeOptionHeader(bytes, 0)
    if (header === undefined || bytes.length < OPTION_HEADER_SIZE + header.length) return false
    const data = bytes.subarray(OPTION_HEADER_SIZE, OPTION_HEADER_SIZE + header.length)
    bytes = bytes.subarray(OPTION_HEADER_SIZE + header.length)
    const answer = behaviour.option?.(header.option, data)
    if (answer === 'hang-up') return hangUp()
    socket.write(answer ?? honest(header.option, behaviour))
    if (header.option === OPTION.go && answer === undefined) phase = 'requests'
    if (header.option === OPTION.exportName) phase = 'requests'
    return true
  }

  function requestStep(): boolean {
    if (bytes.length < REQUEST_SIZE) return false
    const request = { flags: 0, command: 0, cookieHigh: 0, cookieLow: 0, offset: 0, length: 0 }
    readRequest(bytes, 0, request)
    bytes = bytes.subarray(REQUEST_SIZE)
    if (request.command === COMMAND.disconnect) return hangUp()
    log.push(request)
    const answer = behaviour.reply(request, number)
    if (answer === 'hang-up') return hangUp()
    if (answer !== undefined) socket.write(answer)
    return true
  }

  function hangUp(): boolean {
    socket.destroy()
    return false
  }

  socket.on('data', (more) => {
    bytes = Buffer.concat([bytes, more])
    while (step());
  })
}

function honest(option: number, { size, blockSizes }: Behaviour): Buffer {
  const ack = encodeOptionReply(option, OPTION_REPLY.ack, Buffer.alloc(0))
  if (option === OPTION.setMetaContext) {
    const context = Buffer.concat([uint32(CONTEXT_ID), Buffer.from('base:allocation')])
    return Buffer.concat([encodeOptionReply(option, OPTION_REPLY.metaContext, context), ack])
  }
  if (option !== OPTION.go) return ack
  const infos = [exportInfo(size)]
  if (blockSizes !== undefined) {
    infos.push(Buffer.concat([uint16(INFO.blockSize), ...blockSizes.map(uint32)]))
  }
  const replies = infos.map((info) => encodeOptionReply(option, OPTION_REPLY.info, info))
  return Buffer.concat([...replies, ack])
}

/** The size and the flags of an export, as GO tells them. */
export function exportInfo(size: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(INFO.export, 0)
  writeUInt64(bytes, size, 2)
  bytes.writeUInt16BE(3, 10)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  writeUInt64(bytes, value, 0)
  return bytes
}

export function simple(cookie: Cookie, error: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16)
  writeSimpleReply(head, cookie, error, 0)
  return Buffer.concat([head, data])
}

export function chunk(cookie: Cookie, type: number, payload: Buffer, done = true): Buffer {
  const head = Buffer.alloc(CHUNK_HEADER_SIZE)
  const flags = done ? CHUNK_DONE : 0
  writeChunkHeader(head, cookie, { flags, type, length: payload.length }, 0)
  return Buffer.concat([head, payload])
}

/** The chunk with content of a read. */
export function data(request: Request, offset: number, bytes: Buffer, done = true): Buffer {
  return chunk(request, CHUNK.offsetData, Buffer.concat([uint64(offset), bytes]), done)
}

/** A block status: lengths and flags. */
export function status(
  request: Request,
  runs: readonly (readonly [number, number])[],
  context = CONTEXT_ID,
): Buffer {
  const words = runs.flatMap(([length, flags]) => [uint32(length), uint32(flags)])
  return chunk(request, CHUNK.blockStatus, Buffer.concat([uint32(context), ...words]))
}

export function errorChunk(request: Request, value: number, text = ''): Buffer {
  const message = Buffer.from(text)
  const payload = Buffer.concat([uint32(value), uint16(message.length), message])
  return chunk(request, CHUNK.error, payload)
}
