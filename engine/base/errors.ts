/**
 * Every way an operation of the engine can end badly, as a stable code. People read the message,
 * programs switch on the code, the window looks up a text by it. A programmer's mistake is an
 * assertion, never one of these.
 */
export const ERROR_CODES = [
  'invalid-argument',
  'read-only',
  'in-use',
  'not-supported',
  'file/missing',
  'file/exists',
  'file/not-a-file',
  'file/changed',
  'format/unrecognized',
  'format/unsupported-version',
  'format/unsupported-feature',
  'format/corrupt',
  'format/needs-program',
  'chain/backing-missing',
  'chain/data-missing',
  'chain/loop',
  'chain/same-file',
  'chain/too-deep',
  'chain/base-differs',
  'chain/breaks-others',
  'chain/needs-consent',
  'resize/needs-shrink',
  'verify/mismatch',
  'io/failed',
  'io/no-space',
  'io/denied',
  'nbd/unreachable',
  'nbd/refused',
  'nbd/malformed',
  'job/cancelled',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * What an error leaves behind: `unchanged` (as before the call), `resumable` (partly done, all data
 * whole, the same call goes on from there), `uncertain` (the file should be checked).
 */
export type DataState = 'unchanged' | 'resumable' | 'uncertain'

/**
 * The figures and names of an error: what a text may be filled with. Sizes and offsets are bytes.
 */
export type ErrorDetails = Readonly<Record<string, string | number>>

/** An error as plain data: what crosses a thread, a process or a file. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly state?: DataState
}

/**
 * The one error class of the engine. The message says what was done, to which file, what was found,
 * what is allowed.
 */
export class EngineError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly state: DataState | undefined

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options: { cause?: unknown; state?: DataState } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EngineError'
    this.code = code
    this.details = details
    this.state = options.state
  }

  /** The same error as plain data. */
  toData(): ErrorData {
    return errorData(this.code, this.message, this.details, this.state)
  }

  /** The error that plain data describes. */
  static fromData(data: ErrorData): EngineError {
    const options = data.state === undefined ? {} : { state: data.state }
    return new EngineError(data.code, data.message, data.details, options)
  }
}

function errorData(
  code: ErrorCode,
  message: string,
  details: ErrorDetails,
  state: DataState | undefined,
): ErrorData {
  return state === undefined ? { code, message, details } : { code, message, details, state }
}

/**
 * Any thrown value as plain data; what is no EngineError is a fault of ours and says so by its code
 * `internal`.
 */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof EngineError) return error.toData()
  const message = error instanceof Error ? error.message : String(error)
  return errorData('internal', message, {}, undefined)
}

/** Whether a thrown value is an EngineError, and, where codes are given, one of these. */
export function isEngineError(error: unknown, ...codes: ErrorCode[]): error is EngineError {
  return error instanceof EngineError && (codes.length === 0 || codes.includes(error.code))
}
