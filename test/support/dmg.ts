/*
 * A disk image of macOS (UDIF), as small as QEMU's reader (block/dmg.c) needs it: chunks, a list of
 * the tables that say where they are, and a trailer of one sector. Big endian.
 */
import { deflateSync } from 'node:zlib'

const SECTOR = 512
/** Bytes of the disk in one chunk, and chunks in one table. */
const CHUNK = 256 * 1024
const CHUNKS_A_TABLE = 50

const TABLE_HEAD = 204
const ENTRY = 40
const ZERO = 0
const RAW = 1
const IGNORED = 2
const ZLIB = 0x8000_0005
const END = 0xffff_ffff

interface Chunk {
  readonly kind: number
  /** Of the disk, in bytes. */
  readonly offset: number
  readonly length: number
  /** What is stored for it. */
  readonly stored: Uint8Array
}

/** Such an image of a disk of whole sectors: what has content compressed and not, in turn. */
export function dmgOf(disk: Uint8Array): Buffer {
  const chunks: Chunk[] = []
  for (let offset = 0; offset < disk.length; offset += CHUNK) {
    chunks.push(chunkOf(disk.subarray(offset, offset + CHUNK), offset, chunks.length))
  }
  const tables: Buffer[] = []
  let storedAt = 0
  for (let first = 0; first < chunks.length; first += CHUNKS_A_TABLE) {
    const some = chunks.slice(first, first + CHUNKS_A_TABLE)
    tables.push(tableOf(some, storedAt))
    storedAt += some.reduce((sum, { stored }) => sum + stored.length, 0)
  }
  const list = propertyList(tables)
  const data = chunks.map(({ stored }) => stored)
  return Buffer.concat([...data, list, trailer(storedAt, list.length, disk.length / SECTOR)])
}

function chunkOf(content: Uint8Array, offset: number, index: number): Chunk {
  const place = { offset, length: content.length }
  if (content.every((byte) => byte === 0)) {
    return { ...place, kind: index % 2 === 0 ? ZERO : IGNORED, stored: new Uint8Array(0) }
  }
  if (index % 2 === 0) return { ...place, kind: RAW, stored: content }
  return { ...place, kind: ZLIB, stored: deflateSync(content) }
}

/** A table of chunks; `storedAt` is where the first one's bytes are. */
function tableOf(chunks: readonly Chunk[], storedAt: number): Buffer {
  const [start, last] = [chunks.at(0), chunks.at(-1)]
  if (start === undefined || last === undefined) throw new Error('a table without chunks')
  const end = last.offset + last.length
  const table = Buffer.alloc(TABLE_HEAD + (chunks.length + 1) * ENTRY)
  table.write('mish', 0, 'latin1')
  table.writeUInt32BE(1, 4)
  writeSectors(table, start.offset, 8)
  writeSectors(table, end - start.offset, 16)
  table.writeUInt32BE(chunks.length + 1, TABLE_HEAD - 4)
  let at = storedAt
  for (const [index, { kind, offset, length, stored }] of chunks.entries()) {
    const entry = TABLE_HEAD + index * ENTRY
    table.writeUInt32BE(kind, entry)
    writeSectors(table, offset - start.offset, entry + 8)
    writeSectors(table, length, entry + 16)
    table.writeBigUInt64BE(BigInt(at), entry + 24)
    table.writeBigUInt64BE(BigInt(stored.length), entry + 32)
    at += stored.length
  }
  table.writeUInt32BE(END, TABLE_HEAD + chunks.length * ENTRY)
  writeSectors(table, end - start.offset, TABLE_HEAD + chunks.length * ENTRY + 8)
  return table
}

function writeSectors(table: Buffer, bytes: number, at: number): void {
  table.writeBigUInt64BE(BigInt(bytes / SECTOR), at)
}

function propertyList(tables: readonly Buffer[]): Buffer {
  const entries = tables.map(
    (table) => `<dict><key>Data</key><data>${table.toString('base64')}</data></dict>`,
  )
  return Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>resource-fork</key>' +
      `<dict><key>blkx</key><array>\n${entries.join('\n')}\n</array></dict></dict></plist>\n`,
  )
}

function trailer(dataLength: number, listLength: number, sectors: number): Buffer {
  const bytes = Buffer.alloc(SECTOR)
  bytes.write('koly', 0, 'latin1')
  bytes.writeUInt32BE(4, 4)
  bytes.writeUInt32BE(SECTOR, 8)
  bytes.writeUInt32BE(1, 12)
  bytes.writeBigUInt64BE(BigInt(dataLength), 0x20)
  bytes.writeUInt32BE(1, 0x38)
  bytes.writeUInt32BE(1, 0x3c)
  bytes.writeBigUInt64BE(BigInt(dataLength), 0xd8)
  bytes.writeBigUInt64BE(BigInt(listLength), 0xe0)
  bytes.writeUInt32BE(1, 0x1e8)
  bytes.writeBigUInt64BE(BigInt(sectors), 0x1ec)
  return bytes
}
