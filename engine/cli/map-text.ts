import { printable } from './cli'
import type { TextSink } from './output'

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
  head(sink: TextSink): void
  entry(sink: TextSink, entry: MapEntry): void
  tail(sink: TextSink): void
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const FIRST = utf8('{ "start": ')
const NEXT = utf8(',\n{ "start": ')
const LENGTH = utf8(', "length": ')
const DEPTH = utf8(', "depth": ')
const OFFSET = utf8(', "offset": ')
const END = utf8('}')

/** A JSON array, one entry a line, as qemu-img writes it. */
export function jsonMap(): MapText {
  let isFirst = true
  const flags = Array.from({ length: 8 }, (_, bits) => {
    const [present, zero, data] = [4, 2, 1].map((bit) => String((bits & bit) !== 0))
    return utf8(`, "present": ${present}, "zero": ${zero}, "data": ${data}`)
  })
  // most runs lie in the same file as another one
  const names = new Map<string, Uint8Array>()
  const nameBytes = (name: string): Uint8Array => {
    const bytes = names.get(name) ?? utf8(`, "filename": ${JSON.stringify(name)}`)
    names.set(name, bytes)
    return bytes
  }
  return {
    head: (sink) => sink.text('['),
    entry: (sink, { start, length, depth, present, zero, data, offset, filename }) => {
      sink.bytes(isFirst ? FIRST : NEXT)
      isFirst = false
      sink.number(start)
      sink.bytes(LENGTH)
      sink.number(length)
      sink.bytes(DEPTH)
      sink.number(depth)
      const bits = (present ? 4 : 0) | (zero ? 2 : 0) | (data ? 1 : 0)
      sink.bytes(flags[bits] ?? END)
      if (offset !== undefined) {
        sink.bytes(OFFSET)
        sink.number(offset)
      }
      if (filename !== undefined) sink.bytes(nameBytes(filename))
      sink.bytes(END)
    },
    tail: (sink) => sink.text(']\n'),
  }
}

/** A table of what holds data. */
export function humanMap(): MapText {
  return {
    head: (sink) => sink.text(row('Offset', 'Length', 'Mapped to', 'File')),
    entry: (sink, { start, length, data, offset, filename }) => {
      if (!data || offset === undefined || filename === undefined) return
      sink.text(row(hex(start), hex(length), hex(offset), printable(filename)))
    },
    tail: () => undefined,
  }
}

function row(offset: string, length: string, mappedTo: string, file: string): string {
  return `${offset.padEnd(16)}${length.padEnd(16)}${mappedTo.padEnd(16)}${file}\n`
}

function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}
