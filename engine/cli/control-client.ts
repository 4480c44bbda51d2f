import { connect, type Socket } from 'node:net'
import type * as z from 'zod/mini'
import { EngineError } from '../base/errors'
import { ioError } from '../host/io-error'
import type { JobProgress } from '../model/job'
import { type ControlReply, type ControlRequest, LineReader, parseReply } from './control-messages'

export { controlResults } from './control-messages'

/** What a request is given to be steered by and to tell how far it is. */
export interface AskControl {
  /** Leaves, which cancels what was asked for. */
  readonly signal?: AbortSignal
  readonly report?: (progress: JobProgress) => void
}

/**
 * Sends one request to the control socket of an export, and waits for what comes of it. Errors:
 * those of the operation; `file/missing`, `io/denied` and `nbd/unreachable` where nobody answers;
 * `nbd/malformed` for an answer that is none; `job/cancelled`.
 */
export async function askExport<Result>(
  path: string,
  request: ControlRequest,
  /** What is to come back: the one of controlResults that belongs to the request. */
  form: z.ZodMiniType<Result>,
  control: AskControl = {},
): Promise<Result> {
  const socket = await open(path)
  try {
    const parsed = form.safeParse(await exchange(socket, path, request, control))
    if (!parsed.success) throw malformed(path)
    return parsed.data
  } finally {
    socket.destroy()
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', (error) => reject(openError(error, path)))
    socket.once('connect', () => resolve(socket))
  })
}

function openError(error: Error, path: string): EngineError {
  if ('code' in error && error.code === 'ECONNREFUSED') {
    const message = `Cannot reach an export at ${path}: nobody listens there`
    return new EngineError('nbd/unreachable', message, { path }, { state: 'unchanged' })
  }
  return ioError('reach an export at', path, error)
}

function exchange(
  socket: Socket,
  path: string,
  request: ControlRequest,
  { signal, report }: AskControl,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const take = (reply: ControlReply | undefined): void => {
      if (reply === undefined) reject(malformed(path))
      else if ('progress' in reply) report?.(reply.progress)
      else if ('error' in reply) reject(EngineError.fromData(reply.error))
      else resolve(reply.result)
    }
    const reader = new LineReader(
      (line) => take(parseReply(line)),
      () => reject(malformed(path)),
    )
    const cancel = (): void => reject(cancelled(path, request))
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => reader.take(text))
    socket.on('error', (error) => reject(ioError('ask the export at', path, error)))
    socket.on('close', () => reject(gone(path)))
    socket.write(`${JSON.stringify(request)}\n`)
  })
}

function malformed(path: string): EngineError {
  return new EngineError('nbd/malformed', `What listens at ${path} is no control of an export`, {
    path,
  })
}

function gone(path: string): EngineError {
  const message = `The export at ${path} ended before it had answered`
  return new EngineError('nbd/unreachable', message, { path })
}

function cancelled(path: string, { command }: ControlRequest): EngineError {
  const message = `The ${command} of the export at ${path} was cancelled`
  return new EngineError('job/cancelled', message, { path }, { state: 'resumable' })
}
