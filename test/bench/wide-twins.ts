import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { nodeHost, openDisk, runJob } from '../../engine/index'

const BLOCK = 4096
/** What qcow2 images have where nothing else is asked for. */
const CLUSTER = 64 * 1024
const MIB = 1024 * 1024
/** One extent lies in each slot of the disk. */
const SLOT = MIB
/** Every so many slots the base has a block of data. */
const BASE_STEP = 1024
const COPIED = 2n ** 63n

/** A disk of a million small extents, as an add-cow overlay and as qcow2, on one raw base. */
export interface WideTwins {
  readonly addCow: string
  readonly qcow2: string
}

/**
 * Makes them: `extents` blocks of 4 KiB, one at a scattered place in each MiB. The qcow2 image has
 * a cluster of 64 KiB at each of these places; its data is a hole of the file, as only its tables
 * are looked at.
 */
export async function makeWideTwins(directory: string, extents: number): Promise<WideTwins> {
  const twins = { addCow: join(directory, 'wide.add-cow'), qcow2: join(directory, 'wide.qcow2') }
  makeBase(join(directory, 'wide-base.raw'), extents)
  const control = { signal: new AbortController().signal, report: () => undefined }
  const request = {
    kind: 'create',
    path: twins.addCow,
    format: 'add-cow',
    imageFile: 'wide.raw',
    backingFile: 'wide-base.raw',
  } as const
  await runJob(nodeHost, request, control)
  // a cache for the whole bitmap: the image file is synced once
  const cacheBytes = extents * (SLOT / 4096)
  const disk = await openDisk(nodeHost, twins.addCow, { writable: true, cacheBytes })
  const block = Buffer.alloc(BLOCK, 0x5a)
  for (const offset of places(extents)) await disk.write(block, offset)
  await disk.close()
  writeQcow2(twins.qcow2, 'wide-base.raw', extents)
  return twins
}

function makeBase(path: string, extents: number): void {
  const fd = openSync(path, 'w')
  const block = Buffer.alloc(BLOCK, 0xa5)
  for (let slot = 0; slot < extents; slot += BASE_STEP) writeSync(fd, block, 0, BLOCK, slot * SLOT)
  ftruncateSync(fd, extents * SLOT)
  closeSync(fd)
}

/** Ascending, never two next to each other. */
function* places(extents: number): Generator<number> {
  let state = 42
  for (let slot = 0; slot < extents; slot += 1) {
    state = (state * 1103515245 + 12345) % 2147483648
    const cluster = Math.floor((state / 2147483648) * (SLOT / CLUSTER - 1))
    yield slot * SLOT + cluster * CLUSTER
  }
}

/**
 * A qcow2 image of version 3: header and backing name, L1 table, L2 tables,
 * refcount table and blocks, then the data, one cluster an extent.
 */
function writeQcow2(path: string, backing: string, extents: number): void {
  const tables = Math.ceil((extents * SLOT) / (CLUSTER * (CLUSTER / 8)))
  const l1Clusters = Math.ceil((tables * 8) / CLUSTER)
  const others = 1 + l1Clusters + tables + extents
  let blocks = 0
  let tableClusters = 0
  // what the counts take is counted as well
  for (let last = -1; last !== blocks + tableClusters;) {
    last = blocks + tableClusters
    blocks = Math.ceil(((others + last) * 2) / CLUSTER)
    tableClusters = Math.ceil((blocks * 8) / CLUSTER)
  }
  const total = others + blocks + tableClusters
  const l1At = CLUSTER
  const l2At = l1At + l1Clusters * CLUSTER
  const countTableAt = l2At + tables * CLUSTER
  const countsAt = countTableAt + tableClusters * CLUSTER
  const dataAt = countsAt + blocks * CLUSTER

  const header = Buffer.alloc(CLUSTER)
  header.write('QFI\xfb', 0, 'latin1')
  header.writeUInt32BE(3, 4)
  header.writeBigUInt64BE(136n, 8)
  header.writeUInt32BE(backing.length, 16)
  header.writeUInt32BE(Math.log2(CLUSTER), 20)
  header.writeBigUInt64BE(BigInt(extents * SLOT), 24)
  header.writeUInt32BE(tables, 36)
  header.writeBigUInt64BE(BigInt(l1At), 40)
  header.writeBigUInt64BE(BigInt(countTableAt), 48)
  header.writeUInt32BE(tableClusters, 56)
  header.writeUInt32BE(4, 96)
  header.writeUInt32BE(104, 100)
  // an extension with the format of the backing file, the end of the extensions, the file's name
  header.writeUInt32BE(0xe2792aca, 104)
  header.writeUInt32BE(3, 108)
  header.write('raw', 112)
  header.write(backing, 136)

  const fd = openSync(path, 'w')
  writeSync(fd, header, 0, CLUSTER, 0)
  writeSync(fd, pointers(l1Clusters, tables, l2At, COPIED), 0, l1Clusters * CLUSTER, l1At)
  const pieces = pointers(tableClusters, blocks, countsAt, 0n)
  writeSync(fd, pieces, 0, pieces.length, countTableAt)
  const counts = Buffer.alloc(blocks * CLUSTER)
  for (let cluster = 0; cluster < total; cluster += 1) counts.writeUInt16BE(1, cluster * 2)
  writeSync(fd, counts, 0, counts.length, countsAt)
  const reach = CLUSTER * (CLUSTER / 8)
  const table = Buffer.alloc(CLUSTER)
  let data = dataAt
  let index = 0
  for (const offset of places(extents)) {
    for (; index < Math.floor(offset / reach); index += 1) {
      writeSync(fd, table, 0, CLUSTER, l2At + index * CLUSTER)
      table.fill(0)
    }
    table.writeBigUInt64BE(BigInt(data) | COPIED, ((offset % reach) / CLUSTER) * 8)
    data += CLUSTER
  }
  writeSync(fd, table, 0, CLUSTER, l2At + index * CLUSTER)
  ftruncateSync(fd, data)
  closeSync(fd)
}

/** A table of `count` clusters' places, one behind another, in whole clusters. */
function pointers(clusters: number, count: number, first: number, flags: bigint): Buffer {
  const table = Buffer.alloc(clusters * CLUSTER)
  for (let n = 0; n < count; n += 1) {
    table.writeBigUInt64BE(BigInt(first + n * CLUSTER) | flags, n * 8)
  }
  return table
}
