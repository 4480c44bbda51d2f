import { INFO, writeUInt64 } from '../nbd/protocol'
import { MAX_PAYLOAD } from './request-rules'

/** What clients are told of the export. */
export interface ExportFacts {
  /** Bytes. */
  readonly size: number
  /** Bytes that requests had best be a multiple of: a power of two. */
  readonly preferredBlock: number
  /** One line for people. */
  readonly description: string
  /** EXPORT_FLAG bits, for a client with or without structured replies. */
  readonly flags: (structured: boolean) => number
}

/** An export in a list of them. */
export function serverEntry(name: string): Buffer {
  const text = Buffer.from(name)
  const entry = Buffer.alloc(4 + text.length)
  entry.writeUInt32BE(text.length, 0)
  entry.set(text, 4)
  return entry
}

/** The replies to INFO and GO: what everybody has to know, and of the rest what was asked for. */
export function* exportInfo(
  facts: ExportFacts,
  structured: boolean,
  kinds: readonly number[],
): Generator<Buffer> {
  yield exportEntry(facts, structured)
  yield blockSizeEntry(facts)
  if (kinds.includes(INFO.name)) yield textEntry(INFO.name, '')
  if (kinds.includes(INFO.description)) yield textEntry(INFO.description, facts.description)
}

function exportEntry({ size, flags }: ExportFacts, structured: boolean): Buffer {
  const entry = Buffer.alloc(12)
  entry.writeUInt16BE(INFO.export, 0)
  writeUInt64(entry, size, 2)
  entry.writeUInt16BE(flags(structured), 10)
  return entry
}

function blockSizeEntry({ preferredBlock }: ExportFacts): Buffer {
  const entry = Buffer.alloc(14)
  entry.writeUInt16BE(INFO.blockSize, 0)
  entry.writeUInt32BE(1, 2)
  entry.writeUInt32BE(preferredBlock, 6)
  entry.writeUInt32BE(MAX_PAYLOAD, 10)
  return entry
}

function textEntry(kind: number, value: string): Buffer {
  const text = Buffer.from(value)
  const entry = Buffer.alloc(2 + text.length)
  entry.writeUInt16BE(kind, 0)
  entry.set(text, 2)
  return entry
}
