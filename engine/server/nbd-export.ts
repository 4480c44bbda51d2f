import { createServer, type Server, type Socket } from 'node:net'
import { EngineError, type ErrorData } from '../base/errors'
import { KIB } from '../base/units'
import type { Layer } from '../format/layer'
import { Overlay } from '../format/overlay/overlay-layer'
import type { Host } from '../host/host'
import { openDisk } from '../image/disk'
import { lowerToReading } from '../image/locks'
import type { JobControl } from '../job/job'
import { resizeDisk } from '../job/resize'
import type { FormatName } from '../model/image'
import { EXPORT_FLAG } from '../nbd/protocol'
import { AcceptedSockets } from './accepted-sockets'
import { listen, type NbdAddress, nbdUri } from './address'
import { Connection, type ConnectionContext } from './connection'
import { LiveDisk } from './live-disk'
import { type FlattenOptions, flattenLive } from './live-flatten'
import type { ExportFacts } from './option-replies'
import { type SnapshotRequest, takeSnapshot } from './snapshot'
import type { Traffic } from './transmission'

/** Clients at a time; who comes beyond is turned away. */
const MAX_CLIENTS = 128
/** Milliseconds after which a client that keeps us waiting in the middle of a message is left. */
const STALL_TIME = 120_000
/** The smallest block that is said to be preferred, in bytes. */
const MIN_PREFERRED_BLOCK = 4 * KIB

export interface ServeOptions {
  /** The image to be served. Absolute. */
  readonly path: string
  /** Its format where it is known; else it is probed. */
  readonly format?: FormatName
  readonly readOnly: boolean
  readonly address: NbdAddress
  readonly onEvent?: (event: NbdEvent) => void
}

/** What happens to an export. */
export type NbdEvent =
  /** A client has ended its handshake, or gone; `clients` is how many there are now. */
  | { readonly kind: 'clients'; readonly clients: number }
  /** The disk could not do what a client had asked for. */
  | { readonly kind: 'failure'; readonly error: ErrorData }

/** A client that is connected. */
export interface NbdClient extends Readonly<Traffic> {
  /** Milliseconds since 1970. */
  readonly since: number
  /** The size of the disk as the client knows it, in bytes. */
  readonly size: number
}

/**
 * Opens a disk and serves it over NBD. For writing, its files are locked as long as it is served.
 * Errors: those of openDisk; `in-use`, `file/exists`, `invalid-argument` and `io/...` for the
 * address.
 */
export async function serveDisk(host: Host, options: ServeOptions): Promise<NbdExport> {
  const { path, format, readOnly } = options
  const known = format === undefined ? {} : { format }
  const disk = await openDisk(host, path, { writable: !readOnly, ...known })
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    pauseOnConnect: true,
  })
  try {
    if (disk.top instanceof Overlay) await disk.top.noteWhereComplete()
    const address = await listen(server, options.address)
    return new NbdExport(host, server, address, new LiveDisk(disk), options)
  } catch (error) {
    await disk.close()
    throw error
  }
}

/** A disk that is served. */
export class NbdExport {
  readonly uri: string
  private readonly connections = new Set<Connection>()
  /** What clients that have gone have moved. */
  private readonly past: Traffic = { requests: 0, bytesRead: 0, bytesWritten: 0 }
  private readonly accepted: AcceptedSockets
  private readonly watch: NodeJS.Timeout
  private closing: Promise<void> | undefined
  private flattening: Flattening | undefined

  constructor(
    private readonly host: Host,
    private readonly server: Server,
    readonly address: NbdAddress,
    private readonly live: LiveDisk,
    private readonly options: ServeOptions,
  ) {
    this.uri = nbdUri(address)
    this.accepted = new AcceptedSockets(address)
    server.maxConnections = MAX_CLIENTS
    server.on('connection', (socket) => this.welcome(socket))
    this.watch = setInterval(() => this.leaveStalled(), STALL_TIME)
    this.watch.unref()
  }

  /** The image that is written to: another one after a snapshot. */
  get path(): string {
    return this.live.disk.top.path
  }

  /** Virtual size in bytes, as new clients are told it. */
  get size(): number {
    return this.live.disk.size
  }

  /** Those who have ended their handshake. */
  get clients(): readonly NbdClient[] {
    return [...this.connections].flatMap(({ since, toldSize, traffic }) =>
      toldSize === undefined ? [] : [{ since, size: toldSize, ...traffic }],
    )
  }

  /** What all clients have moved, those that have gone among them. */
  get traffic(): Readonly<Traffic> {
    const sum = { ...this.past }
    for (const { traffic } of this.connections) add(sum, traffic)
    return sum
  }

  /**
   * Makes an overlay on top, and goes on with that: see takeSnapshot. Clients notice nothing but a
   * short wait.
   */
  async snapshot(request: SnapshotRequest): Promise<void> {
    const former = await takeSnapshot(this.host, this.live, request)
    // a flatten goes on writing to the layer that it was begun with
    if (this.flattening?.layer === former) this.flattening.lowered = true
    else lowerToReading(former)
  }

  /**
   * Brings everything below into the image file, one flatten at a time: see flattenLive. `in-use`
   * where one is under way.
   */
  async flatten(options: FlattenOptions, control: JobControl): Promise<number> {
    if (this.flattening !== undefined) {
      const message = `${this.path} is being flattened already`
      throw new EngineError('in-use', message, { path: this.path }, { state: 'unchanged' })
    }
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, control.signal])
    const requests = (): number => this.traffic.requests
    const work = flattenLive(this.host, this.live, requests, options, {
      signal,
      report: (progress) => control.report(progress),
      paused: () => control.paused?.(),
    })
    const flattening: Flattening = { layer: this.live.disk.top, stop, work, lowered: false }
    this.flattening = flattening
    try {
      return await work
    } finally {
      this.flattening = undefined
      if (flattening.lowered) lowerToReading(flattening.layer)
    }
  }

  /**
   * Sets the virtual size, durably, while no request is under way. NBD has no word for it: who
   * connects from now on is told the new size, who is connected goes by the one that it was told
   * (see `clients`), and a request behind a new end is refused. Errors: those of the resize job.
   */
  async resize(size: number, shrink: boolean): Promise<void> {
    await this.live.alone((disk) =>
      resizeDisk(disk, { kind: 'resize', path: this.path, size, shrink }),
    )
  }

  /**
   * Ends the export: no client is let in any more, what is under way is answered, all that was
   * written is made durable, and the files are closed. Fails where that fails.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown()
    return this.closing
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.watch)
    this.flattening?.stop.abort()
    await this.flattening?.work.catch(() => undefined)
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    await this.live.alone(async (disk) => {
      for (const connection of this.connections) connection.end()
      await disk.close()
    })
    for (const connection of this.connections) connection.leave()
    await closed
  }

  private welcome(socket: Socket): void {
    const { live } = this
    const facts = (): ExportFacts => this.facts()
    const failed = (error: ErrorData): void => this.options.onEvent?.({ kind: 'failure', error })
    const context: ConnectionContext = { live, facts, failed }
    const connection = new Connection(socket, this.accepted.find(), context, {
      agreed: () => this.tellClients(),
      closed: () => {
        this.connections.delete(connection)
        add(this.past, connection.traffic)
        if (connection.toldSize !== undefined) this.tellClients()
      },
    })
    this.connections.add(connection)
  }

  private tellClients(): void {
    this.options.onEvent?.({ kind: 'clients', clients: this.clients.length })
  }

  private leaveStalled(): void {
    for (const connection of this.connections) {
      if (connection.hasStalled()) connection.destroy()
    }
  }

  private facts(): ExportFacts {
    const { size, readOnly } = this.live
    const { top } = this.live.disk
    return {
      size,
      preferredBlock: Math.max(MIN_PREFERRED_BLOCK, top.clusterSize),
      description: top.path,
      flags: (structured) => exportFlags(readOnly, structured),
    }
  }
}

/** A flatten under way. */
interface Flattening {
  readonly layer: Layer
  readonly stop: AbortController
  readonly work: Promise<number>
  /** Whether the layer has got another one on top meanwhile. */
  lowered: boolean
}

function exportFlags(readOnly: boolean, structured: boolean): number {
  const { hasFlags, sendFlush, sendFua, canMultiConn, sendCache, sendDf } = EXPORT_FLAG
  const { sendTrim, sendWriteZeroes, sendFastZero } = EXPORT_FLAG
  // All connections work on one disk: what one has flushed is durable for all.
  const always = hasFlags | sendFlush | sendFua | canMultiConn | sendCache
  const writes = readOnly ? EXPORT_FLAG.readOnly : sendTrim | sendWriteZeroes | sendFastZero
  return always | writes | (structured ? sendDf : 0)
}

function add(sum: Traffic, more: Readonly<Traffic>): void {
  sum.requests += more.requests
  sum.bytesRead += more.bytesRead
  sum.bytesWritten += more.bytesWritten
}
