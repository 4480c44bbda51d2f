import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GIB, KIB, MIB, TIB } from '../../engine/base/units'
import {
  Qcow2Writer,
  WRITTEN_CLUSTER_SIZE as CLUSTER,
  WRITTEN_TABLE_SPAN as SPAN,
} from '../../engine/format/qcow2/image-writer'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { addCowImgHere, expectSuccess, output } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent } from './qcow2-agreement'
import { makeImage, makeRandomFile } from './qcow2-images'

const FORMATS = ['add-cow', 'acow'] as const

async function ours(folder: string, ...args: readonly string[]): Promise<string> {
  return expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))
}

/** Writes here and there, and makes parts of it zero. */
async function change(path: string, random: Random): Promise<void> {
  const disk = await openDisk(nodeHost, path, { writable: true })
  for (let writes = 0; writes < 25; writes += 1) {
    const length = 1 + random.below(200_000)
    const offset = random.below(disk.size - length)
    if (random.chance(0.3)) await disk.writeZeroes({ offset, length })
    else await disk.write(random.bytes(length), offset)
  }
  await disk.close()
}

/** The whole disk as a raw file, as our reading says it. */
async function rawOf(folder: string, file: string): Promise<void> {
  await ours(folder, 'convert', file, 'expected.raw')
}

describeNeeding([linux, program('qemu-img'), program('qemu-io')], 'overlays as qcow2', () => {
  test.each(
    FORMATS.flatMap((format) =>
      [6 * MIB, 9 * MIB + 512, 700 * MIB].map((size) => ({ format, size })),
    ),
  )('export of $format, $size bytes, on a raw base', async ({ format, size }) => {
    const random = new Random(size)
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'base.raw'), random.bytes(8 * MIB))
    const options = 'backing_file=base.raw,image_file=x.raw'
    await ours(folder, 'create', '-f', format, '-o', options, 'x.add-cow', String(size))
    await change(join(folder, 'x.add-cow'), random)
    await rawOf(folder, 'x.add-cow')
    await ours(folder, 'convert', '--verify', '-O', 'qcow2', 'x.add-cow', 'y.qcow2')

    await output(folder, 'qemu-img', 'check', 'y.qcow2')
    const args = ['compare', '-f', 'qcow2', '-F', 'raw', 'y.qcow2', 'expected.raw']
    await output(folder, 'qemu-img', ...args)
    await expectContent(folder, 'y.qcow2', 'expected.raw')
    expect(await ours(folder, 'check', 'y.qcow2')).toContain('No errors were found')
    const info = await output(folder, 'qemu-img', 'info', 'y.qcow2')
    expect(info).toContain('backing file: base.raw')
    expect(info).toContain('backing file format: raw')
  })

  test('export without a base, and of 2 TiB', async () => {
    const folder = temporaryFolder()
    await ours(folder, 'create', '-o', 'image_file=x.raw', 'x.add-cow', String(2 * TIB))
    await change(join(folder, 'x.add-cow'), new Random(3))
    await ours(folder, 'convert', '-O', 'qcow2', 'x.add-cow', 'y.qcow2')
    await output(folder, 'qemu-img', 'check', 'y.qcow2')
    await rawOf(folder, 'x.add-cow')
    await expectContent(folder, 'y.qcow2', 'expected.raw')
  })

  test('refcounts are whole where those of refcounts need one more block', async () => {
    const folder = temporaryFolder()
    for (let clusters = 32_757; clusters <= 32_770; clusters += 1) {
      const file = await nodeHost.open(join(folder, 'x.qcow2'), { access: 'write', create: true })
      const writer = new Qcow2Writer(file, 4 * GIB)
      for (let table = 0; table * SPAN < clusters * CLUSTER; table += 1) {
        const length = Math.min(SPAN, clusters * CLUSTER - table * SPAN)
        writer.place(table * SPAN, length)
        await writer.endTable(table)
      }
      await writer.finish(undefined)
      await file.close()
      await output(folder, 'qemu-img', 'check', '-f', 'qcow2', 'x.qcow2')
      rmSync(join(folder, 'x.qcow2'))
    }
  })

  test('export is refused where the base is an add-cow overlay, and leaves nothing', async () => {
    const folder = temporaryFolder()
    await ours(folder, 'create', '-o', 'image_file=a.raw', 'a.add-cow', '1M')
    const options = 'backing_file=a.add-cow,image_file=b.raw'
    await ours(folder, 'create', '-o', options, 'b.add-cow')
    const before = readdirSync(folder)
    const refused = await addCowImgHere(folder, 'convert', '-O', 'qcow2', 'b.add-cow', 'c.qcow2')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('a.add-cow is an add-cow overlay itself')
    expect(readdirSync(folder)).toEqual(before)
  })

  test.each(FORMATS)('import of a qcow2 overlay as %s', async (format) => {
    const random = new Random(17)
    const folder = temporaryFolder()
    makeRandomFile(folder, random)
    writeFileSync(join(folder, 'base.raw'), random.bytes(10 * MIB))
    const made = { size: 12 * MIB + 512, clusterSize: 16 * KIB, options: [], compressed: true }
    const variant = { ...made, name: 'import' }
    const backing = { file: 'base.raw', format: 'raw' }
    await makeImage(folder, { file: 'x.qcow2', variant, backing }, random)
    await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'x.qcow2', 'expected.raw')
    const args = ['--verify', '-f', format, '-o', 'image_file=y.raw', 'x.qcow2', 'y.add-cow']
    await ours(folder, 'import', ...args)
    await expectContent(folder, 'y.add-cow', 'expected.raw')
    expect(await ours(folder, 'check', 'y.add-cow')).toContain('No errors were found')

    // only what the qcow2 overlay had was copied
    const info = await ours(folder, 'info', '--output=json', 'y.add-cow')
    expect(info).toContain('"backing-filename": "base.raw"')
    const source = await openDisk(nodeHost, join(folder, 'x.qcow2'), { writable: false })
    const copy = await openDisk(nodeHost, join(folder, 'y.add-cow'), { writable: false })
    const unit = format === 'acow' ? 64 * KIB : 512
    for (let at = 0; at < source.size; at += unit) {
      const range = { offset: at, length: Math.min(unit, source.size - at) }
      const had = await source.top.allocationAt(range)
      const has = await copy.top.allocationAt(range)
      if (has.allocated) expect(had.allocated || had.length < range.length, String(at)).toBe(true)
      else expect(had).toMatchObject({ allocated: false, length: range.length })
    }
    await source.close()
    await copy.close()
    // and back
    await ours(folder, 'convert', '-O', 'qcow2', 'y.add-cow', 'z.qcow2')
    await output(folder, 'qemu-img', 'check', 'z.qcow2')
    await output(folder, 'qemu-img', 'compare', 'x.qcow2', 'z.qcow2')
  })

  test('import takes no raw file, nor a name that is taken, and leaves nothing', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'x.raw'), new Uint8Array(MIB))
    await output(folder, 'qemu-img', 'create', '-q', '-f', 'qcow2', 'x.qcow2', '1M')
    const before = readdirSync(folder)
    const importing = async (...args: string[]): Promise<string> => {
      const ended = await addCowImgHere(folder, 'import', '-o', ...args)
      expect(ended.code).toBe(1)
      return ended.stderr
    }
    expect(await importing('image_file=y.raw', 'x.raw', 'y.add-cow')).toContain('it is raw')
    expect(await importing('image_file=x.raw', 'x.qcow2', 'y.add-cow')).toContain('exists already')
    expect(await importing('image_file=y.raw', 'x.qcow2', 'x.raw')).toContain('exists already')
    expect(readdirSync(folder)).toEqual(before)
    expect(existsSync(join(folder, 'y.raw'))).toBe(false)
  })
})
