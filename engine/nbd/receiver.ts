/**
 * Reads messages from a stream in the order in which they are written down: yields where the next
 * bytes shall go, and goes on when they are all there. So a reply's data lands where it is wanted,
 * copied once, and a parser is straight code. Throws where what came must not come.
 */
export type Receiving<Result> = Generator<Uint8Array, Result, void>

/** Feeds a parser with the bytes of a stream as they come. */
export class Receiver {
  private wanted: Uint8Array = new Uint8Array(0)
  private filled = 0

  constructor(private readonly parser: Receiving<never>) {
    this.advance()
  }

  /** Hands over the next bytes; throws what the parser throws, after which nothing may follow. */
  take(bytes: Uint8Array): void {
    let taken = 0
    while (taken < bytes.length) {
      const length = Math.min(this.wanted.length - this.filled, bytes.length - taken)
      this.wanted.set(bytes.subarray(taken, taken + length), this.filled)
      taken += length
      this.filled += length
      if (this.filled === this.wanted.length) this.advance()
    }
  }

  private advance(): void {
    do this.wanted = this.parser.next().value
    while (this.wanted.length === 0)
    this.filled = 0
  }
}
