import type { EngineError } from '../../engine/base/errors'
import { ioError } from '../../engine/host/io-error'

/** A call of the engine to its host, counted from 0. */
export interface HostCall {
  readonly index: number
  readonly kind: CallKind
  readonly path: string
}

export type CallKind =
  | 'open'
  | 'real-path'
  | 'stat'
  | 'publish'
  | 'replace'
  | 'link'
  | 'rename'
  | 'remove'
  | 'sync-directory'
  | 'read'
  | 'write'
  | 'punch'
  | 'copy'
  | 'truncate'
  | 'sync'
  | 'data-at'
  | 'close'

export type Errno = 'EIO' | 'ENOSPC'

/**
 * The engine asked for more than a bounded piece of work may: never an EngineError, so that it
 * cannot pass for one.
 */
export class CallLimitError extends Error {
  override readonly name = 'CallLimitError'
}

/** A failed system call, as the engine gets it from a real host. */
export function failure(action: string, filePath: string, errno: string): EngineError {
  return ioError(action, filePath, Object.assign(new Error(errno), { code: errno }))
}
