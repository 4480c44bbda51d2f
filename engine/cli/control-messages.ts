import * as z from 'zod/mini'
import { ERROR_CODES } from '../base/errors'

/**
 * What goes over the control socket of an export: one JSON object a line. Whoever connects sends
 * requests, one after the other; each is answered by any number of lines with `progress`, and then
 * by one with `result` or with `error`. Who leaves while something is under way cancels it.
 */

/** Bytes of a line, at most. */
export const MAX_LINE_BYTES = 64 * 1024

const bytes = z.int().check(z.nonnegative())
const absolutePath = z.string().check(z.startsWith('/'), z.maxLength(4096))

const request = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  z.strictObject({
    command: z.literal('snapshot'),
    /** The add-cow file to be made. */
    path: absolutePath,
    /** The top's where absent. */
    format: z.exactOptional(z.enum(['add-cow', 'acow'])),
  }),
  z.strictObject({
    command: z.literal('flatten'),
    bytesPerSecond: z.exactOptional(z.int().check(z.positive())),
  }),
  z.strictObject({ command: z.literal('resize'), size: bytes, shrink: z.boolean() }),
  z.strictObject({ command: z.literal('stop') }),
])
export type ControlRequest = z.infer<typeof request>
export type ControlCommand = ControlRequest['command']

const progress = z.strictObject({
  phase: z.enum(['preparing', 'copying', 'verifying']),
  current: bytes,
  total: bytes,
})

/** What comes back of each command; keys as programs read them. Sizes are bytes. */
export const controlResults = {
  status: z.strictObject({
    /** What is written to: another file after a snapshot. */
    filename: z.string(),
    'virtual-size': bytes,
    uri: z.string(),
    'read-only': z.boolean(),
    clients: z.array(
      z.strictObject({
        /** Milliseconds since 1970. */
        since: bytes,
        'virtual-size': bytes,
        requests: bytes,
        'bytes-read': bytes,
        'bytes-written': bytes,
      }),
    ),
    /** Of all clients, those that have gone among them. */
    requests: bytes,
    'bytes-read': bytes,
    'bytes-written': bytes,
    /** How far the flatten is that is under way. */
    flatten: z.exactOptional(progress),
  }),
  snapshot: z.strictObject({ filename: z.string(), 'full-backing-filename': z.string() }),
  flatten: z.strictObject({ filename: z.string(), 'bytes-copied': bytes }),
  resize: z.strictObject({ filename: z.string(), 'virtual-size': bytes }),
  stop: z.strictObject({ filename: z.string() }),
}
export type ControlResult<Command extends ControlCommand> = z.infer<
  (typeof controlResults)[Command]
>
export type ExportStatus = ControlResult<'status'>

const reply = z.union([
  z.strictObject({ progress }),
  z.strictObject({ result: z.unknown() }),
  z.strictObject({
    error: z.strictObject({
      code: z.enum(ERROR_CODES),
      message: z.string(),
      details: z.record(z.string(), z.union([z.string(), z.number()])),
      state: z.exactOptional(z.enum(['unchanged', 'resumable', 'uncertain'])),
    }),
  }),
])
export type ControlReply = z.infer<typeof reply>

/** Undefined where a line is no request. */
export function parseRequest(line: string): ControlRequest | undefined {
  const parsed = request.safeParse(parseJson(line))
  return parsed.success ? parsed.data : undefined
}

/** Undefined where a line is no reply. */
export function parseReply(line: string): ControlReply | undefined {
  const parsed = reply.safeParse(parseJson(line))
  return parsed.success ? parsed.data : undefined
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Cuts what comes from a socket into lines; calls `tooLong` once where one does not end. */
export class LineReader {
  private rest = ''

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly tooLong: () => void,
  ) {}

  take(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.onLine(line)
    if (Buffer.byteLength(this.rest) <= MAX_LINE_BYTES) return
    this.rest = ''
    this.tooLong()
  }
}
