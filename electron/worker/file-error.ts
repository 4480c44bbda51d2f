import { EngineError, type ErrorCode } from '../../engine'

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'file/missing',
  ENOTDIR: 'file/missing',
  EEXIST: 'file/exists',
  EACCES: 'io/denied',
  EPERM: 'io/denied',
  EROFS: 'io/denied',
  ENOSPC: 'io/no-space',
  EDQUOT: 'io/no-space',
}

/**
 * What Node's file functions throw, as the engine's kind of error; any other error stays as it is.
 */
export function fileError(what: string, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EngineError || !('code' in error)) return error
  const code = CODES[String(error.code)] ?? 'io/failed'
  return new EngineError(code, `${what} ${path}: ${error.message}`, { path }, { cause: error })
}
