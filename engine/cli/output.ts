import type { Writable } from 'node:stream'
import type { MaybePromise } from '../base/maybe-promise'
import { ioError } from '../host/io-error'

/** Bytes, or a little more. */
const PIECE_LENGTH = 64 * 1024
/** Of UTF-8, for a unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3
/** What is turned into digits at once: small enough for quick arithmetic. */
const PART = 1e9
const PART_DIGITS = 9
const ZERO = 48

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
 * Many small pieces on the way to the output, which get there in larger ones. Millions of entries
 * are written this way: strings would be made, joined and encoded for each.
 */
export class TextSink {
  private buffer = Buffer.allocUnsafe(2 * PIECE_LENGTH)
  private length = 0

  constructor(private readonly output: Output) {}

  text(text: string): void {
    this.makeRoom(text.length * MAX_BYTES_PER_UNIT)
    this.length += this.buffer.write(text, this.length)
  }

  /** What is in UTF-8 already. */
  bytes(bytes: Uint8Array): void {
    this.makeRoom(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A whole number from 0 on, in decimal digits. */
  number(value: number): void {
    if (value < PART) {
      this.digits(value, 1)
      return
    }
    const high = Math.floor(value / PART)
    this.number(high)
    this.digits(value - high * PART, PART_DIGITS)
  }

  private digits(value: number, least: number): void {
    this.makeRoom(PART_DIGITS)
    let count = least
    for (let limit = 10 ** least; limit <= value; limit *= 10) count += 1
    let left = value
    for (let at = this.length + count - 1; at >= this.length; at -= 1) {
      const rest = Math.trunc(left / 10)
      this.buffer[at] = ZERO + left - rest * 10
      left = rest
    }
    this.length += count
  }

  private makeRoom(length: number): void {
    if (this.length + length <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (this.length + length))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }

  /** To be waited for after each few pieces: sends what is here, where that is enough. */
  pass(): MaybePromise<void> {
    if (this.length >= PIECE_LENGTH) return this.end()
  }

  /** Sends what is still here. */
  async end(): Promise<void> {
    const { buffer, length } = this
    if (length === 0) return
    // the stream may keep what it was given for longer than it says
    this.buffer = Buffer.allocUnsafe(2 * PIECE_LENGTH)
    this.length = 0
    await this.output.write(buffer.subarray(0, length))
  }
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}
