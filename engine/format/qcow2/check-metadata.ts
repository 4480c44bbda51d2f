import { isEngineError } from '../../base/errors'
import { alignUp, isAligned, MIB } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { ClusterMap } from './cluster-map'
import type { ClusterUse } from './cluster-use'
import type { Findings } from './findings'
import type { Qcow2Header } from './header'
import { readOffset } from './numbers'
import { readSnapshots } from './snapshots'

export interface CheckedImage {
  readonly path: string
  readonly header: Qcow2Header
  readonly file: HostFile
  /** Of the file, in bytes. */
  readonly length: number
  readonly map: ClusterMap
  /** Virtual size in bytes. */
  readonly size: number
}

interface MetadataPlace {
  readonly what: string
  readonly offset: number
  readonly length: number
  /** What is longer is not made by QEMU, nor read. */
  readonly limit: number
}

const ENTRY_SIZE = 8
const MAX_REFCOUNT_BYTES = 8 * MIB

/** Marks what is neither data nor a table of level 2, and tells what lies where it cannot be. */
export async function useMetadata(
  image: CheckedImage,
  use: ClusterUse,
  found: Findings,
): Promise<void> {
  const { header, map } = image
  const { clusterSize } = map
  use.add(0, clusterSize, 'metadata')
  const l1 = { offset: header.l1.offset, length: header.l1.count * ENTRY_SIZE }
  usePlace(image, { what: 'table of level 1', ...l1, limit: Infinity }, use, found)
  await useSnapshots(image, use, found)
  const refcounts = {
    offset: header.refcounts.offset,
    length: header.refcounts.count * clusterSize,
  }
  const table = { what: 'refcount table', ...refcounts, limit: MAX_REFCOUNT_BYTES }
  if (usePlace(image, table, use, found)) await useRefcountBlocks(image, refcounts, use, found)
}

async function useSnapshots(image: CheckedImage, use: ClusterUse, found: Findings): Promise<void> {
  const { path, header, file, length } = image
  const { offset } = header.snapshots
  try {
    const { tableLength } = await readSnapshots(file, length, header.snapshots, path)
    const place = { what: 'snapshot table', offset, length: tableLength, limit: Infinity }
    usePlace(image, place, use, found)
  } catch (error) {
    if (!isEngineError(error, 'format/corrupt')) throw error
    found.add('table-damaged', 'corruption', error.message)
  }
}

/** Whether a table can be where it is said to be. */
function usePlace(
  { length: fileLength, map }: CheckedImage,
  { what, offset, length, limit }: MetadataPlace,
  use: ClusterUse,
  found: Findings,
): boolean {
  const { clusterSize } = map
  if (length === 0) return true
  const passesEnd = offset + length > alignUp(fileLength, clusterSize)
  const details = { offset, length }
  if (!isAligned(offset, clusterSize) || passesEnd || length > limit) {
    found.add('table-damaged', 'corruption', `The ${what} lies where it cannot be`, details)
    return false
  }
  if (use.add(offset, length, 'metadata') === undefined) return true
  found.add('table-damaged', 'corruption', `The ${what} lies on another one`, details)
  return false
}

async function useRefcountBlocks(
  { file, length, map }: CheckedImage,
  table: { readonly offset: number; readonly length: number },
  use: ClusterUse,
  found: Findings,
): Promise<void> {
  const { clusterSize } = map
  const entries = new DataView(new ArrayBuffer(clusterSize))
  for (let at = 0; at < table.length; at += clusterSize) {
    await file.read(new Uint8Array(entries.buffer), table.offset + at)
    for (let entry = 0; entry < clusterSize; entry += ENTRY_SIZE) {
      const block = readOffset(entries, entry)
      if (block === 0) continue
      const sound = isAligned(block, clusterSize) && block < length
      if (sound && use.add(block, clusterSize, 'metadata') === undefined) continue
      const message = 'A refcount block lies outside of the file, or on something else'
      found.add('table-damaged', 'corruption', message, { offset: block })
    }
  }
}
