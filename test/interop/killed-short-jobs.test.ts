/*
 * The real program is killed in jobs that take a moment, when it has begun to change files: resize
 * and snapshot.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { copyFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIB, SECTOR_SIZE } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { inspectImage } from '../../engine/image/inspect'
import { addCowImg, expectSuccess } from '../support/command-line'
import { checkDisk } from '../support/disks'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { killAtWork } from './killing'
import { contentHash, expectOutcome, fileHash } from './outcome'

const firstSeed = Number(process.env['ADD_COW_SEED'] ?? 1)
/** Kills of each job. `ADD_COW_KILLS=100 npm test -- killed` tries more. */
const kills = Number(process.env['ADD_COW_KILLS'] ?? 4)

const SIZE = 8 * MIB

/** Milliseconds from the first change of a short job: mostly few, at times up to its end. */
function soon(random: Random): number {
  return 12 * (random.below(1000) / 1000) ** 3
}

async function inFolder(folder: string, ...args: readonly string[]): Promise<void> {
  expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
}

/** An overlay `x.add-cow` on a longer base, some of it written, and `expected.raw`. */
async function makeOverlay(folder: string, layout: string, random: Random): Promise<void> {
  await writeFile(join(folder, 'base.raw'), random.bytes(2 * SIZE))
  const options = `size=${String(SIZE)},backing_file=base.raw,image_file=x.raw`
  await inFolder(folder, 'create', '-f', layout, '-o', options, 'x.add-cow')
  const expected = join(folder, 'expected.raw')
  await copyFile(join(folder, 'base.raw'), expected)
  await truncate(expected, SIZE)
  const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
  const model = await nodeHost.open(expected, { access: 'write' })
  for (let at = 0; at < SIZE; at += MIB) {
    const bytes = random.bytes(random.between(1, MIB / 2))
    const offset = at + random.below(MIB / 2)
    await disk.write(bytes, offset)
    await model.write(bytes, offset)
  }
  await model.close()
  await disk.close()
}

async function expectWhole(path: string): Promise<void> {
  const { findings } = await checkDisk(nodeHost, path, 'none')
  expect(findings.filter(({ severity }) => severity === 'corruption')).toEqual([])
}

describeNeeding([linux, program('qemu-img')], 'the program is killed', () => {
  const options = { timeout: 60_000 + kills * 10_000, retry: 0 }

  test.each(['add-cow', 'acow'])(
    `in the middle of a resize of %s, ${String(kills)} times (ADD_COW_SEED=${String(firstSeed)})`,
    options,
    async (layout) => {
      const random = new Random(firstSeed)
      const folder = temporaryFolder()
      await makeOverlay(folder, layout, random)
      const path = join(folder, 'x.add-cow')
      const expected = join(folder, 'expected.raw')
      let size = SIZE
      for (let killed = 0; killed < kills;) {
        // up and down across the end of the base
        const next = SECTOR_SIZE * random.between(1, (3 * SIZE) / SECTOR_SIZE)
        const args = ['resize', '--shrink', 'x.add-cow', String(next)]
        if (await killAtWork(folder, args, soon(random))) {
          killed += 1
          const { virtualSize: found } = await inspectImage(nodeHost, path)
          expect([size, next]).toContain(found)
          if (found === next) await truncate(expected, next)
          expect(await contentHash(path)).toBe(await fileHash(expected))
          await expectWhole(path)
          await inFolder(folder, ...args)
        }
        await truncate(expected, next)
        expect(await contentHash(path)).toBe(await fileHash(expected))
        size = next
      }
      await expectWhole(path)
      await inFolder(folder, 'flatten', 'x.add-cow')
      await expectOutcome(join(folder, 'x.raw'), {
        path: expected,
        sha256: await fileHash(expected),
      })
    },
  )

  test.each(['add-cow', 'acow'])(
    `in the middle of a snapshot of %s, ${String(kills)} times (ADD_COW_SEED=${String(firstSeed)})`,
    options,
    async (layout) => {
      const random = new Random(firstSeed)
      const folder = temporaryFolder()
      await makeOverlay(folder, layout, random)
      const expected = await fileHash(join(folder, 'expected.raw'))
      const files = readdirSync(folder).sort()
      const [below, above] = [join(folder, 'x.add-cow'), join(folder, 'y.add-cow')]
      const args = ['snapshot', 'x.add-cow', 'y.add-cow']
      for (let killed = 0; killed < kills;) {
        if (await killAtWork(folder, args, soon(random))) {
          killed += 1
          expect(await contentHash(below)).toBe(expected)
          if (!existsSync(above)) await inFolder(folder, ...args)
        }
        expect(await contentHash(above)).toBe(expected)
        await expectWhole(above)
        rmSync(above)
        rmSync(join(folder, 'y.raw'))
        expect(readdirSync(folder).sort()).toEqual(files)
      }
    },
  )
})
