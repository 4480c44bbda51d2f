/*
 * Chains of several formats, and images of large disks, as QEMU reads them: every byte and the map.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alignDown, GIB, MIB, SECTOR_SIZE, TIB } from '../../engine/base/units'
import { addCowImgHere, expectSuccess, output } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent, expectMap } from './qcow2-agreement'

/** Each run with other content; a failure names the seed. */
const seed = Number(process.env['QCOW2_SEED'] ?? '1')

/** Writes at random, and at the start and the end, by QEMU. */
async function writeAtRandom(
  folder: string,
  file: string,
  format: string,
  size: number,
  random: Random,
): Promise<void> {
  const places = [0, size - MIB, ...Array.from({ length: 10 }, () => random.below(size - MIB))]
  const commands = places.flatMap((place) => {
    const length = SECTOR_SIZE * random.between(1, MIB / SECTOR_SIZE)
    const at = alignDown(place, SECTOR_SIZE)
    return ['-c', `write -P ${String(random.between(1, 255))} ${String(at)} ${String(length)}`]
  })
  await output(folder, 'qemu-io', '-f', format, ...commands, file)
}

async function expectAsQemu(folder: string, image: string, format: string): Promise<void> {
  await output(folder, 'qemu-img', 'convert', '-f', format, '-O', 'raw', image, 'expected.raw')
  await expectContent(folder, image, 'expected.raw')
}

const needed = [linux, program('qemu-img'), program('qemu-io'), program('qemu-nbd')]

describeNeeding(needed, 'as QEMU reads them', () => {
  describe.each([
    ['vmdk', 'base.vmdk', ''],
    ['vdi', 'base.vdi', ''],
    ['vhdx', 'base.vhdx', ''],
    ['vpc', 'base.vhd', 'force_size=on'],
    ['qed', 'base.qed', ''],
    ['parallels', 'base.hdd', ''],
  ])('overlays on %s', (format, base, options) => {
    test('qcow2, and add-cow on that', async () => {
      const random = new Random(seed)
      const folder = temporaryFolder()
      const size = 24 * MIB
      writeFileSync(join(folder, 'source.raw'), random.bytes(size))
      const made = options === '' ? [] : ['-o', options]
      const convert = ['convert', '-f', 'raw', '-O', format, ...made, 'source.raw', base]
      await output(folder, 'qemu-img', ...convert)
      const longer = String(size + 8 * MIB)
      const create = ['create', '-q', '-f', 'qcow2', '-b', base, '-F', format, 'x.qcow2', longer]
      await output(folder, 'qemu-img', ...create)
      await writeAtRandom(folder, 'x.qcow2', 'qcow2', Number(longer), random)
      await expectAsQemu(folder, 'x.qcow2', 'qcow2')
      await expectMap(folder, 'x.qcow2', 1)

      const names = 'backing_file=x.qcow2,backing_fmt=qcow2,image_file=y.raw'
      await ours(folder, 'create', '-f', 'acow', '-o', names, 'y.add-cow')
      await expectContent(folder, 'y.add-cow', 'expected.raw')
      const told = await ours(folder, 'info', '--backing-chain', '--output=json', 'y.add-cow')
      expect(told.match(/"format": ?"\w+"/g)?.join()).toMatch(new RegExp(`acow.*qcow2.*${format}`))
    })
  })

  test.each([
    ['vmdk', 5 * GIB, 'subformat=twoGbMaxExtentSparse'],
    ['vmdk', 5 * GIB, 'subformat=twoGbMaxExtentFlat'],
    ['vmdk', TIB, 'subformat=monolithicSparse'],
    ['vmdk', TIB, 'subformat=monolithicFlat'],
    ['vdi', TIB, ''],
    // of this one QEMU does not say where it has nothing, and all of it is read
    ['vhdx', GIB, ''],
    ['vpc', TIB, 'force_size=on'],
    ['qed', TIB, ''],
    ['parallels', 500 * GIB, ''],
  ])('a large disk: %s, %i bytes, %s', async (format, size, options) => {
    const folder = temporaryFolder()
    const name = format === 'vpc' ? 'x.vhd' : `x.${format}`
    const made = options === '' ? [] : ['-o', options]
    await output(folder, 'qemu-img', 'create', '-q', '-f', format, ...made, name, String(size))
    if (options.startsWith('subformat=two')) {
      expect(readdirSync(folder).filter((file) => file.endsWith('.vmdk'))).toHaveLength(4)
    }
    await writeAtRandom(folder, name, format, size, new Random(seed))
    await expectAsQemu(folder, name, format)
  })
})

async function ours(folder: string, ...args: readonly string[]): Promise<string> {
  return expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))
}
