import { execFileSync } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  openSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { GIB, KIB, MIB } from '../../../engine/base/units'
import type { DirectFile } from '../../../engine/host/host'
import { nodeHost } from '../../../engine/host/node-host'
import { Random } from '../../support/random'
import { describeNeeding, linux, program } from '../../support/requires'
import { temporaryFolder } from '../../support/temporary-folder'

const TMPFS = 0x01021994

/** What was read or written can be taken out of the host's memory again. */
function onDevice(): string | undefined {
  return statfsSync(tmpdir()).type === TMPFS ? 'temporary files lie in memory' : undefined
}

function written(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, bytes)
  return path
}

async function directOf(path: string): Promise<DirectFile> {
  const file = await nodeHost.open(path, { access: 'read' })
  onTestFinished(() => file.close())
  if (file.direct === undefined) throw new Error('the host has none of it')
  return file.direct
}

/** Takes a file out of the host's memory. */
function forget(path: string): void {
  const fd = openSync(path, 'r+')
  fsyncSync(fd)
  closeSync(fd)
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
}

describeNeeding([linux, program('dd'), onDevice], 'what is in memory', () => {
  test('is told of every range', async () => {
    const path = written(new Random(1).bytes(8 * MIB))
    const direct = await directOf(path)
    expect(direct.inMemory({ offset: 4 * MIB, length: 4 * MIB })).toBe(true)
    expect(direct.inMemory({ offset: 4095, length: 2 })).toBe(true)
    forget(path)
    expect(direct.inMemory({ offset: 4095, length: 2 })).toBe(false)
    direct.readNow(new Uint8Array(64 * KIB), 0)
    expect(direct.inMemory({ offset: 0, length: 64 * KIB })).toBe(true)
    expect(direct.inMemory({ offset: 5, length: 30 * KIB })).toBe(true)
    // what the host reads ahead ends somewhere before this
    expect(direct.inMemory({ offset: 4 * MIB, length: 1 })).toBe(false)
    expect(direct.inMemory({ offset: 60 * KIB, length: 4 * MIB })).toBe(false)
  })

  test('ends with the file, and is told far behind its start', async () => {
    const path = written(new Random(2).bytes(100 * KIB))
    const direct = await directOf(path)
    expect(direct.inMemory({ offset: 64 * KIB, length: 36 * KIB })).toBe(true)
    expect(direct.inMemory({ offset: 64 * KIB, length: 64 * KIB })).toBe(false)
    const far = 5 * GIB - 8 * KIB
    truncateSync(path, 6 * GIB)
    expect(direct.inMemory({ offset: far, length: 16 * KIB })).toBe(false)
    // also a hole comes into memory when it is read, and here across the end of what is mapped
    direct.readNow(new Uint8Array(16 * KIB), far)
    expect(direct.inMemory({ offset: far, length: 16 * KIB })).toBe(true)
    expect(direct.inMemory({ offset: 0, length: 64 * KIB })).toBe(true)
  })
})

describeNeeding(linux, 'a file that the host knows at once', () => {
  test('is a hole where nothing is stored, and only there', async () => {
    const path = written(new Random(3).bytes(MIB))
    truncateSync(path, 4 * MIB)
    const direct = await directOf(path)
    expect(direct.isHole({ offset: MIB, length: 3 * MIB })).toBe(true)
    expect(direct.isHole({ offset: MIB, length: 9 * MIB })).toBe(true)
    expect(direct.isHole({ offset: MIB - 512, length: MIB })).toBe(false)
    expect(direct.isHole({ offset: 0, length: MIB })).toBe(false)
    const fd = openSync(path, 'r+')
    writeSync(fd, 'x', 3 * MIB)
    closeSync(fd)
    expect(direct.isHole({ offset: 2 * MIB, length: MIB })).toBe(true)
    expect(direct.isHole({ offset: 2 * MIB, length: MIB + 1 })).toBe(false)
  })

  test('reads at once, and zeros behind its end', async () => {
    const bytes = new Random(4).bytes(100_000)
    const direct = await directOf(written(bytes))
    const target = new Uint8Array(20_000).fill(9)
    direct.readNow(target, 90_000)
    expect(Buffer.from(target).equals(Buffer.concat([bytes.subarray(90_000)], 20_000))).toBe(true)
  })

  test('sends nothing where the socket is none', async () => {
    const path = written(new Random(5).bytes(MIB))
    const direct = await directOf(path)
    const fd = openSync(path, 'r')
    closeSync(fd)
    expect(direct.send(fd, { offset: 0, length: MIB })).toBe(0)
  })
})
