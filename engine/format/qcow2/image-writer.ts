import { assert } from '../../base/assert'
import { alignUp, divCeil, KIB, MIB } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { BackingReference } from '../layer'
import { encodeName } from '../names'
import { HEADER_2_SIZE, MAGIC } from './header'

/** Clusters of the images that are written here: QEMU's own default. */
export const WRITTEN_CLUSTER_BITS = 16
export const WRITTEN_CLUSTER_SIZE = 64 * KIB
const CLUSTER = WRITTEN_CLUSTER_SIZE
const ENTRY_SIZE = 8
/** What one table of level 2 maps. */
export const WRITTEN_TABLE_SPAN = (CLUSTER / ENTRY_SIZE) * CLUSTER
/** The largest disk whose table of level 1 QEMU reads, in bytes. */
export const MAX_WRITTEN_SIZE = ((32 * MIB) / ENTRY_SIZE) * WRITTEN_TABLE_SPAN

const HEADER_SIZE = 104
const REFCOUNT_ORDER = 4
const REFCOUNT_SIZE = 2
const BACKING_FORMAT = 0xe2792aca
const MAX_BACKING_NAME = 1023
/** Of an entry: the refcount is exactly one; the cluster reads as zero. */
const SOLE = 1n << 63n
const READS_ZERO = 1n

/**
 * Writes a new qcow2 image of version 3 to an empty file, from its start to its end: first data
 * and, behind the data of each, the tables of level 2, at last level 1 and refcounts, then the
 * header. Without its header it is no image, so a file that was not finished cannot be taken for
 * one. Whole clusters of 64 KiB; nothing is synced.
 */
export class Qcow2Writer {
  /** Where the next cluster goes. Cluster 0 is kept for the header. */
  private end = CLUSTER
  private readonly l1: number[]
  private table = new DataView(new ArrayBuffer(CLUSTER))
  private tableUsed = false

  constructor(
    private readonly file: HostFile,
    /** Virtual size in bytes. */
    private readonly size: number,
  ) {
    this.l1 = new Array<number>(divCeil(size, WRITTEN_TABLE_SPAN)).fill(0)
  }

  /**
   * Takes room for clusters of the disk from `offset` on, up to `length`, all in one table; where
   * in the file their data goes.
   */
  place(offset: number, length: number): number {
    const host = this.end
    for (let at = 0; at < length; at += CLUSTER) this.set(offset + at, SOLE | BigInt(host + at))
    this.end += alignUp(length, CLUSTER)
    return host
  }

  /** Says that clusters read as zero. */
  zero(offset: number, length: number): void {
    for (let at = 0; at < length; at += CLUSTER) this.set(offset + at, READS_ZERO)
  }

  /** Writes the table that has been filled; to be called when its part of the disk is through. */
  async endTable(index: number): Promise<void> {
    if (!this.tableUsed) return
    await this.file.write(new Uint8Array(this.table.buffer), this.end)
    this.l1[index] = this.end
    this.end += CLUSTER
    this.table = new DataView(new ArrayBuffer(CLUSTER))
    this.tableUsed = false
  }

  /** Writes what is left: afterwards the file is an image. */
  async finish(backing: BackingReference | undefined): Promise<void> {
    const l1 = { offset: this.end, entries: this.l1.length }
    await this.writeL1()
    const refcounts = await this.writeRefcounts()
    await this.file.truncate(this.end)
    await this.file.write(this.header(l1, refcounts, backing), 0)
  }

  private set(offset: number, entry: bigint): void {
    assert(offset % CLUSTER === 0, 'a cluster starts at a multiple of its size')
    const place = ((offset % WRITTEN_TABLE_SPAN) / CLUSTER) * ENTRY_SIZE
    this.table.setBigUint64(place, entry)
    this.tableUsed = true
  }

  private async writeL1(): Promise<void> {
    const bytes = new DataView(new ArrayBuffer(alignUp(this.l1.length * ENTRY_SIZE, CLUSTER)))
    for (const [index, table] of this.l1.entries()) {
      if (table > 0) bytes.setBigUint64(index * ENTRY_SIZE, SOLE | BigInt(table))
    }
    await this.file.write(new Uint8Array(bytes.buffer), this.end)
    this.end += bytes.byteLength
  }

  /** Every cluster from the header to the refcounts themselves is used once. */
  private async writeRefcounts(): Promise<{ offset: number; clusters: number }> {
    const perBlock = CLUSTER / REFCOUNT_SIZE
    const others = this.end / CLUSTER
    let [blocks, clusters] = [0, 0]
    for (let total = others; ; total = others + blocks + clusters) {
      const needed = divCeil(total, perBlock)
      if (needed === blocks) break
      blocks = needed
      clusters = divCeil(blocks * ENTRY_SIZE, CLUSTER)
    }
    const used = others + blocks + clusters
    const table = new DataView(new ArrayBuffer(clusters * CLUSTER))
    for (let index = 0; index < blocks; index += 1) {
      const block = new DataView(new ArrayBuffer(CLUSTER))
      const ones = Math.min(perBlock, used - index * perBlock)
      for (let entry = 0; entry < ones; entry += 1) block.setUint16(entry * REFCOUNT_SIZE, 1)
      await this.file.write(new Uint8Array(block.buffer), this.end)
      table.setBigUint64(index * ENTRY_SIZE, BigInt(this.end))
      this.end += CLUSTER
    }
    const offset = this.end
    await this.file.write(new Uint8Array(table.buffer), offset)
    this.end += table.byteLength
    return { offset, clusters }
  }

  private header(
    l1: { readonly offset: number; readonly entries: number },
    refcounts: { readonly offset: number; readonly clusters: number },
    backing: BackingReference | undefined,
  ): Uint8Array {
    const bytes = new Uint8Array(CLUSTER)
    const view = new DataView(bytes.buffer)
    bytes.set(MAGIC, 0)
    view.setUint32(4, 3)
    view.setUint32(20, WRITTEN_CLUSTER_BITS)
    view.setBigUint64(24, BigInt(this.size))
    view.setUint32(36, l1.entries)
    view.setBigUint64(40, BigInt(l1.offset))
    view.setBigUint64(48, BigInt(refcounts.offset))
    view.setUint32(56, refcounts.clusters)
    view.setUint32(HEADER_2_SIZE + 24, REFCOUNT_ORDER)
    view.setUint32(HEADER_2_SIZE + 28, HEADER_SIZE)
    if (backing !== undefined) putBacking(bytes, view, backing)
    return bytes
  }
}

/** The format as an extension, the end of the extensions, then the name. */
function putBacking(bytes: Uint8Array, view: DataView, { name, format }: BackingReference): void {
  let at = HEADER_SIZE
  if (format !== undefined) {
    const word = new TextEncoder().encode(format)
    view.setUint32(at, BACKING_FORMAT)
    view.setUint32(at + 4, word.length)
    bytes.set(word, at + 8)
    at += 8 + alignUp(word.length, 8)
  }
  at += 8
  const encoded = encodeBackingName(name)
  view.setBigUint64(8, BigInt(at))
  view.setUint32(16, encoded.length)
  bytes.set(encoded, at)
}

/** The name as bytes; `invalid-argument` where it is longer than the format takes. */
export function encodeBackingName(name: string): Uint8Array {
  return encodeName(name, 'backing file name', MAX_BACKING_NAME)
}
