import { EngineError, type ErrorCode } from '../base/errors'

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'file/missing',
  ENOTDIR: 'file/missing',
  EEXIST: 'file/exists',
  EISDIR: 'file/not-a-file',
  EACCES: 'io/denied',
  EPERM: 'io/denied',
  EROFS: 'io/denied',
  ENOSPC: 'io/no-space',
  EDQUOT: 'io/no-space',
  EFBIG: 'io/no-space',
  EBUSY: 'in-use',
  ETXTBSY: 'in-use',
  ENAMETOOLONG: 'invalid-argument',
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it exists already',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file system does not take a file so large',
  EIO: 'the device reported an error',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long for the file system',
  ELOOP: 'its links lead in a circle',
}

/**
 * A failed system call as an EngineError: `Cannot <action> <path>: <reason>`. The details carry
 * `path` and `errno` (the name of it, such as EIO).
 */
export function ioError(action: string, path: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause
  const errno = errnoName(cause)
  const reason = REASONS[errno] ?? (cause instanceof Error ? cause.message : String(cause))
  const code = CODES[errno] ?? 'io/failed'
  return new EngineError(code, `Cannot ${action} ${path}: ${reason}`, { path, errno }, { cause })
}

function errnoName(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'code' in cause) {
    const { code } = cause
    if (typeof code === 'string') return code
  }
  return 'unknown'
}
