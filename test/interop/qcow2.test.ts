import { describe, expect, test } from 'vitest'
import { addCowImgHere, expectSuccess, output } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent, expectMap } from './qcow2-agreement'
import { makeImage, makeRandomFile, variants } from './qcow2-images'

/** Each run with other content; a failure names the seed. */
const seed = Number(process.env['QCOW2_SEED'] ?? '1')

describeNeeding([linux, program('qemu-img'), program('qemu-io')], 'qcow2 as QEMU makes it', () => {
  describe('one image of each kind', () => {
    test.each(variants)('$name', async (variant) => {
      const random = new Random(seed)
      const folder = temporaryFolder()
      makeRandomFile(folder, random)
      await makeImage(folder, { file: 'x.qcow2', variant }, random)
      await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'x.qcow2', 'expected.raw')
      await expectContent(folder, 'x.qcow2', 'expected.raw')
      await expectMap(folder, 'x.qcow2')
      const check = await addCowImgHere(folder, 'check', 'x.qcow2')
      expect(expectSuccess('check', [], check)).toContain('No errors were found')
    })
  })
})
