import { dirname, resolve } from 'node:path'
import type { FuzzInput } from './input'

/** Where the fields of both headers end. */
const LEAST = 2560

const decoder = new TextDecoder()

/**
 * All paths that the input's files lead to from its top on: by the fields of the two headers alone,
 * whatever else they hold. Nothing else may be opened or looked at.
 */
export function namedPaths(input: FuzzInput): Set<string> {
  const paths = new Set([input.top])
  for (const path of paths) {
    const file = input.files.get(input.names.get(path) ?? 0)
    if (file === undefined) continue
    const header = new Uint8Array(Math.min(Math.max(file.length, LEAST), 2 ** 21))
    file.read(header, 0)
    for (const name of namesIn(header)) {
      if (name !== '' && !name.includes('\0')) paths.add(resolve(dirname(path), name))
    }
  }
  return paths
}

function namesIn(header: Uint8Array): string[] {
  const text = (from: number, to: number): string => decoder.decode(header.subarray(from, to))
  if (text(0, 7) === 'ADD_COW') {
    return [text(12, 1036), text(1036, 2060)].map((field) => field.split('\0')[0] ?? '')
  }
  if (text(0, 4) !== 'ACOW') return []
  const view = new DataView(header.buffer)
  return [4, 12].map((at) => {
    const offset = view.getUint32(at, true)
    return text(offset, offset + view.getUint32(at + 4, true))
  })
}
