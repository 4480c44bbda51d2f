import { createServer, type Server, type Socket } from 'node:net'
import { EngineError, toErrorData } from '../base/errors'
import type { Host } from '../host/host'
import { inspectImage } from '../image/inspect'
import type { JobProgress } from '../model/job'
import { listen } from '../server/address'
import type { NbdExport } from '../server/nbd-export'
import type { Traffic } from '../server/transmission'
import {
  type ControlCommand,
  type ControlReply,
  type ControlRequest,
  type ControlResult,
  type ExportStatus,
  LineReader,
  MAX_LINE_BYTES,
  parseRequest,
} from './control-messages'
import { snapshotFiles } from './snapshot-files'

/** Those who steer, at a time. */
const MAX_CONNECTIONS = 16
/** Requests of one of them that may wait. */
const MAX_WAITING = 16
/** Milliseconds between two lines that tell how far something is. */
const REPORT_INTERVAL = 100

/** What the control socket steers. */
export interface Steered {
  readonly host: Host
  readonly nbd: NbdExport
  readonly readOnly: boolean
  /** The export was ended by a request; all is durable. */
  readonly stopped: () => void
}

/**
 * Takes requests for an export on a Unix socket that only the present user may open; see
 * control-messages for their form. Errors: those of `listen` for the path.
 */
export async function serveControl(steered: Steered, path: string): Promise<Control> {
  const server = createServer()
  await listen(server, { kind: 'socket', path })
  return new Control(server, steered)
}

export class Control {
  private readonly sockets = new Set<Socket>()
  private flattening: JobProgress | undefined

  constructor(
    private readonly server: Server,
    private readonly steered: Steered,
  ) {
    server.maxConnections = MAX_CONNECTIONS
    server.on('connection', (socket) => this.welcome(socket))
  }

  /** Takes no requests any more; what was answered is still delivered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    for (const socket of this.sockets) socket.destroySoon()
    await closed
  }

  /** Requests of one connection are done one after the other. */
  private welcome(socket: Socket): void {
    const gone = new AbortController()
    const send = (reply: ControlReply): void => {
      if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`)
    }
    let waiting = 0
    let turn = Promise.resolve()
    const take = (line: string): void => {
      waiting += 1
      if (waiting > MAX_WAITING) socket.destroy()
      turn = turn.then(async () => {
        waiting -= 1
        if (!gone.signal.aborted) send(await this.answer(line, gone.signal, send))
      })
    }
    const tooLong = (): void => {
      send({ error: malformed(`A request has at most ${MAX_LINE_BYTES} bytes`).toData() })
      socket.destroySoon()
    }
    const reader = new LineReader(take, tooLong)
    this.sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => reader.take(text))
    // what is under way for somebody who has gone is not wanted any more
    socket.on('end', () => gone.abort())
    // 'close' follows, and tells all that is to be told
    socket.on('error', () => undefined)
    socket.on('close', () => {
      gone.abort()
      this.sockets.delete(socket)
    })
  }

  private async answer(
    line: string,
    signal: AbortSignal,
    send: (reply: ControlReply) => void,
  ): Promise<ControlReply> {
    try {
      const request = parseRequest(line)
      if (request === undefined) throw malformed('This is no request of a known form')
      return { result: await this.perform(request, signal, (progress) => send({ progress })) }
    } catch (error) {
      return { error: toErrorData(error) }
    }
  }

  private async perform(
    request: ControlRequest,
    signal: AbortSignal,
    report: (progress: JobProgress) => void,
  ): Promise<ControlResult<ControlCommand>> {
    const { nbd, host } = this.steered
    switch (request.command) {
      case 'status':
        return this.status()
      case 'snapshot': {
        const base = await inspectImage(host, nbd.path)
        await nbd.snapshot(snapshotFiles(base, request.path, request.format))
        return { filename: nbd.path, 'full-backing-filename': base.path }
      }
      case 'flatten':
        return await this.flatten(request, signal, report)
      case 'resize':
        await nbd.resize(request.size, request.shrink)
        return { filename: nbd.path, 'virtual-size': nbd.size }
      case 'stop': {
        const { path } = nbd
        await nbd.close()
        // when the answer is on its way
        setImmediate(this.steered.stopped)
        return { filename: path }
      }
    }
  }

  private async flatten(
    { bytesPerSecond }: { readonly bytesPerSecond?: number },
    signal: AbortSignal,
    report: (progress: JobProgress) => void,
  ): Promise<ControlResult<'flatten'>> {
    const { nbd } = this.steered
    const { path } = nbd
    let reportedAt: number | undefined
    const limit = bytesPerSecond === undefined ? {} : { bytesPerSecond }
    try {
      const copied = await nbd.flatten(limit, {
        signal,
        report: (progress) => {
          this.flattening = progress
          const now = performance.now()
          if (reportedAt !== undefined && now - reportedAt < REPORT_INTERVAL) return
          reportedAt = now
          report(progress)
        },
      })
      return { filename: path, 'bytes-copied': copied }
    } finally {
      // one that was refused, as another one is under way, has reported nothing
      if (reportedAt !== undefined) this.flattening = undefined
    }
  }

  private status(): ExportStatus {
    const { nbd, readOnly } = this.steered
    return {
      filename: nbd.path,
      'virtual-size': nbd.size,
      uri: nbd.uri,
      'read-only': readOnly,
      clients: nbd.clients.map(({ since, size, ...traffic }) => ({
        since,
        'virtual-size': size,
        ...trafficJson(traffic),
      })),
      ...trafficJson(nbd.traffic),
      ...(this.flattening !== undefined && { flatten: this.flattening }),
    }
  }
}

function trafficJson({ requests, bytesRead, bytesWritten }: Readonly<Traffic>): {
  requests: number
  'bytes-read': number
  'bytes-written': number
} {
  return { requests, 'bytes-read': bytesRead, 'bytes-written': bytesWritten }
}

function malformed(message: string): EngineError {
  return new EngineError('invalid-argument', message, {}, { state: 'unchanged' })
}
