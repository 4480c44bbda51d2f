import { giveTurn } from '../../base/event-loop'
import { type ClusterMap, sameAllocation } from './cluster-map'

/** Bytes of the disk that the tables decide; what is damaged does not count. */
export async function countAllocated(map: ClusterMap, size: number): Promise<number> {
  let bytes = 0
  for (let at = 0; at < size;) {
    const turn = giveTurn()
    if (turn !== undefined) await turn
    const answer = map.at(at, size)
    const first = answer instanceof Promise ? await answer : answer
    const end = first.kind === 'damaged' ? first.end : await endOfRun(map, at, size)
    if (first.kind !== 'damaged' && first.kind !== 'unallocated') bytes += end - at
    at = end
  }
  return bytes
}

async function endOfRun(map: ClusterMap, offset: number, size: number): Promise<number> {
  return (await map.runAt({ offset, length: size - offset }, sameAllocation)).end
}
