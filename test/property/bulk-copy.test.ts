import fc from 'fast-check'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import type { CopyPiece, HostFile } from '../../engine/host/host'
import { nodeHost } from '../../engine/host/node-host'
import { Random } from '../support/random'

const BLOCK = 4 * KIB
/** What the file system may need to keep track of the file. */
const OWN_BLOCKS = 8
const SIZE = 6 * MIB + 700

/** Pieces as overlays have them: whole sectors, at times many in a block, at times windows long. */
function pickPieces(random: Random, sources: readonly HostFile[]): CopyPiece[] {
  const pieces: CopyPiece[] = []
  const sector = (limit: number): number => 512 * random.below(limit / 512)
  for (let at = sector(random.pick([512, BLOCK, MIB])); ;) {
    const length = random.pick([512, BLOCK, 512 + sector(200 * KIB), 512 + sector(3 * MIB)])
    const source = random.pick(sources)
    if (at + length > SIZE) return pieces
    const sourceOffset = random.chance(0.7) ? at : sector(SIZE)
    pieces.push({ source, sourceOffset, offset: at, length })
    at += length + (random.chance(0.4) ? 0 : sector(random.pick([512, BLOCK, 100 * KIB, MIB])))
  }
}

/** What the file must hold afterwards. */
function expectedCopy(
  before: Buffer,
  pieces: readonly CopyPiece[],
  contents: ReadonlyMap<HostFile, Uint8Array>,
): Buffer {
  const last = pieces.at(-1)
  const length = Math.max(before.length, last === undefined ? 0 : last.offset + last.length)
  const after = Buffer.alloc(length)
  after.set(before)
  for (const { source, sourceOffset, offset, length: count } of pieces) {
    const part = (contents.get(source) ?? before).subarray(sourceOffset, sourceOffset + count)
    after.fill(0, offset, offset + count)
    after.set(part, offset)
  }
  return after
}

async function tryCopy(folder: string, seed: number): Promise<void> {
  const random = new Random(seed)
  const open: HostFile[] = []
  const contents = new Map<HostFile, Uint8Array>()
  for (const name of ['a', 'b']) {
    const bytes = random.bytes(random.between(1, SIZE))
    writeFileSync(join(folder, name), bytes)
    const file = await nodeHost.open(join(folder, name), { access: 'read' })
    contents.set(file, bytes)
    open.push(file)
  }
  const path = join(folder, 'target')
  rmSync(path, { force: true })
  const garbage = random.chance(0.5)
  writeFileSync(path, garbage ? random.bytes(random.between(1, SIZE)) : Buffer.alloc(0))
  if (!garbage) truncateSync(path, random.below(SIZE))
  const before = readFileSync(path)
  const target = await nodeHost.open(path, { access: 'write' })
  open.push(target)

  const pieces = pickPieces(random, [...contents.keys()])
  await target.copyFrom(pieces)
  await target.sync()
  expect(readFileSync(path).equals(expectedCopy(before, pieces, contents))).toBe(true)
  if (!garbage) {
    const blocks = blocksOf(pieces) + OWN_BLOCKS
    expect(statSync(path).blocks * 512).toBeLessThanOrEqual(blocks * BLOCK)
  }
  for (const file of open) await file.close()
}

/** Blocks that pieces touch: what takes space in a file that was a hole. */
function blocksOf(pieces: readonly CopyPiece[]): number {
  const blocks = new Set<number>()
  for (const { offset, length } of pieces) {
    for (let at = offset - (offset % BLOCK); at < offset + length; at += BLOCK) blocks.add(at)
  }
  return blocks.size
}

it('pieces of files are copied to their places, and nothing else changes', async () => {
  // a file system on a disk, where there may be direct writes: not the one in memory
  const folder = mkdtempSync(join(tmpdir(), 'add-cow-bulk-'))
  try {
    const property = fc.asyncProperty(fc.nat(1_000_000), (seed) => tryCopy(folder, seed))
    await fc.assert(property, { numRuns: 40, seed: 1 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
