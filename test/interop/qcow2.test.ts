import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { KIB, MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { addCowImgHere, expectSuccess, output, run } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent, expectMap } from './qcow2-agreement'
import { makeImage, makeRandomFile, type NewImage, variants } from './qcow2-images'

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
      // Now and then QEMU puts a cluster where a compressed one is, and finds it afterwards.
      const theirs = await run(folder, 'qemu-img', 'check', 'x.qcow2')
      if (theirs.code !== 0) return
      expect(await ours(folder, 'check', 'x.qcow2')).toContain('No errors were found')
    })
  })

  describe('chains', () => {
    test.each([
      { name: 'longer above', sizes: [9 * MIB, 20 * MIB + 512, 30 * MIB] },
      { name: 'shorter above', sizes: [30 * MIB + 512, 20 * MIB, 9 * MIB + 512] },
      { name: 'up and down', sizes: [10 * MIB, 30 * MIB, 20 * MIB] },
    ])('of a raw file and qcow2 overlays, $name', async ({ sizes: [base, middle, top] }) => {
      const random = new Random(seed)
      const folder = temporaryFolder()
      makeRandomFile(folder, random)
      writeFileSync(join(folder, 'base.raw'), random.bytes(base ?? 0))
      await makeImage(folder, layer('middle.qcow2', 4 * KIB, middle, 'base.raw'), random)
      const last = layer('top.qcow2', 64 * KIB, top, 'middle.qcow2')
      await makeImage(folder, last, random)
      await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'top.qcow2', 'expected.raw')
      await expectContent(folder, 'top.qcow2', 'expected.raw')
      await expectMap(folder, 'top.qcow2')
    })

    test.each(['add-cow', 'acow'])('an overlay on a qcow2 chain: %s', async (format) => {
      const random = new Random(seed)
      const folder = temporaryFolder()
      makeRandomFile(folder, random)
      writeFileSync(join(folder, 'base.raw'), random.bytes(6 * MIB))
      const compressed = layer('base.qcow2', 64 * KIB, 8 * MIB + 512, 'base.raw')
      await makeImage(folder, compressed, random)
      await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'base.qcow2', 'expected.raw')
      const options = 'backing_file=base.qcow2,image_file=x.raw'
      await ours(folder, 'create', '-f', format, '-o', options, 'x.add-cow')
      await expectContent(folder, 'x.add-cow', 'expected.raw')

      const expected = await openDisk(nodeHost, join(folder, 'expected.raw'), { writable: true })
      const overlay = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
      for (let writes = 0; writes < 30; writes += 1) {
        const bytes = random.bytes(1 + random.below(200_000))
        const offset = random.below(overlay.size - bytes.length)
        for (const disk of [expected, overlay]) await disk.write(bytes, offset)
      }
      await expected.close()
      await overlay.close()
      await expectContent(folder, 'x.add-cow', 'expected.raw')

      const chain = await ours(folder, 'info', '--backing-chain', '--output=json', 'x.add-cow')
      const formats = z.array(z.object({ format: z.string() })).parse(JSON.parse(chain))
      expect(formats.map((each) => each.format)).toEqual([format, 'qcow2', 'raw'])
      await ours(folder, 'flatten', '--verify', 'x.add-cow')
      await output(folder, 'qemu-img', 'compare', '-f', 'raw', '-F', 'raw', 'x.raw', 'expected.raw')
      expect(await ours(folder, 'check', 'x.add-cow')).toContain('No errors were found')
    })
  })

  test.each([
    ['aes', ''],
    ['luks', ',encrypt.iter-time=10'],
  ])('an encrypted one is refused by its name: %s', async (encryption, more) => {
    const folder = temporaryFolder()
    const secret = ['--object', 'secret,id=key,data=a-word']
    const options = `encrypt.format=${encryption},encrypt.key-secret=key${more}`
    const args = ['create', '-q', ...secret, '-f', 'qcow2', '-o', options, 'x', '1M']
    // QEMU measures how fast the machine makes keys, and gives up where a clock is too coarse.
    const make = async (): Promise<string> => await output(folder, 'qemu-img', ...args)
    await vi.waitFor(make, { timeout: 30_000 })
    const { code, stderr } = await addCowImgHere(folder, 'info', 'x')
    expect(code).not.toBe(0)
    expect(stderr).toContain(`it is encrypted: ${encryption}`)
  })

  test('info tells what qemu-img tells', async () => {
    const random = new Random(seed)
    const folder = temporaryFolder()
    makeRandomFile(folder, random)
    writeFileSync(join(folder, 'base.raw'), random.bytes(MIB))
    await makeImage(folder, layer('x.qcow2', 64 * KIB, 2 * MIB, 'base.raw'), random)
    await output(folder, 'qemu-img', 'snapshot', '-c', 'another', 'x.qcow2')
    const args = ['info', '--output=json', 'x.qcow2']
    const theirs = infoShape.parse(JSON.parse(await output(folder, 'qemu-img', ...args)))
    const told = infoShape.parse(JSON.parse(await ours(folder, ...args)))
    expect(told).toMatchObject(theirs)
    const text = await ours(folder, 'info', 'x.qcow2')
    const lines = await output(folder, 'qemu-img', 'info', 'x.qcow2')
    const comparable = lines.split('\n').filter((line) => /^ {4}|^[a-z_ ]+: /.test(line))
    for (const line of comparable) expect(text).toContain(line)
    expect(text).toMatch(/^\d +another +0 B +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +00:00:00\.000$/m)
  })
})

/** What both programs tell alike. */
const infoShape = z.looseObject({ format: z.literal('qcow2') })

function layer(file: string, clusterSize: number, size = 0, backing = ''): NewImage {
  const zstd = file.startsWith('middle') ? ['compression_type=zstd'] : []
  const variant = { name: file, size, clusterSize, options: zstd, compressed: true }
  return { file, variant, backing: { file: backing, format: backing.replace(/.*\./, '') } }
}

async function ours(folder: string, ...args: readonly string[]): Promise<string> {
  return expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))
}
