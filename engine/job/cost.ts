import { type ByteRange, clipRange, rangeEnd } from '../base/byte-range'
import { andThen, type MaybePromise } from '../base/maybe-promise'
import type { DiskExtent, Layer, LayerExtent } from '../format/layer'
import { type Disk, isWritable } from '../image/disk'
import type { Cost } from '../model/job'

/** What the jobs that a disk can have would cost; see MeasureResult. */
export interface Costs {
  readonly flatten?: Cost
  readonly commit?: Cost
  readonly export: Cost
}

/**
 * Walks a disk once for what flatten, commit and export would cost. `passed` is called at every run
 * with its offset.
 */
export async function costsOf(
  disk: Disk,
  passed: (offset: number) => MaybePromise<void> = () => undefined,
): Promise<Costs> {
  const [top, base] = disk.layers
  let [own, below, newInBase] = [0, 0, 0]
  const count = (extent: DiskExtent & ByteRange): MaybePromise<void> => {
    if (extent.content === 'zero') return undefined
    if (extent.depth !== 0) {
      below += extent.length
      return undefined
    }
    own += extent.length
    if (base === undefined) return undefined
    return andThen(bytesStored(base, extent), (stored) => {
      newInBase += extent.length - stored
    })
  }
  await disk.walk((extent) => {
    const pause = passed(extent.offset)
    return pause instanceof Promise ? pause.then(() => count(extent)) : count(extent)
  })
  const all = { bytesToCopy: own + below, spaceNeeded: own + below, spaceFreed: 0 }
  if (top === undefined || top.format === 'raw' || !isWritable(top)) return { export: all }
  const flatten = { bytesToCopy: below, spaceNeeded: below, spaceFreed: 0 }
  if (base === undefined || !isWritable(base)) return { flatten, export: all }
  const spaceFreed = await bytesOnHost(top)
  const commit = { bytesToCopy: own, spaceNeeded: newInBase, spaceFreed }
  return { flatten, commit, export: all }
}

/** What a commit of the top of a disk costs. */
export async function costOfCommit(disk: Disk): Promise<Cost> {
  const { commit } = await costsOf(disk)
  return commit ?? { bytesToCopy: 0, spaceNeeded: 0, spaceFreed: 0 }
}

/** Blocks of the host that the image file takes. */
async function bytesOnHost(layer: Layer): Promise<number> {
  const data = layer.files.filter(({ role }) => role === 'data')
  const stats = await Promise.all(data.map(({ file }) => file.stat()))
  return stats.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0)
}

/** Bytes of a range that a layer holds itself: to write over them takes no space. */
function bytesStored(layer: Layer, range: ByteRange, counted = 0): MaybePromise<number> {
  const inside = clipRange(range, layer.size)
  let bytes = counted
  for (let at = inside.offset; at < rangeEnd(inside);) {
    const answer = layer.extentAt({ offset: at, length: rangeEnd(inside) - at })
    if (answer instanceof Promise) {
      const from = at
      const before = bytes
      return answer.then((extent) => {
        const offset = from + extent.length
        const rest = { offset, length: rangeEnd(inside) - offset }
        return bytesStored(layer, rest, before + bytesOf(extent))
      })
    }
    bytes += bytesOf(answer)
    at += answer.length
  }
  return bytes
}

function bytesOf({ allocated, content, length }: LayerExtent): number {
  return allocated && content === 'data' ? length : 0
}
