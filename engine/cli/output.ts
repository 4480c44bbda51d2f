import type { Writable } from 'node:stream'
import type { MaybePromise } from '../base/maybe-promise'
import { ioError } from '../host/io-error'

/** UTF-16 units, or a little more. */
const PIECE_LENGTH = 64 * 1024

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

/** Many small texts on the way to the output, which get there in larger pieces. */
export class TextSink {
  private piece = ''

  constructor(private readonly output: Output) {}

  /** Adds a text; to be waited for where a piece is full. */
  add(text: string): MaybePromise<void> {
    this.piece += text
    if (this.piece.length >= PIECE_LENGTH) return this.end()
  }

  /** Writes what is still here. */
  async end(): Promise<void> {
    const { piece } = this
    this.piece = ''
    if (piece !== '') await this.output.write(piece)
  }
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}
