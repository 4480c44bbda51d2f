import type { EngineError } from '../base/errors'
import { Coverage } from './coverage'
import { COMMAND } from './protocol'
import { RunList } from './run-list'

/** A request, and what has come of its reply so far. Offsets and lengths are bytes. */
abstract class Request {
  abstract readonly command: number
  readonly done: Promise<void>
  /** How often it was sent. */
  attempts = 0
  /** When it was sent last, in milliseconds since 1970. */
  sentAt = 0
  /** What the server reported, where it did. */
  failure: { readonly value: number; readonly text: string } | undefined
  /** Chunks of the reply that brought nothing but an error. */
  errorChunks = 0
  private resolve: () => void = () => undefined
  private reject: (error: EngineError) => void = () => undefined

  constructor(
    readonly offset: number,
    readonly length: number,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Forgets what came of an earlier attempt, before the next. */
  begin(): void {
    this.attempts += 1
    this.sentAt = Date.now()
    this.failure = undefined
    this.errorChunks = 0
    this.reset()
  }

  succeed(): void {
    this.resolve()
  }

  fail(error: EngineError): void {
    this.reject(error)
  }

  /** Whether all has come that makes the reply a success. */
  abstract get complete(): boolean
  protected abstract reset(): void
}

/** Fills `target`. */
export class ReadRequest extends Request {
  readonly command = COMMAND.read
  private coverage = new Coverage()

  constructor(
    readonly target: Uint8Array,
    offset: number,
  ) {
    super(offset, target.length)
  }

  /**
   * Where bytes of the export have their place in the target; undefined where they were not asked
   * for or have come already.
   */
  place(offset: number, length: number): Uint8Array | undefined {
    const start = offset - this.offset
    if (length <= 0 || start < 0 || start + length > this.length) return undefined
    if (!this.coverage.add(start, start + length)) return undefined
    return this.target.subarray(start, start + length)
  }

  get complete(): boolean {
    return this.coverage.isWhole(this.length)
  }

  protected reset(): void {
    this.coverage = new Coverage()
  }
}

/** Finds out where data is. The answer may end before the range does. */
export class StatusRequest extends Request {
  readonly command = COMMAND.blockStatus
  runs = new RunList(this.offset)
  /** Whether the one chunk with the answer has begun. */
  answered = false

  get complete(): boolean {
    return this.runs.end > this.offset
  }

  protected reset(): void {
    this.runs = new RunList(this.offset)
    this.answered = false
  }
}

export type Exchange = ReadRequest | StatusRequest
