import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { divCeil, GIB, KIB } from '../../../engine/base/units'
import { fillBits } from '../../../engine/format/overlay/bits'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import type { CheckResult } from '../../../engine/model/image'
import { checkDisk, unwatched } from '../../support/disks'
import type { FileSystemState } from '../../support/host-log'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { describeNeeding, linux, program } from '../../support/requires'
import { SimulatedHost } from '../../support/simulated-host'
import type { SparseBytes } from '../../support/sparse-bytes'
import { temporaryFolder } from '../../support/temporary-folder'

const BLOCK = 4 * KIB

/** An overlay whose bits and image file often say the same, and often do not. */
function randomCase(seed: number): FileSystemState {
  const random = new Random(seed)
  const layout = random.pick(['add-cow', 'acow'] as const)
  const clusterSize = layout === 'acow' ? random.pick([BLOCK, 4 * BLOCK]) : 512
  const size = random.between(1, 1500) * 512
  const state = newOverlay(
    { layout, clusterSize, size, base: { length: size, data: [{ offset: 0, length: size }] } },
    random,
  )
  const [metadata, image, base] = [OVERLAY_PATH, IMAGE_PATH, BASE_PATH].map((path) =>
    fileAt(state, path),
  )
  const bitmap = layout === 'acow' ? BLOCK : 2560
  const clusters = divCeil(size, clusterSize)
  const bits = new Uint8Array(divCeil(clusters, 8))
  for (let at = 0; at < clusters;) {
    const count = Math.min(clusters - at, random.pick([1, 3, 8, 40, 300]))
    const range = { offset: at * clusterSize, length: Math.min(count * clusterSize, size - at) }
    const isSet = random.chance(0.5)
    fillBits(bits, at, count, isSet)
    const kind = random.below(8)
    const end = Math.min(size, range.offset + count * clusterSize)
    const data = random.bytes(end - range.offset)
    if (kind === 0) image?.write(data.subarray(0, random.between(1, data.length)), range.offset)
    else if (isSet !== (kind === 1)) image?.write(data, range.offset)
    at += count
  }
  metadata?.write(bits, bitmap)
  // the flag that all is allocated, whatever the bits say
  if (layout === 'acow' && random.chance(0.2)) metadata?.write(Uint8Array.of(1), 32)
  if (random.chance(0.2)) image?.truncate(random.below(size))
  if (random.chance(0.3)) base?.truncate(random.below(size))
  return state
}

function fileAt(state: FileSystemState, path: string): SparseBytes | undefined {
  return state.files.get(state.names.get(path) ?? -1)
}

describe('a check that asks for all data in a range in one go', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'finds what one finds that goes from run to run: seed %d',
    async (seed) => {
      const state = randomCase(seed)
      const check = (tellsDataIn: boolean): Promise<CheckResult> =>
        checkDisk(new SimulatedHost(state, { tellsDataIn }), OVERLAY_PATH, 'none')
      expect(await check(true)).toEqual(await check(false))
    },
  )

  test('finds both, and nothing, among them', async () => {
    const found = new Set<string>()
    for (let seed = 0; seed < 60; seed += 1) {
      const host = new SimulatedHost(randomCase(seed))
      const { findings } = await checkDisk(host, OVERLAY_PATH, 'none')
      found.add(findings.map(({ code }) => code).join(' '))
    }
    expect(found).toContain('')
    expect(found).toContain('allocated-hole data-unallocated')
  })
})

/** Where pieces of data lie: across each border of a window, and here and there. */
function places(random: Random, size: number): { offset: number; length: number }[] {
  const unit = 128 * KIB
  const found = []
  for (let at = 0; at < size; at += 4 * GIB) {
    if (at > 0) found.push({ offset: at - 3 * unit, length: random.between(4, 9) * unit })
    for (let n = 1; n < 6; n += 1) {
      const offset = at + n * 512 * 1024 * KIB + random.below(100) * unit
      found.push({ offset, length: random.between(1, 3) * unit })
    }
  }
  return found.filter(({ offset, length }) => offset + length <= size)
}

/** An overlay of several windows on a base that has data in all of its places. */
async function makeWide(
  folder: string,
  format: 'add-cow' | 'acow',
  pieces: readonly { offset: number; length: number }[],
  size: number,
): Promise<string> {
  const path = join(folder, 'x.add-cow')
  const base = fs.openSync(join(folder, 'base.raw'), 'w')
  fs.ftruncateSync(base, size)
  for (const { offset } of pieces)
    fs.writeSync(base, new Uint8Array(BLOCK).fill(1), 0, BLOCK, offset)
  fs.closeSync(base)
  const request = { kind: 'create', path, format, imageFile: 'x.raw', size } as const
  await runJob(nodeHost, { ...request, backingFile: 'base.raw' }, unwatched)
  const disk = await openDisk(nodeHost, path, { writable: true })
  for (const { offset, length } of pieces) {
    await disk.write(new Uint8Array(length).fill(2), offset)
  }
  await disk.close()
  return path
}

describeNeeding([linux, program('fallocate')], 'a check of a disk of several windows', () => {
  const size = 13 * GIB + 512

  test.each(['add-cow', 'acow'] as const)(
    'finds what is wrong in any of them: %s',
    async (format) => {
      const folder = temporaryFolder()
      const image = join(folder, 'x.raw')
      const pieces = places(new Random(5), size)
      const path = await makeWide(folder, format, pieces, size)
      const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
      const clusterSize = format === 'acow' ? 64 * KIB : 512
      const sound = await checkDisk(nodeHost, path, 'none')
      expect(sound.findings).toEqual([])
      expect(sound.allocatedClusters).toBe(bytes / clusterSize)

      for (const [index, { offset, length }] of pieces.entries()) {
        const isLeak = index % 2 === 0
        const damaged = isLeak ? offset + length + 128 * KIB : offset
        if (isLeak) {
          const fd = fs.openSync(image, 'r+')
          fs.writeSync(fd, new Uint8Array(BLOCK), 0, BLOCK, damaged)
          fs.closeSync(fd)
        } else {
          execFileSync('fallocate', ['-p', '-o', String(damaged), '-l', String(BLOCK), image])
        }
        const { findings, allocatedClusters } = await checkDisk(nodeHost, path, 'none')
        expect(allocatedClusters).toBe(sound.allocatedClusters)
        const code = isLeak ? 'data-unallocated' : 'allocated-hole'
        expect(findings.map((finding) => [finding.code, finding.details['bytes']])).toEqual([
          [code, BLOCK],
        ])
        if (isLeak) await checkDisk(nodeHost, path, 'leaks')
        else {
          const disk = await openDisk(nodeHost, path, { writable: true })
          await disk.write(new Uint8Array(BLOCK).fill(2), damaged)
          await disk.close()
        }
      }
    },
  )
})

describeNeeding([linux], 'the data of a range', () => {
  test.each([1, 2, 3, 4, 5, 6])('lies where run after run says: seed %d', async (seed) => {
    const random = new Random(seed)
    const path = join(temporaryFolder(), 'file')
    const fd = fs.openSync(path, 'w')
    // up to several answers of the host long
    const count = random.pick([3, 100, 5000])
    for (let n = 0; n < count; n += 1) {
      const length = random.between(1, 3 * BLOCK)
      fs.writeSync(fd, new Uint8Array(length), 0, length, (4 * n + random.below(2)) * BLOCK)
    }
    fs.ftruncateSync(fd, random.between(1, 4 * count * BLOCK))
    if (random.chance(0.5)) fs.fsyncSync(fd)
    fs.closeSync(fd)
    const file = await nodeHost.open(path, { access: 'read' })
    const { size } = await file.stat()
    for (let n = 0; n < 20; n += 1) {
      const offset = n === 0 ? 0 : random.below(size + BLOCK)
      const length = n === 0 ? size + BLOCK : random.between(1, size)
      const expected: number[] = []
      for (let at = offset; at < offset + length;) {
        const { data, end } = await file.dataAt(at)
        if (data) expected.push(at, Math.min(end, offset + length))
        at = end
      }
      expect([...((await file.dataIn?.({ offset, length })) ?? [])]).toEqual(expected)
    }
    await file.close()
  })

  test('is not told where room was given that may have been used in part', async () => {
    const path = join(temporaryFolder(), 'file')
    fs.writeFileSync(path, new Uint8Array(BLOCK))
    execFileSync('fallocate', ['-o', String(BLOCK), '-l', String(BLOCK), path])
    const file = await nodeHost.open(path, { access: 'read' })
    expect(await file.dataIn?.({ offset: 0, length: 2 * BLOCK })).toBeUndefined()
    expect(await file.dataIn?.({ offset: 0, length: BLOCK })).toEqual(Float64Array.of(0, BLOCK))
    await file.close()
  })

  test('is not told of a file that is written to', async () => {
    const path = join(temporaryFolder(), 'file')
    fs.writeFileSync(path, new Uint8Array(BLOCK))
    const file = await nodeHost.open(path, { access: 'write' })
    expect(await file.dataIn?.({ offset: 0, length: BLOCK })).toBeUndefined()
    await file.close()
  })
})
