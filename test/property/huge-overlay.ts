/*
 * A 16 TiB overlay on the real host, in a process of its own: made, opened, written to at random,
 * flushed and closed. Prints what the process's memory grew by. Argument: an empty folder.
 */
import { join } from 'node:path'
import { MIB, SECTOR_SIZE, TIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { inspectImage } from '../../engine/image/inspect'
import { runJob } from '../../engine/job/jobs'
import { unwatched } from '../support/disks'
import { Random } from '../support/random'

/** A block less than 16 TiB: no file of ext4 can be longer. */
const SIZE = 16 * TIB - 4096
const WRITES = 100_000
/** Enough for the compiler to have seen everything, and for a cache that was full once. */
const WARM_UP = { size: TIB, writes: 2000 }

const [folder = ''] = process.argv.slice(2)
const random = new Random(16)
const buffer = random.bytes(4096)
let peak = 0

function notePeak(): number {
  const { rss } = process.memoryUsage()
  peak = Math.max(peak, rss)
  return rss
}

async function makeAndWrite(name: string, size: number, writes: number): Promise<void> {
  const path = join(folder, `${name}.add-cow`)
  const names = { path, imageFile: `${name}.raw` }
  await runJob(nodeHost, { kind: 'create', ...names, format: 'add-cow', size }, unwatched)
  const disk = await openDisk(nodeHost, path, { writable: true })
  for (let done = 0; done < writes; done += 1) {
    const length = SECTOR_SIZE * random.between(1, 8)
    const offset = 4096 * random.below(size / 4096)
    await disk.write(buffer.subarray(0, length), offset)
    if (done % 256 === 0) notePeak()
  }
  await disk.flush()
  await disk.close()
  notePeak()
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  console.log(`${what}: ${(performance.now() - start).toFixed(1)} ms`)
  return result
}

await makeAndWrite('warm-up', WARM_UP.size, WARM_UP.writes)
const before = notePeak()
peak = before
await timed(`${String(WRITES)} random writes to 16 TiB`, () => makeAndWrite('huge', SIZE, WRITES))
await timed('info on it', () => inspectImage(nodeHost, join(folder, 'huge.add-cow')))
const sparse = join(folder, 'warm-up.add-cow')
await timed('info on a sparse one', () => inspectImage(nodeHost, sparse))
const mib = (bytes: number): string => ((bytes - before) / MIB).toFixed(1)
console.log(`peak growth: ${mib(peak)} MiB, at the end ${mib(notePeak())} MiB`)
