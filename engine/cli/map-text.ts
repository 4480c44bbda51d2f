import { printable } from './cli'

/**
 * One run, with qemu-img's names. Bytes; `offset` and `filename` where the run lies in a host file.
 */
export interface MapEntry {
  readonly start: number
  readonly length: number
  readonly depth: number
  readonly present: boolean
  readonly zero: boolean
  readonly data: boolean
  readonly offset?: number
  readonly filename?: string
}

/** How a map is written, piece by piece: head, entries, tail. */
export interface MapText {
  readonly head: string
  readonly entry: (entry: MapEntry) => string
  readonly tail: () => string
}

/** A JSON array, one entry a line, as qemu-img writes it. */
export function jsonMap(): MapText {
  let separator = ''
  // most runs lie in the same file as another one
  const quoted = new Map<string, string>()
  const quote = (name: string): string => {
    const text = quoted.get(name) ?? JSON.stringify(name)
    quoted.set(name, text)
    return text
  }
  return {
    head: '[',
    entry: ({ start, length, depth, present, zero, data, offset, filename }) => {
      const place = offset === undefined ? '' : `, "offset": ${offset}`
      const name = filename === undefined ? '' : `, "filename": ${quote(filename)}`
      const text =
        `${separator}{ "start": ${start}, "length": ${length}, "depth": ${depth}, ` +
        `"present": ${String(present)}, "zero": ${String(zero)}, "data": ${String(data)}` +
        `${place}${name}}`
      separator = ',\n'
      return text
    },
    tail: () => ']\n',
  }
}

/** A table of what holds data. */
export function humanMap(): MapText {
  return {
    head: row('Offset', 'Length', 'Mapped to', 'File'),
    entry: ({ start, length, data, offset, filename }) => {
      if (!data || offset === undefined || filename === undefined) return ''
      return row(hex(start), hex(length), hex(offset), printable(filename))
    },
    tail: () => '',
  }
}

function row(offset: string, length: string, mappedTo: string, file: string): string {
  return `${offset.padEnd(16)}${length.padEnd(16)}${mappedTo.padEnd(16)}${file}\n`
}

function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}
