import * as path from 'node:path'
import { EngineError } from '../base/errors'

/**
 * The scheme of a name such as `nbd://host/x` or `file:x`; undefined for a path. `C:\x` is a path.
 */
export function protocolOf(name: string): string | undefined {
  const end = name.search(/[:/\\]/)
  if (end < 2 || name[end] !== ':') return undefined
  return name.slice(0, end)
}

/**
 * The absolute path that a name in an add-cow file leads to: a relative name counts from the
 * directory of that file. `not-supported` for a name with a protocol.
 */
export function resolveName(name: string, addCowPath: string): string {
  const protocol = protocolOf(name)
  if (protocol !== undefined) {
    const message = `Cannot open ${name}, named by ${addCowPath}: ${protocol}: is not a file`
    const details = { path: addCowPath, name, protocol }
    throw new EngineError('not-supported', message, details, { state: 'unchanged' })
  }
  return path.resolve(path.dirname(addCowPath), name)
}
