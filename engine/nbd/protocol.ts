/**
 * The words of the NBD protocol, for both of its ends: numbers, and how messages are laid out.
 * After proto.md of the NBD project; all integers are big endian. 64-bit offsets are plain numbers
 * here: what is no safe integer is past the end of any disk.
 */

/** The port that IANA gave to NBD. */
export const NBD_PORT = 10809

/** Bytes that the name of an export, or of a metadata context, may have. */
export const MAX_NAME_BYTES = 4096
/** Bytes that every server has to take in one read or write, where it does not say otherwise. */
export const DEFAULT_MAX_PAYLOAD = 32 * 1024 * 1024

/** Handshake flags, of the server and, in the same bits, of the client. */
export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const

/** Options of the handshake (NBD_OPT_*). */
export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const

/** Types of replies to an option (NBD_REP_*). Those with the highest bit are errors. */
export const OPTION_REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  platform: 0x80000004,
  tlsRequired: 0x80000005,
  unknown: 0x80000006,
  shutdown: 0x80000007,
  blockSizeRequired: 0x80000008,
  tooBig: 0x80000009,
} as const

/** What the server says of an export in reply to INFO and GO (NBD_INFO_*). */
export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const

/** What an export can do (NBD_FLAG_*). */
export const EXPORT_FLAG = {
  hasFlags: 1,
  readOnly: 2,
  sendFlush: 4,
  sendFua: 8,
  rotational: 16,
  sendTrim: 32,
  sendWriteZeroes: 64,
  sendDf: 128,
  canMultiConn: 256,
  sendCache: 1024,
  sendFastZero: 2048,
} as const

/** Requests (NBD_CMD_*). */
export const COMMAND = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const

/** Flags of a request (NBD_CMD_FLAG_*). */
export const COMMAND_FLAG = {
  fua: 1,
  noHole: 2,
  dontFragment: 4,
  requestOne: 8,
  fastZero: 16,
} as const

/** Types of chunks of a structured reply (NBD_REPLY_TYPE_*). */
export const CHUNK = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: 0x8001,
  errorOffset: 0x8002,
} as const

/** The one flag of a chunk: no other chunk of this reply follows. */
export const CHUNK_DONE = 1
/** The bit that says of any chunk type, also an unknown one, that it is an error. */
export const CHUNK_ERROR_BIT = 0x8000

/** Error values of replies: few of errno, with the same value on every system. */
export const NBD_ERROR = {
  permission: 1,
  io: 5,
  memory: 12,
  invalid: 22,
  noSpace: 28,
  overflow: 75,
  notSupported: 95,
  shutdown: 108,
} as const

export const BASE_ALLOCATION = 'base:allocation'
export const ALLOCATION_DEPTH = 'qemu:allocation-depth'
/** Flags of a run in the context base:allocation. */
export const BLOCK_STATE = { hole: 1, zero: 2 } as const

/** `NBDMAGIC`, `IHAVEOPT`, and what replies to options begin with, as two 32-bit words each. */
const INIT_MAGIC = [0x4e42444d, 0x41474943] as const
const OPTION_MAGIC = [0x49484156, 0x454f5054] as const
const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const
export const REQUEST_MAGIC = 0x25609513
export const SIMPLE_REPLY_MAGIC = 0x67446698
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef

/** Bytes of the fixed parts of messages. */
export const GREETING_SIZE = 18
export const CLIENT_FLAGS_SIZE = 4
export const OPTION_HEADER_SIZE = 16
export const OPTION_REPLY_HEADER_SIZE = 20
export const REQUEST_SIZE = 28
export const SIMPLE_REPLY_SIZE = 16
export const CHUNK_HEADER_SIZE = 20
/** What an export is told as at the end of EXPORT_NAME: size, flags, and zeros for old clients. */
export const EXPORT_NAME_REPLY_SIZE = 10
export const EXPORT_NAME_PADDING = 124

const WORD = 2 ** 32

/** An unsigned 64-bit integer; rounded where it is above 2^53, so compare it with a limit. */
export function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * WORD + bytes.readUInt32BE(at + 4)
}

/** Writes a safe integer as 64 bits. */
export function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / WORD), at)
  bytes.writeUInt32BE(value % WORD, at + 4)
}

/** The server's first words, with its HANDSHAKE flags. */
export function encodeGreeting(flags: number): Buffer {
  const bytes = Buffer.alloc(GREETING_SIZE)
  writeMagic(bytes, INIT_MAGIC, 0)
  writeMagic(bytes, OPTION_MAGIC, 8)
  bytes.writeUInt16BE(flags, 16)
  return bytes
}

/** The HANDSHAKE flags of a greeting; undefined where it is none of a newstyle server. */
export function decodeGreeting(bytes: Buffer): number | undefined {
  if (!hasMagic(bytes, INIT_MAGIC, 0) || !hasMagic(bytes, OPTION_MAGIC, 8)) return undefined
  return bytes.readUInt16BE(16)
}

/** The client's answer to the greeting. */
export function encodeClientFlags(flags: number): Buffer {
  const bytes = Buffer.alloc(CLIENT_FLAGS_SIZE)
  bytes.writeUInt32BE(flags, 0)
  return bytes
}

/** The head of an option; `length` bytes of its data follow. */
export interface OptionHeader {
  readonly option: number
  readonly length: number
}

export function encodeOption(option: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(OPTION_HEADER_SIZE + data.length)
  writeMagic(bytes, OPTION_MAGIC, 0)
  bytes.writeUInt32BE(option, 8)
  bytes.writeUInt32BE(data.length, 12)
  bytes.set(data, OPTION_HEADER_SIZE)
  return bytes
}

/** Undefined where the bytes at `at` are no head of an option. */
export function decodeOptionHeader(bytes: Buffer, at: number): OptionHeader | undefined {
  if (!hasMagic(bytes, OPTION_MAGIC, at)) return undefined
  return { option: bytes.readUInt32BE(at + 8), length: bytes.readUInt32BE(at + 12) }
}

/** The head of a reply to an option; `length` bytes of its data follow. */
export interface OptionReplyHeader extends OptionHeader {
  readonly type: number
}

export function encodeOptionReply(option: number, type: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(OPTION_REPLY_HEADER_SIZE + data.length)
  writeMagic(bytes, OPTION_REPLY_MAGIC, 0)
  bytes.writeUInt32BE(option, 8)
  bytes.writeUInt32BE(type, 12)
  bytes.writeUInt32BE(data.length, 16)
  bytes.set(data, OPTION_REPLY_HEADER_SIZE)
  return bytes
}

/** Undefined where the bytes at `at` are no head of a reply to an option. */
export function decodeOptionReplyHeader(bytes: Buffer, at: number): OptionReplyHeader | undefined {
  if (!hasMagic(bytes, OPTION_REPLY_MAGIC, at)) return undefined
  return {
    option: bytes.readUInt32BE(at + 8),
    type: bytes.readUInt32BE(at + 12),
    length: bytes.readUInt32BE(at + 16),
  }
}

/**
 * A request. The cookie is the client's, to know the reply by; as two 32-bit words. Behind a write
 * `length` bytes of data follow.
 */
export interface Request {
  flags: number
  command: number
  cookieHigh: number
  cookieLow: number
  offset: number
  length: number
}

/** Writes a request's head of REQUEST_SIZE bytes at `at`. */
export function writeRequest(bytes: Buffer, request: Readonly<Request>, at: number): void {
  bytes.writeUInt32BE(REQUEST_MAGIC, at)
  bytes.writeUInt16BE(request.flags, at + 4)
  bytes.writeUInt16BE(request.command, at + 6)
  bytes.writeUInt32BE(request.cookieHigh, at + 8)
  bytes.writeUInt32BE(request.cookieLow, at + 12)
  writeUInt64(bytes, request.offset, at + 16)
  bytes.writeUInt32BE(request.length, at + 24)
}

/** Reads the head at `at` into `request`; false where there is none. */
export function readRequest(bytes: Buffer, at: number, request: Request): boolean {
  if (bytes.readUInt32BE(at) !== REQUEST_MAGIC) return false
  request.flags = bytes.readUInt16BE(at + 4)
  request.command = bytes.readUInt16BE(at + 6)
  request.cookieHigh = bytes.readUInt32BE(at + 8)
  request.cookieLow = bytes.readUInt32BE(at + 12)
  request.offset = readUInt64(bytes, at + 16)
  request.length = bytes.readUInt32BE(at + 24)
  return true
}

/** What a reply says whose it is. */
export type Cookie = Readonly<Pick<Request, 'cookieHigh' | 'cookieLow'>>

/** Writes a simple reply of SIMPLE_REPLY_SIZE bytes; a read's data follows where `error` is 0. */
export function writeSimpleReply(bytes: Buffer, cookie: Cookie, error: number, at: number): void {
  bytes.writeUInt32BE(SIMPLE_REPLY_MAGIC, at)
  bytes.writeUInt32BE(error, at + 4)
  bytes.writeUInt32BE(cookie.cookieHigh, at + 8)
  bytes.writeUInt32BE(cookie.cookieLow, at + 12)
}

/** The head of a chunk of a structured reply; `length` bytes follow. */
export interface ChunkHeader {
  readonly flags: number
  readonly type: number
  readonly length: number
}

/** Writes a chunk's head of CHUNK_HEADER_SIZE bytes. */
export function writeChunkHeader(
  bytes: Buffer,
  cookie: Cookie,
  { flags, type, length }: ChunkHeader,
  at: number,
): void {
  bytes.writeUInt32BE(STRUCTURED_REPLY_MAGIC, at)
  bytes.writeUInt16BE(flags, at + 4)
  bytes.writeUInt16BE(type, at + 6)
  bytes.writeUInt32BE(cookie.cookieHigh, at + 8)
  bytes.writeUInt32BE(cookie.cookieLow, at + 12)
  bytes.writeUInt32BE(length, at + 16)
}

/** A reply's first words: simple (with its error value) or one chunk; undefined where neither. */
export type ReplyHeader = Cookie &
  ({ readonly kind: 'simple'; readonly error: number } | ({ readonly kind: 'chunk' } & ChunkHeader))

/**
 * Reads a reply's head at `at`: of SIMPLE_REPLY_SIZE bytes, or, where the first four are
 * STRUCTURED_REPLY_MAGIC, of CHUNK_HEADER_SIZE bytes, which must be there. Undefined where it is
 * neither.
 */
export function decodeReplyHeader(bytes: Buffer, at: number): ReplyHeader | undefined {
  const magic = bytes.readUInt32BE(at)
  const cookieHigh = bytes.readUInt32BE(at + 8)
  const cookieLow = bytes.readUInt32BE(at + 12)
  if (magic === SIMPLE_REPLY_MAGIC) {
    return { kind: 'simple', cookieHigh, cookieLow, error: bytes.readUInt32BE(at + 4) }
  }
  if (magic !== STRUCTURED_REPLY_MAGIC) return undefined
  const flags = bytes.readUInt16BE(at + 4)
  const type = bytes.readUInt16BE(at + 6)
  return { kind: 'chunk', cookieHigh, cookieLow, flags, type, length: bytes.readUInt32BE(at + 16) }
}

function writeMagic(bytes: Buffer, [high, low]: readonly [number, number], at: number): void {
  bytes.writeUInt32BE(high, at)
  bytes.writeUInt32BE(low, at + 4)
}

function hasMagic(bytes: Buffer, [high, low]: readonly [number, number], at: number): boolean {
  return bytes.readUInt32BE(at) === high && bytes.readUInt32BE(at + 4) === low
}
