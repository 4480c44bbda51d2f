import { EngineError, type ErrorCode } from '../base/errors'
import { NBD_ERROR } from './protocol'

/** What a server says for people may be as long as it likes, and hold anything. */
const MAX_SHOWN_TEXT = 200

/** Nobody listens there, or nobody answers any more. Trying again may help. */
export function unreachable(uri: string, why: string, cause?: unknown): EngineError {
  return nbdError('nbd/unreachable', uri, why, {}, cause)
}

/** The server does not let us in: it has no such export, or wants what we do not have. */
export function refused(uri: string, why: string): EngineError {
  return nbdError('nbd/refused', uri, why, {})
}

/** The server said something that the protocol does not allow. */
export function malformed(uri: string, what: string): EngineError {
  return nbdError('nbd/malformed', uri, `its server does not keep to the protocol: ${what}`, {})
}

const REPORTED: Readonly<Record<number, readonly [ErrorCode, string, string]>> = {
  [NBD_ERROR.permission]: ['io/denied', 'EPERM', 'the server does not permit it'],
  [NBD_ERROR.io]: ['io/failed', 'EIO', 'the server reports an input/output error'],
  [NBD_ERROR.memory]: ['io/failed', 'ENOMEM', 'the server is out of memory'],
  [NBD_ERROR.invalid]: ['io/failed', 'EINVAL', 'the server takes the request for invalid'],
  [NBD_ERROR.overflow]: ['io/failed', 'EOVERFLOW', 'the server takes the request for too large'],
  [NBD_ERROR.notSupported]: ['io/failed', 'ENOTSUP', 'the server does not support the request'],
}

/** An error value in a reply to a request, with what the server adds for people. */
export function reported(uri: string, offset: number, value: number, text: string): EngineError {
  const [code, errno, reason] = REPORTED[value] ?? [
    'io/failed',
    String(value),
    `the server reports error ${String(value)}`,
  ]
  const why = text === '' ? reason : `${reason} (${shownText(text)})`
  const message = `Cannot read ${uri} at byte ${String(offset)}: ${why}`
  return new EngineError(code, message, { path: uri, errno, offset })
}

/** What a server says, cut and with its control characters replaced. */
export function shownText(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return clean.length > MAX_SHOWN_TEXT ? `${clean.slice(0, MAX_SHOWN_TEXT)}...` : clean
}

function nbdError(
  code: ErrorCode,
  uri: string,
  why: string,
  details: Readonly<Record<string, string | number>>,
  cause?: unknown,
): EngineError {
  const message = `Cannot read ${uri}: ${why}`
  return new EngineError(code, message, { path: uri, ...details }, { cause })
}
