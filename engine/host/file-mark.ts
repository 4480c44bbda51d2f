import { constants } from 'node:os'
import type { FileMark } from './host'
import { ioError } from './io-error'
import { koffi } from './koffi'

/** An extended attribute of a kind that whoever may write to a file may set. */
const ATTRIBUTE = 'user.add-cow-img'
/** The longest word that is read, in bytes: a file name, and what tells a run from others. */
const MAX_WORD = 512
/** No attribute of that name; no attributes on this file system, or none of this kind. */
const NONE = new Set([
  ...[constants.errno.ENODATA, constants.errno.ENOTSUP, constants.errno.EOPNOTSUPP],
  ...[constants.errno.EPERM, constants.errno.ERANGE],
])

let loaded: ReturnType<typeof load> | undefined

/** The mark of an open file; undefined on systems without extended attributes. */
export function fileMark(fd: number, path: string): FileMark | undefined {
  if (process.platform !== 'linux') return undefined
  loaded ??= load()
  const calls = loaded
  return {
    set(word) {
      const bytes = Buffer.from(word)
      const result = Number(calls.set(fd, ATTRIBUTE, bytes, bytes.length, 0))
      return done(result, 'mark', path) !== undefined
    },
    get() {
      const bytes = Buffer.alloc(MAX_WORD)
      const found = Number(calls.get(fd, ATTRIBUTE, bytes, bytes.length))
      const length = done(found, 'read the mark of', path)
      return length === undefined ? undefined : bytes.toString('utf8', 0, length)
    },
    clear() {
      done(Number(calls.remove(fd, ATTRIBUTE)), 'take the mark off', path)
    },
  }
}

function load() {
  const libc = koffi().load('libc.so.6')
  return {
    set: libc.func('int fsetxattr(int fd, const char *name, void *value, size_t size, int flags)'),
    get: libc.func('int64_t fgetxattr(int fd, const char *name, void *value, size_t size)'),
    remove: libc.func('int fremovexattr(int fd, const char *name)'),
  }
}

/** What a call returned; undefined where there is no such attribute, or cannot be one. */
function done(result: number, action: string, path: string): number | undefined {
  if (result >= 0) return result
  const errno = koffi().errno()
  if (NONE.has(errno)) return undefined
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0]
  const code = name ?? `errno ${String(errno)}`
  throw ioError(action, path, Object.assign(new Error(`it failed with ${code}`), { code }))
}
