import { EngineError } from '../base/errors'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * A file name from a header as text. Names are bytes on disk; ours are UTF-8, and a name that is
 * not is refused with `format/corrupt`, as it could be written back only in another form.
 */
export function decodeName(bytes: Uint8Array, what: string, path: string): string {
  try {
    const name = decoder.decode(bytes)
    if (!name.includes('\0')) return name
  } catch {
    // told below, together with a NUL inside
  }
  throw corrupt(path, `its ${what} is not a valid file name`, { field: what })
}

/**
 * A file name as bytes, checked against the bytes that a header has for it (`limit`, inclusive).
 */
export function encodeName(name: string, what: string, limit: number): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  if (name.includes('\0')) {
    throw new EngineError('invalid-argument', `The ${what} must not contain a NUL`, { field: what })
  }
  if (bytes.length > limit) {
    const message =
      `The ${what} is ${String(bytes.length)} bytes long; ` +
      `the format has room for ${String(limit)}`
    throw new EngineError('invalid-argument', message, { field: what, bytes: bytes.length, limit })
  }
  return bytes
}

/** A damaged header: says which file, what was found, and that nothing was changed. */
export function corrupt(
  path: string,
  found: string,
  details: Readonly<Record<string, string | number>> = {},
): EngineError {
  const message = `Cannot open ${path}: ${found}`
  return new EngineError('format/corrupt', message, { path, ...details }, { state: 'unchanged' })
}
