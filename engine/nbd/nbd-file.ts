import { splitRange } from '../base/byte-range'
import { EngineError } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { throwFirstFailure } from '../base/settled'
import { alignDown, alignUp, MIB } from '../base/units'
import { type DataRun, ENDLESS, type FileStat, type HostFile } from '../host/host'
import { BlockStatus } from './block-status'
import { Client, type ClientOptions } from './client'
import { ReadRequest } from './exchange'
import type { NbdAddress } from './uri'

/** A longer read is split, so that its parts are under way side by side. */
const LONGEST_READ = MIB

/**
 * An export of an NBD server as a file that can only be read. Its server is taken to leave the
 * content as it is. Errors of all reads: those of Client.ask.
 */
export class NbdFile implements HostFile {
  readonly path: string
  readonly identity: string
  readonly writable = false
  readonly locks = undefined
  private readonly status: BlockStatus

  private constructor(
    private readonly client: Client,
    private readonly afterClose: () => Promise<void>,
  ) {
    this.path = client.address.uri
    this.identity = client.address.uri
    this.status = new BlockStatus(client)
  }

  /**
   * Connects. `afterClose` is waited for at the end, when the connection is gone. Errors:
   * `nbd/unreachable`, `nbd/refused`, `nbd/malformed`.
   */
  static async open(
    address: NbdAddress,
    options: ClientOptions,
    afterClose: () => Promise<void> = () => Promise.resolve(),
  ): Promise<NbdFile> {
    return new NbdFile(await Client.open(address, options), afterClose)
  }

  /** Nothing of it lies on this host, and nobody says when it was changed. */
  async stat(): Promise<FileStat> {
    const { size } = this.client.agreed
    const { identity } = this
    return await Promise.resolve({
      kind: 'file',
      size,
      allocatedBytes: 0,
      modifiedAt: 0,
      identity,
    })
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    const { size, minimumBlock } = this.client.agreed
    const length = Math.max(0, Math.min(target.length, size - offset))
    target.fill(0, length)
    if (length === 0) return
    const end = offset + length
    const part = target.subarray(0, length)
    const endsWhole = end % minimumBlock === 0 || end === size
    if (offset % minimumBlock === 0 && endsWhole) await this.readBlocks(part, offset)
    else await this.readAround(part, offset)
  }

  private async readBlocks(target: Uint8Array, offset: number): Promise<void> {
    const { minimumBlock, maximumRead } = this.client.agreed
    const longest = alignDown(Math.min(LONGEST_READ, maximumRead), minimumBlock)
    const pieces = [...splitRange({ offset, length: target.length }, longest)]
    const reads = pieces.map((piece) => {
      const start = piece.offset - offset
      const part = target.subarray(start, start + piece.length)
      return this.client.ask(new ReadRequest(part, piece.offset))
    })
    // All have ended before the target is anybody else's again.
    throwFirstFailure(await Promise.allSettled(reads))
  }

  /** Reads whole blocks where the server gives nothing else. */
  private async readAround(target: Uint8Array, offset: number): Promise<void> {
    const { size, minimumBlock } = this.client.agreed
    const start = alignDown(offset, minimumBlock)
    const end = Math.min(alignUp(offset + target.length, minimumBlock), size)
    const whole = new Uint8Array(end - start)
    await this.readBlocks(whole, start)
    target.set(whole.subarray(offset - start, offset - start + target.length))
  }

  dataAt(offset: number): MaybePromise<DataRun> {
    if (offset >= this.client.agreed.size) return { data: false, end: ENDLESS }
    return this.status.at(offset)
  }

  write(): never {
    throw this.readOnly()
  }

  async punchHole(): Promise<void> {
    await Promise.reject(this.readOnly())
  }

  punchesHoles(): boolean {
    return false
  }

  async copyFrom(): Promise<void> {
    await Promise.reject(this.readOnly())
  }

  async truncate(): Promise<void> {
    await Promise.reject(this.readOnly())
  }

  async sync(): Promise<void> {
    await Promise.reject(this.readOnly())
  }

  private readOnly(): EngineError {
    return readOnly(this.path)
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.afterClose()
  }
}

/** Exports are bases: they are never written. */
export function readOnly(uri: string): EngineError {
  const message = `Cannot write to ${uri}: an NBD export is only read`
  return new EngineError('read-only', message, { path: uri }, { state: 'unchanged' })
}
