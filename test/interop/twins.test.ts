/*
 * Jobs of random overlays beside the same jobs of qcow2 twins, done by qemu-img: both read the same
 * afterwards, and both say the same of it.
 */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alignDown, MIB, SECTOR_SIZE } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { inspectImage } from '../../engine/image/inspect'
import { addCowImgHere, type Ended, expectSuccess, output, run } from '../support/command-line'
import { diskContent } from '../support/disks'
import { Random } from '../support/random'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { makeRandomOverlay, writeSparse } from './random-overlay'

const firstSeed = Number(process.env['ADD_COW_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const seeds = Array.from({ length: 20 }, (_, index) => firstSeed + index)

async function ours(folder: string, ...args: readonly string[]): Promise<string> {
  return expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))
}

/** A qcow2 overlay that reads as the random one, on a raw file that reads as its backing file. */
async function makeTwin(folder: string, name: string): Promise<void> {
  const { backing } = await inspectImage(nodeHost, join(folder, name))
  const below =
    backing === undefined ? Buffer.alloc(SECTOR_SIZE) : await diskContent(nodeHost, backing.path)
  writeFileSync(join(folder, 'below.raw'), below)
  truncateSync(join(folder, 'below.raw'), alignDown(below.length, SECTOR_SIZE))
  await ours(folder, 'convert', name, 'before.raw')
  const based = ['-O', 'qcow2', '-B', 'below.raw', '-F', 'raw']
  await output(folder, 'qemu-img', 'convert', '-f', 'raw', ...based, 'before.raw', 'twin.qcow2')
}

/** Two equal raw files, a base for each of the twins: the same as the disk in parts. */
function makeNewBases(folder: string, model: Uint8Array, random: Random): void {
  const bytes = new Uint8Array(SECTOR_SIZE * random.between(1, (3 * MIB) / SECTOR_SIZE))
  bytes.set(model.subarray(0, Math.min(model.length, bytes.length)))
  for (let left = random.between(0, 4); left > 0; left -= 1) {
    const offset = random.below(bytes.length)
    const length = Math.min(bytes.length - offset, random.below(300_000))
    if (random.chance(0.5)) bytes.set(random.bytes(length), offset)
    else bytes.fill(0, offset, offset + length)
  }
  for (const name of ['new.raw', 'new-twin.raw']) writeSparse(join(folder, name), bytes)
}

function said({ code, stdout }: Ended): { code: number; stdout: string } {
  return { code, stdout }
}

describeNeeding(program('qemu-img'), 'a random overlay and its qcow2 twin', () => {
  test.each(seeds)('rebase, compare and commit alike (ADD_COW_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    const folder = temporaryFolder()
    const { name, model, description } = await makeRandomOverlay(folder, random)
    const path = join(folder, name)
    await makeTwin(folder, name)
    makeNewBases(folder, model.bytes, random)

    await ours(folder, 'rebase', '--verify', '-b', 'new.raw', name)
    const onto = ['-f', 'qcow2', '-b', 'new-twin.raw', '-F', 'raw']
    await output(folder, 'qemu-img', 'rebase', ...onto, 'twin.qcow2')
    expect((await diskContent(nodeHost, path)).equals(model.bytes), description).toBe(true)

    const compared = await addCowImgHere(folder, 'compare', name, 'new.raw')
    const formats = ['-f', 'qcow2', '-F', 'raw']
    const twins = await run(folder, 'qemu-img', 'compare', ...formats, 'twin.qcow2', 'new-twin.raw')
    expect(said(compared), description).toEqual(said(twins))

    if ((await inspectImage(nodeHost, path)).allAllocated === true) {
      const refused = await addCowImgHere(folder, 'commit', name)
      expect(refused.stderr, description).toContain('its image file alone is the disk')
      return
    }
    await ours(folder, 'commit', '--verify', name)
    await output(folder, 'qemu-img', 'commit', '-f', 'qcow2', 'twin.qcow2')
    expect((await diskContent(nodeHost, path)).equals(model.bytes), description).toBe(true)
    const raw = ['-f', 'raw', '-F', 'raw']
    const bases = await run(folder, 'qemu-img', 'compare', ...raw, 'new.raw', 'new-twin.raw')
    expect(said(bases), description).toEqual({ code: 0, stdout: 'Images are identical.\n' })

    await ours(folder, 'rebase', '-b', '', name)
    expect((await diskContent(nodeHost, path)).equals(model.bytes), description).toBe(true)
  })
})
