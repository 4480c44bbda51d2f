/* qcow2 images made here, without QEMU: small ones, with all that an image can have. */
import { deflateRawSync } from 'node:zlib'
import type { Random } from './random'
import { SparseBytes } from './sparse-bytes'

/** What a cluster of the disk is made as; `mixed` only with subclusters. */
export type BuiltCluster = 'none' | 'zero' | 'zero-allocated' | 'data' | 'compressed' | 'mixed'

export interface BuiltImage {
  readonly version: 2 | 3
  readonly clusterBits: number
  /** Virtual size in bytes. */
  readonly size: number
  readonly extended: boolean
  readonly clusters: readonly BuiltCluster[]
  readonly backing?: { readonly name: string; readonly format?: string }
  /** Guest data lies in a file of this name, which `apart` is then written to. */
  readonly dataFile?: string
  readonly snapshots: number
}

export interface Built {
  readonly file: SparseBytes
  readonly apart: SparseBytes
  /** Where the tables lie, for those who want to damage them. */
  readonly l1: number
  readonly l2: readonly number[]
}

const SECTOR = 512
const HEADER_LENGTH = 112

/** Lays an image out: header, level 1, refcounts (empty), snapshots, then tables and data. */
export function buildQcow2(image: BuiltImage, random: Random): Built {
  const clusterSize = 2 ** image.clusterBits
  const perTable = clusterSize / (image.extended ? 16 : 8)
  const tables = Math.ceil(image.size / clusterSize / perTable)
  const file = new SparseBytes()
  const apart = new SparseBytes()
  const l1 = clusterSize
  const refcounts = l1 + up(tables * 8, clusterSize)
  const snapshotsAt = refcounts + clusterSize
  let end = snapshotsAt + up(putSnapshots(file, snapshotsAt, image.snapshots, l1), clusterSize)
  putHeader(file, image, { l1, tables, refcounts, snapshotsAt })

  const l2: number[] = []
  for (const [index, kind] of image.clusters.entries()) {
    const slot = Math.floor(index / perTable)
    if (index % perTable === 0 || l2[slot] === undefined) {
      l2[slot] = end
      put64(file, l1 + slot * 8, (1n << 63n) | BigInt(end))
      end += clusterSize
      file.truncate(end)
    }
    const place = (l2[slot] ?? 0) + (index % perTable) * (image.extended ? 16 : 8)
    end = putCluster({ file, apart, image, random, place, index, end }, kind)
  }
  file.truncate(Math.max(end, file.length))
  apart.truncate(image.size)
  return { file, apart, l1, l2 }
}

interface Slot {
  readonly file: SparseBytes
  readonly apart: SparseBytes
  readonly image: BuiltImage
  readonly random: Random
  readonly place: number
  readonly index: number
  /** Where the next cluster may lie. */
  readonly end: number
}

const SOLE = 1n << 63n
const COMPRESSED = 1n << 62n

/** Writes one cluster and its entry; the new end of what is used. */
function putCluster(slot: Slot, kind: BuiltCluster): number {
  const { file, image, random, place, end } = slot
  const clusterSize = 2 ** image.clusterBits
  const bytes = random.chance(0.5)
    ? random.bytes(clusterSize)
    : new Uint8Array(clusterSize).fill(random.below(256))
  if (kind === 'none') return end
  if (kind === 'compressed') return putCompressed(slot, bytes)
  if (kind === 'zero' || kind === 'zero-allocated') {
    const host = kind === 'zero' ? 0n : SOLE | BigInt(end)
    if (image.extended) {
      put64(file, place, host)
      put64(file, place + 8, 0xffff_ffffn << 32n)
    } else put64(file, place, host | 1n)
    return kind === 'zero' ? end : end + clusterSize
  }
  const host = image.dataFile === undefined ? end : slot.index * clusterSize
  put64(file, place, SOLE | BigInt(host))
  const allocated = kind === 'mixed' ? BigInt(random.next()) : 0xffff_ffffn
  const zero = kind === 'mixed' ? BigInt(random.next()) & ~allocated & 0xffff_ffffn : 0n
  if (image.extended) put64(file, place + 8, (zero << 32n) | allocated)
  if (image.dataFile === undefined) file.write(bytes, host)
  else slot.apart.write(bytes, host)
  return image.dataFile === undefined ? end + clusterSize : end
}

function putCompressed(slot: Slot, bytes: Uint8Array): number {
  const { file, image, place, end } = slot
  const packed = deflateRawSync(bytes, { windowBits: 12 })
  const countBits = image.clusterBits - 8
  const sectors = Math.ceil(((end % SECTOR) + packed.length) / SECTOR) - 1
  if (sectors >= 2 ** countBits) return putCluster(slot, 'data')
  file.write(packed, end)
  put64(file, place, COMPRESSED | (BigInt(sectors) << BigInt(62 - countBits)) | BigInt(end))
  return end + up(packed.length, 2 ** image.clusterBits)
}

interface Places {
  readonly l1: number
  readonly tables: number
  readonly refcounts: number
  readonly snapshotsAt: number
}

function putHeader(file: SparseBytes, image: BuiltImage, places: Places): void {
  const { version, backing, dataFile } = image
  file.write(Buffer.from('QFI\u00fb', 'latin1'), 0)
  put32(file, 4, version)
  put32(file, 20, image.clusterBits)
  put64(file, 24, BigInt(image.size))
  put32(file, 36, places.tables)
  put64(file, 40, BigInt(places.l1))
  put64(file, 48, BigInt(places.refcounts))
  put32(file, 56, 1)
  put32(file, 60, image.snapshots)
  put64(file, 64, BigInt(places.snapshotsAt))
  if (version === 3) {
    const features = (dataFile === undefined ? 0n : 4n) | (image.extended ? 16n : 0n)
    put64(file, 72, features)
    put32(file, 96, 4)
    put32(file, 100, HEADER_LENGTH)
  }
  let at = version === 3 ? HEADER_LENGTH : 72
  if (backing?.format !== undefined) at = putExtension(file, at, 0xe2792aca, text(backing.format))
  if (dataFile !== undefined) at = putExtension(file, at, 0x44415441, text(dataFile))
  at = putExtension(file, at, 0x6803f857, featureNames())
  at = putExtension(file, at, 0, new Uint8Array())
  if (backing === undefined) return
  file.write(text(backing.name), at)
  put64(file, 8, BigInt(at))
  put32(file, 16, text(backing.name).length)
}

function featureNames(): Uint8Array {
  const table = new Uint8Array(2 * 48)
  table.set([0, 0, ...text('dirty bit')], 0)
  table.set([0, 9, ...text('a feature of tomorrow')], 48)
  return table
}

function putExtension(file: SparseBytes, at: number, type: number, data: Uint8Array): number {
  put32(file, at, type)
  put32(file, at + 4, data.length)
  file.write(data, at + 8)
  return at + 8 + up(data.length, 8)
}

/** Writes snapshots that all have the same tables; bytes that theirs takes. */
function putSnapshots(file: SparseBytes, start: number, count: number, l1: number): number {
  let at = start
  for (let index = 0; index < count; index += 1) {
    const [id, name] = [text(String(index + 1)), text(`snapshot ${String(index)}`)]
    put64(file, at, BigInt(l1))
    put32(file, at + 12, id.length * 0x10000 + name.length)
    put32(file, at + 16, 1_700_000_000)
    put32(file, at + 36, 16)
    file.write(id, at + 56)
    file.write(name, at + 56 + id.length)
    at += up(56 + id.length + name.length, 8)
  }
  file.truncate(Math.max(file.length, at))
  return at - start
}

/** Big endian. */
export function put32(file: SparseBytes, at: number, value: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  file.write(bytes, at)
}

/** Big endian. */
export function put64(file: SparseBytes, at: number, value: bigint): void {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  file.write(bytes, at)
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function up(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
