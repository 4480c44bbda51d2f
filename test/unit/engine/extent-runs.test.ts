import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alignDown, MIB } from '../../../engine/base/units'
import { ENDLESS, type DataRun, type HostFile } from '../../../engine/host/host'
import { linuxCalls } from '../../../engine/host/linux-calls'
import { nodeHost } from '../../../engine/host/node-host'
import { Random } from '../../support/random'
import { describeNeeding, linux, program } from '../../support/requires'
import { temporaryFolder } from '../../support/temporary-folder'

const BLOCK = 4096

/** Data, room without data, and holes, side by side; much of it not yet on the device. */
function makeFile(path: string, random: Random, pieces: number): void {
  const size = pieces * 16 * BLOCK + random.below(BLOCK)
  const fd = fs.openSync(path, 'w')
  fs.ftruncateSync(fd, size)
  const place = (): { offset: number; length: number } => {
    const offset = random.below(size)
    return { offset, length: random.between(1, Math.min(size - offset, 24 * BLOCK)) }
  }
  const allocate = (...args: string[]): unknown => execFileSync('fallocate', [...args, path])
  for (let n = 0; n < pieces; n += 1) {
    const { offset, length } = place()
    const range = ['-o', String(offset), '-l', String(length)]
    const kind = random.below(16)
    if (kind === 0) allocate(...range)
    else if (kind === 1) allocate('-p', ...range)
    else fs.writeSync(fd, new Uint8Array(length).fill(1), 0, length, offset)
    if (random.chance(1 / pieces)) fs.fsyncSync(fd)
  }
  // room behind the end
  allocate('-n', '-o', String(size), '-l', String(MIB))
  fs.closeSync(fd)
}

/** What lseek(2) says. */
function truth(fd: number, offset: number): DataRun {
  const calls = linuxCalls()
  if (calls === undefined) throw new Error('not Linux')
  const end = calls.seekHole(fd, offset)
  if (end !== undefined && end > offset) return { data: true, end }
  return { data: false, end: calls.seekData(fd, offset) ?? ENDLESS }
}

async function withReader(
  path: string,
  use: (file: HostFile, fd: number) => Promise<void> | void,
): Promise<void> {
  const fd = fs.openSync(path, 'r')
  const file = await nodeHost.open(path, { access: 'read' })
  try {
    await use(file, fd)
  } finally {
    await file.close()
    fs.closeSync(fd)
  }
}

describeNeeding([linux, program('fallocate')], 'the runs of a file that is only read', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('are those of lseek: seed %d', async (seed) => {
    const random = new Random(seed)
    const path = join(temporaryFolder(), 'file')
    makeFile(path, random, random.pick([1, 20, 150]))
    await withReader(path, async (file, fd) => {
      const { size } = fs.fstatSync(fd)
      const found: [number, DataRun][] = []
      for (let at = 0; at < size + 3 * BLOCK;) {
        const run = await file.dataAt(at)
        found.push([at, run])
        at = run.end
      }
      expect(found).toEqual(found.map(([at]) => [at, truth(fd, at)]))
      // here and there, forward by chance and back, up to behind the end
      for (let n = 0; n < 300; n += 1) {
        const at = random.below(size + 3 * BLOCK)
        const offset = random.chance(0.5) ? at : alignDown(at, BLOCK)
        expect(await file.dataAt(offset), `at ${String(offset)}`).toEqual(truth(fd, offset))
      }
    })
  })

  test('are those of lseek where room was given and in part used', async () => {
    const path = join(temporaryFolder(), 'file')
    const fd = fs.openSync(path, 'w')
    fs.ftruncateSync(fd, 65 * BLOCK - 100)
    execFileSync('fallocate', ['-o', String(16 * BLOCK), '-l', String(16 * BLOCK), path])
    execFileSync('fallocate', ['-n', '-o', String(65 * BLOCK), '-l', String(MIB), path])
    const write = (block: number, length: number): unknown =>
      fs.writeSync(fd, new Uint8Array(length).fill(1), 0, length, block * BLOCK)
    write(12, 10 * BLOCK)
    write(30, 4 * BLOCK)
    write(64, BLOCK - 100)
    await withReader(path, async (file, reader) => {
      const blocks = Array.from({ length: 70 }, (_, block) => block * BLOCK)
      for (const at of [...blocks, 65 * BLOCK - 101, 65 * BLOCK - 100, 65 * BLOCK - 50]) {
        expect(await file.dataAt(at), `at ${String(at)}`).toEqual(truth(reader, at))
        // as if nothing had been asked before
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    fs.closeSync(fd)
  })

  test('are those of lseek where thousands lie in a row', async () => {
    const path = join(temporaryFolder(), 'file')
    const fd = fs.openSync(path, 'w')
    const count = 3000
    for (let n = 0; n < count; n += 1)
      fs.writeSync(fd, new Uint8Array(BLOCK), 0, BLOCK, 3 * BLOCK * n)
    fs.closeSync(fd)
    await withReader(path, async (file) => {
      for (let n = 0; n < count; n += 1) {
        const at = 3 * BLOCK * n
        const next = n + 1 < count ? at + 3 * BLOCK : ENDLESS
        expect(await file.dataAt(at)).toEqual({ data: true, end: at + BLOCK })
        expect(await file.dataAt(at + BLOCK)).toEqual({ data: false, end: next })
      }
    })
  })
})
