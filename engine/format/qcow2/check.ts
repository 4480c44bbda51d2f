import { EngineError } from '../../base/errors'
import { giveTurn } from '../../base/event-loop'
import type { MaybePromise } from '../../base/maybe-promise'
import { divCeil } from '../../base/units'
import type { CheckResult } from '../../model/image'
import { type CheckedImage, useMetadata } from './check-metadata'
import type { ClusterMap, Mapping } from './cluster-map'
import { ClusterUse, type Use } from './cluster-use'
import { Findings } from './findings'

export interface TableCheckOptions {
  readonly signal: AbortSignal
  /**
   * Called now and then with the bytes of the virtual size looked at; the check rests for as long
   * as what it returns.
   */
  readonly report: (current: number) => MaybePromise<void>
}

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
      await report(at)
      if (signal.aborted) throw cancelled(path)
      reported = at + size / 100
    }
    const turn = giveTurn()
    if (turn !== undefined) await turn
    if (at % map.tableSpan === 0) await useTable(map, at / map.tableSpan, use, found)
    const answer = map.at(at, size)
    const mapping = answer instanceof Promise ? await answer : answer
    if (mapping.kind === 'damaged') {
      found.add('entry-damaged', 'corruption', mapping.found, { offset: at })
    } else if (mapping.kind !== 'unallocated') {
      allocated += mapping.end - at
      if (!isApart) useClusters(map, mapping, at, use, found)
    }
    at = mapping.end
  }
  return allocated
}

function cancelled(path: string): EngineError {
  const message = `The check of ${path} was cancelled`
  return new EngineError('job/cancelled', message, {}, { state: 'unchanged' })
}

/** Marks the clusters of a run; one in parts is marked by its first that has data. */
function useClusters(
  { clusterSize }: ClusterMap,
  { kind, end, host, compressedLength, sole }: Mapping,
  offset: number,
  use: ClusterUse,
  found: Findings,
): void {
  if (kind === 'compressed') noteUse(use.add(host, compressedLength, 'packed'), offset, true, found)
  if (kind !== 'data') return
  const inCluster = host % clusterSize
  const cluster = host - inCluster
  if (inCluster > 0 && use.latest === cluster) return
  const start = offset - inCluster
  use.add(cluster, end - start, 'data', (before, into) => {
    noteUse(before, Math.max(start + into, offset), sole, found)
  })
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

/** Two clusters may have their data in one place, unless an entry says that it has it alone. */
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
