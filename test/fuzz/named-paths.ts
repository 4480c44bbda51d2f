import { dirname, resolve } from 'node:path'
import type { FuzzInput } from './input'

/** `QFI\xfb`, and the type of the extension that names a data file. */
const QCOW2 = 0x514649fb
const DATA_FILE = 0x44415441

/** Where the fields of both headers end. */
const LEAST = 2560

const decoder = new TextDecoder()

/**
 * All paths that the input's files lead to from its top on: by the fields of the headers alone,
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
  const view = new DataView(header.buffer)
  if (view.getUint32(0) === QCOW2) return qcow2Names(header, view)
  if (text(0, 4) !== 'ACOW') return []
  return [4, 12].map((at) => {
    const offset = view.getUint32(at, true)
    return text(offset, offset + view.getUint32(at + 4, true))
  })
}

/** The backing file's name, and that of the data file, in whichever extension stands for it. */
function qcow2Names(header: Uint8Array, view: DataView): string[] {
  const at = Number(view.getBigUint64(8))
  const names = [decoder.decode(header.subarray(at, at + view.getUint32(16)))]
  for (let tag = 72; tag + 8 <= header.length && tag < 4096; tag += 8) {
    if (view.getUint32(tag) !== DATA_FILE) continue
    names.push(decoder.decode(header.subarray(tag + 8, tag + 8 + view.getUint32(tag + 4))))
  }
  return names
}
