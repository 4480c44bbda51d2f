import { execFile, execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { splitRange } from '../../engine/base/byte-range'
import { nodeHost, openDisk } from '../../engine/index'
import type { Contest } from './harness'

const run = promisify(execFile)
const MIB = 1024 * 1024

/** One disk as qcow2, in several ways. */
const KINDS = [
  { name: 'plain', goal: 1, options: ['-o', 'cluster_size=64k'] },
  { name: 'zlib', goal: 1, options: ['-c', '-o', 'compression_type=zlib'] },
  { name: 'zstd', goal: 1, options: ['-c', '-o', 'compression_type=zstd'] },
] as const

/**
 * Reading a qcow2 image from end to end into memory, by us and by qemu-img, which throws it away
 * (null-co). Ours is measured within this process, without the start of a program; it is small
 * against the work.
 */
export function qcow2Contests(directory: string, size: number): Contest[] {
  const raw = join(directory, 'qcow2-base.raw')
  makeDisk(raw, size)
  return KINDS.map(({ name, goal, options }) => {
    const image = join(directory, `${name}.qcow2`)
    execFileSync('qemu-img', ['convert', '-O', 'qcow2', ...options, raw, image])
    const target = `driver=null-co,size=${String(size)}`
    return {
      name: `read qcow2, ${name}`,
      peer: 'qemu-img convert',
      goal,
      prepare: () => Promise.resolve(),
      ours: () => readAll(image),
      theirs: async () => {
        await run('qemu-img', ['convert', '-n', '--target-image-opts', image, target])
      },
    }
  })
}

/** Reads all that is not known to be zero, as qemu-img does. */
async function readAll(image: string): Promise<void> {
  const disk = await openDisk(nodeHost, image, { writable: false })
  const buffer = new Uint8Array(MIB)
  for await (const extent of disk.extents()) {
    if (extent.content === 'zero') continue
    for (const { offset, length } of splitRange(extent, MIB)) {
      await disk.read(buffer.subarray(0, length), offset)
    }
  }
  await disk.close()
}

/** Half of it holes; of the rest a quarter random, and the other text that compresses by half. */
function makeDisk(path: string, size: number): void {
  const fd = openSync(path, 'w')
  const random = Buffer.alloc(MIB)
  const text = Buffer.alloc(MIB)
  for (let at = 0; at < size; at += MIB) {
    if (Math.floor(at / (16 * MIB)) % 2 === 1) continue
    randomFillSync(random)
    for (let index = 0; index < MIB; index += 1) text[index] = 97 + ((random[index] ?? 0) % 16)
    writeSync(fd, (at / MIB) % 4 === 0 ? random : text, 0, MIB, at)
  }
  ftruncateSync(fd, size)
  closeSync(fd)
}
