import type { Writable } from 'node:stream'
import type { MaybePromise } from '../base/maybe-promise'
import { ioError } from '../host/io-error'

const SINK_BYTES = 256 * 1024
/** Of one UTF-16 unit, at most. */
const UTF8_BYTES = 3

/** Whoever read standard output has gone: no failure, but nothing more to do either. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

/** Standard output: a write is over when the reader has it, so nothing piles up in memory. */
export class Output {
  constructor(private readonly stream: Writable) {
    // Each write learns of its own failure; without a listener the stream would end the program.
    stream.on('error', () => undefined)
  }

  /** Errors: ReaderGone; `io/no-space` and `io/failed`. */
  async write(text: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.stream.write(text, (error) => {
        if (error === undefined || error === null) resolve()
        else
          reject(isBrokenPipe(error) ? new ReaderGone() : ioError('write to', 'the output', error))
      })
    })
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`)
  }

  /** A value as qemu-img writes JSON. */
  async json(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value, undefined, 4))
  }
}

/**
 * Many small texts on the way to the output, which get there in large pieces. Each is brought into
 * the piece's memory at once: a string that is put together from thousands is slow to take apart.
 */
export class TextSink {
  private buffer = Buffer.allocUnsafe(SINK_BYTES)
  private used = 0

  constructor(private readonly output: Output) {}

  /** Adds a text; to be waited for where it has to make room. */
  add(text: string): MaybePromise<void> {
    const most = text.length * UTF8_BYTES
    if (most > this.buffer.length - this.used) return this.addLater(text, most)
    this.used += this.buffer.write(text, this.used)
  }

  private async addLater(text: string, most: number): Promise<void> {
    await this.end()
    if (most > this.buffer.length) await this.output.write(text)
    else this.used = this.buffer.write(text)
  }

  /** Writes what is still here. */
  async end(): Promise<void> {
    if (this.used === 0) return
    const piece = this.buffer.subarray(0, this.used)
    // memory of its own for each piece: a stream may pass it on, and say that it is done
    this.buffer = Buffer.allocUnsafe(SINK_BYTES)
    this.used = 0
    await this.output.write(piece)
  }
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}
