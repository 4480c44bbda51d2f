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
  entry(entry: MapEntry): string
  tail(): string
}

/** A JSON array, one entry a line, as qemu-img writes it. */
export function jsonMap(): MapText {
  let written = 0
  return {
    head: '[',
    entry({ start, length, depth, present, zero, data, offset, filename }) {
      let text = written === 0 ? '' : ',\n'
      written += 1
      text += `{ "start": ${start}, "length": ${length}, "depth": ${depth}, `
      text += `"present": ${String(present)}, "zero": ${String(zero)}, "data": ${String(data)}`
      if (offset !== undefined) text += `, "offset": ${offset}`
      if (filename !== undefined) text += `, "filename": ${JSON.stringify(filename)}`
      return `${text}}`
    },
    tail: () => ']\n',
  }
}

/** A table of what holds data. */
export function humanMap(): MapText {
  return {
    head: row('Offset', 'Length', 'Mapped to', 'File'),
    entry({ start, length, data, offset, filename }) {
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
