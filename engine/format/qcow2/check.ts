import { EngineError } from '../../base/errors'
import { giveTurn } from '../../base/event-loop'
import { alignUp, divCeil } from '../../base/units'
import type { HostFile } from '../../host/host'
import type { CheckResult, Finding, FindingCode, FindingSeverity } from '../../model/image'
import type { ClusterMap, Mapping } from './cluster-map'
import { readOffset } from './numbers'
import type { Qcow2Header } from './header'
import { ClusterUse, type Use } from './cluster-use'
import { readSnapshots } from './snapshots'

export interface TableCheckOptions {
  readonly signal: AbortSignal
  /** Called now and then with the bytes of the virtual size looked at. */
  readonly report: (current: number) => void
}

export interface CheckedImage {
  readonly path: string
  readonly header: Qcow2Header
  readonly file: HostFile
  readonly length: number
  readonly map: ClusterMap
  readonly size: number
}

const ENTRY_SIZE = 8

/**
 * Walks all that a reader follows: header, tables and where they point to. Refcounts are not
 * looked at, as nothing is read by them, and nothing is repaired. Each thing that is wrong is told
 * once, with how often and where first. `job/cancelled` where the signal was aborted.
 */
export async function checkTables(
  image: CheckedImage,
  options: TableCheckOptions,
): Promise<CheckResult> {
  const { path, header, map, size } = image
  const found = new Findings(path)
  if (header.corrupt) {
    found.add('marked-corrupt', 'corruption', 'The image is marked as damaged by who wrote it last')
  }
  if (header.dirty) {
    found.add('marked-dirty', 'notice', 'The image was not closed in order: refcounts may be wrong')
  }
  const use = new ClusterUse(map.clusterSize)
  await useMetadata(image, use, found)
  const allocated = await walk(image, options, use, found)
  if (use.full) {
    const message = 'The file is too large to look for clusters that are used twice'
    found.add('sharing-unknown', 'notice', message)
  }
  return {
    path,
    format: 'qcow2',
    findings: found.list(),
    totalClusters: divCeil(size, map.clusterSize),
    allocatedClusters: divCeil(allocated, map.clusterSize),
  }
}

/** Goes over the disk, cluster by cluster; bytes that are allocated. */
async function walk(
  { path, header, map, size }: CheckedImage,
  { signal, report }: TableCheckOptions,
  use: ClusterUse,
  found: Findings,
): Promise<number> {
  const isApart = header.externalData !== undefined
  let allocated = 0
  let reported = 0
  for (let at = 0; at < size;) {
    if (at >= reported) {
      if (signal.aborted) throw cancelled(path)
      report(at)
      reported = at + size / 100
    }
    const turn = giveTurn()
    if (turn !== undefined) await turn
    if (at % map.tableSpan === 0) await useTable(map, at / map.tableSpan, use, found)
    const answer = map.at(at)
    const mapping = answer instanceof Promise ? await answer : answer
    if (mapping.kind === 'damaged') {
      found.add('entry-damaged', 'corruption', mapping.found, { offset: at })
    } else if (mapping.kind !== 'unallocated') {
      allocated += mapping.end - at
      if (!isApart) useCluster(map, mapping, at, use, found)
    }
    at = mapping.end
  }
  return allocated
}

function cancelled(path: string): EngineError {
  const message = `The check of ${path} was cancelled`
  return new EngineError('job/cancelled', message, {}, { state: 'unchanged' })
}

/** A cluster is marked by its first subcluster that has data. */
function useCluster(
  { clusterSize }: ClusterMap,
  { kind, host, compressedLength, sole }: Mapping,
  offset: number,
  use: ClusterUse,
  found: Findings,
): void {
  if (kind === 'compressed') noteUse(use.add(host, compressedLength, 'packed'), offset, true, found)
  if (kind !== 'data') return
  const inCluster = host % clusterSize
  const cluster = host - inCluster
  if (inCluster > 0 && use.latest === cluster) return
  noteUse(use.add(cluster, clusterSize, 'data'), offset, sole, found)
}

async function useTable(
  map: ClusterMap,
  index: number,
  use: ClusterUse,
  found: Findings,
): Promise<void> {
  const spot = await map.tableAt(index)
  if (spot.table === 0 || spot.found !== undefined) return
  noteUse(use.add(spot.table, map.clusterSize, 'metadata'), index * map.tableSpan, true, found)
}

/** Data may be in one place for two clusters, unless the table says that nobody else refers to it. */
function noteUse(shared: Use | undefined, offset: number, sole: boolean, found: Findings): void {
  if (shared === undefined) return
  if (shared === 'metadata') {
    const message = 'A cluster of the disk lies where header or tables are'
    found.add('cluster-in-metadata', 'corruption', message, { offset })
  } else if (sole) {
    const message = 'Two clusters of the disk lie in the same place of the file'
    found.add('cluster-shared', 'corruption', message, { offset })
  }
}

/** Marks what is neither data nor a table of level 2. */
async function useMetadata(image: CheckedImage, use: ClusterUse, found: Findings): Promise<void> {
  const { path, header, file, length, map } = image
  const { clusterSize } = map
  use.add(0, clusterSize, 'metadata')
  const places = [
    { offset: header.l1.offset, length: header.l1.count * ENTRY_SIZE, what: 'table of level 1' },
    {
      offset: header.refcounts.offset,
      length: header.refcounts.count * clusterSize,
      what: 'refcount table',
    },
  ]
  try {
    const { tableLength } = await readSnapshots(file, length, header.snapshots, path)
    places.push({ offset: header.snapshots.offset, length: tableLength, what: 'snapshot table' })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    found.add('table-damaged', 'corruption', message)
  }
  for (const place of places) {
    if (place.length === 0) continue
    const details = { offset: place.offset, length: place.length }
    if (place.offset + place.length > alignUp(length, clusterSize)) {
      found.add(
        'table-damaged',
        'corruption',
        `The ${place.what} passes the end of the file`,
        details,
      )
    } else if (use.add(place.offset, place.length, 'metadata') !== undefined) {
      found.add('table-damaged', 'corruption', `The ${place.what} lies on another one`, details)
    }
  }
  await useRefcountBlocks(image, use, found)
}

async function useRefcountBlocks(
  { header, file, length, map }: CheckedImage,
  use: ClusterUse,
  found: Findings,
): Promise<void> {
  const { clusterSize } = map
  const end = Math.min(header.refcounts.offset + header.refcounts.count * clusterSize, length)
  const page = new DataView(new ArrayBuffer(clusterSize))
  for (let at = header.refcounts.offset; at < end; at += clusterSize) {
    await file.read(new Uint8Array(page.buffer), at)
    for (let entry = 0; entry < clusterSize && at + entry < end; entry += ENTRY_SIZE) {
      const block = readOffset(page, entry)
      if (block === 0) continue
      const sound = block % clusterSize === 0 && block < length
      if (sound && use.add(block, clusterSize, 'metadata') === undefined) continue
      const message = 'A refcount block lies outside of the file, or on something else'
      found.add('table-damaged', 'corruption', message, { offset: block })
    }
  }
}

/** One finding for each thing that is wrong, however often. */
class Findings {
  private readonly byMessage = new Map<string, { finding: Finding; times: number }>()

  constructor(private readonly path: string) {}

  add(
    code: FindingCode,
    severity: FindingSeverity,
    message: string,
    details: Readonly<Record<string, number>> = {},
  ): void {
    const key = code === 'table-damaged' ? message : code
    const known = this.byMessage.get(key)
    if (known !== undefined) {
      known.times += 1
      return
    }
    const finding = { code, severity, message, details: { path: this.path, ...details } }
    this.byMessage.set(key, { finding: { ...finding, repaired: false }, times: 1 })
  }

  list(): Finding[] {
    return [...this.byMessage.values()].map(({ finding, times }) => {
      const { offset } = finding.details
      const where = offset === undefined ? '' : `, first at byte ${String(offset)}`
      const message =
        times === 1 ? finding.message : `${finding.message}${where} (${String(times)} times)`
      return { ...finding, message, details: { ...finding.details, times } }
    })
  }
}
