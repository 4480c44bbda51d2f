import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { nodeHost, openDisk, runJob } from '../../engine/index'

const KIB = 1024
const MIB = 1024 * KIB
const SLOT = 128 * KIB

/** The same disk twice: an add-cow overlay and a qcow2 overlay on one raw base. */
export interface Twins {
  readonly directory: string
  readonly addCow: string
  readonly image: string
  readonly qcow2: string
}

/**
 * Makes them: a base whose data comes in pieces of 16 MiB, half of it holes, and an overlay with an
 * eighth of the disk in pieces of 64 to 128 KiB at places that a fixed seed chooses. `size` is
 * bytes.
 */
export async function makeTwins(directory: string, size: number): Promise<Twins> {
  const twins = {
    directory,
    addCow: join(directory, 'x.add-cow'),
    image: join(directory, 'x.raw'),
    qcow2: join(directory, 'twin.qcow2'),
  }
  makeBase(join(directory, 'base.raw'), size)
  const control = { signal: new AbortController().signal, report: () => undefined }
  const request = {
    kind: 'create',
    path: twins.addCow,
    format: 'add-cow',
    imageFile: 'x.raw',
    backingFile: 'base.raw',
  } as const
  await runJob(nodeHost, request, control)
  const create = ['create', '-q', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', twins.qcow2]
  execFileSync('qemu-img', create, { cwd: directory })

  const commands: string[] = []
  const disk = await openDisk(nodeHost, twins.addCow, { writable: true })
  const buffer = Buffer.alloc(SLOT)
  for (const { offset, length, byte } of pieces(size)) {
    buffer.fill(byte, 0, length)
    await disk.write(buffer.subarray(0, length), offset)
    commands.push(`write -q -P ${String(byte)} ${String(offset)} ${String(length)}`)
  }
  await disk.close()
  const input = `${commands.join('\n')}\nflush\n`
  execFileSync('qemu-io', ['-f', 'qcow2', twins.qcow2], {
    input,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  return twins
}

function makeBase(path: string, size: number): void {
  const fd = openSync(path, 'w')
  const buffer = Buffer.alloc(MIB)
  for (let at = 0; at < size; at += MIB) {
    if (Math.floor(at / (16 * MIB)) % 2 === 1) continue
    randomFillSync(buffer)
    writeSync(fd, buffer, 0, MIB, at)
  }
  ftruncateSync(fd, size)
  closeSync(fd)
}

function* pieces(size: number): Generator<{ offset: number; length: number; byte: number }> {
  let state = 42
  const random = (limit: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * limit)
  }
  const used = new Set<number>()
  for (let total = 0; total < size / 8;) {
    const slot = random(size / SLOT)
    if (used.has(slot)) continue
    used.add(slot)
    const length = 64 * KIB + 512 * random(129)
    total += length
    yield { offset: slot * SLOT, length, byte: 1 + random(255) }
  }
}

/** A copy that shares blocks where the file system can. */
export function copy(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', '--reflink=auto', from, to])
}
