import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { KIB, MIB } from '../../engine/base/units'
import { openDisk } from '../../engine/image/disk'
import { machineHost } from '../../engine/nbd/machine-host'
import { addCowImg, addCowImgPath, output } from '../support/command-line'
import { dmgOf } from '../support/dmg'
import { expectError, failure } from '../support/expect-error'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { writeSparse } from './random-overlay'

/** A size that all of the formats can have to the byte. */
const SIZE = 32 * MIB + 512 * KIB

const host = machineHost({ files: 'any', names: new Set() })

/** How qemu-img makes each of them, but dmg, which it only reads. */
const formats: readonly (readonly [name: string, format: string, options: string])[] = [
  ['vmdk', 'vmdk', ''],
  ['vmdk, compressed', 'vmdk', 'subformat=streamOptimized'],
  ['vmdk, flat', 'vmdk', 'subformat=monolithicFlat'],
  ['vmdk, in parts', 'vmdk', 'subformat=twoGbMaxExtentSparse'],
  ['vdi', 'vdi', ''],
  ['vdi of a fixed size', 'vdi', 'static=on'],
  ['vhdx', 'vhdx', ''],
  ['vhdx of a fixed size', 'vhdx', 'subformat=fixed'],
  ['vpc', 'vpc', 'force_size=on'],
  ['vpc of a fixed size', 'vpc', 'force_size=on,subformat=fixed'],
  ['qed', 'qed', ''],
  ['parallels', 'parallels', ''],
  ['dmg', 'dmg', ''],
]

function makeSource(folder: string): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  for (const [offset, length] of [
    [0, 64 * KIB],
    [7 * MIB, 5 * MIB + 4 * KIB],
    [32 * MIB, 512 * KIB],
  ] as const) {
    bytes.set(new Random(offset + 7).bytes(length), offset)
  }
  writeSparse(join(folder, 'source.raw'), bytes)
  return bytes
}

async function makeImage(folder: string, format: string, options: string): Promise<string> {
  const name = format === 'vpc' ? 'image.vhd' : `image.${format}`
  if (format === 'dmg') {
    writeFileSync(join(folder, name), dmgOf(readFileSync(join(folder, 'source.raw'))))
    return name
  }
  const words = ['convert', '-f', 'raw', '-O', format, ...(options === '' ? [] : ['-o', options])]
  await output(folder, 'qemu-img', ...words, 'source.raw', name)
  return name
}

const mapEntries = z.array(
  z.object({ start: z.int(), length: z.int(), zero: z.boolean(), data: z.boolean() }),
)

/** What reads as what, neighbours that read the same joined. */
function zeroRuns(json: string): readonly (readonly [number, boolean])[] {
  const runs: [number, boolean][] = []
  for (const { length, zero } of mapEntries.parse(JSON.parse(json))) {
    const last = runs.at(-1)
    if (last?.[1] === zero) last[0] += length
    else runs.push([length, zero])
  }
  return runs
}

/** A folder for temporary files of the test alone, where it can see what is left in it. */
function ownTemporaryFolder(): string {
  const folder = temporaryFolder()
  vi.stubEnv('TMPDIR', folder)
  return folder
}

describeNeeding([program('qemu-nbd'), program('qemu-img')], 'by way of QEMU', () => {
  test.each(formats)('%s is read as qemu-img reads it', async (_, format, options) => {
    const folder = temporaryFolder()
    const source = makeSource(folder)
    const name = await makeImage(folder, format, options)

    const told = await addCowImg(folder, 'info', '--output=json', name)
    expect(told.stderr).toBe('')
    expect(JSON.parse(told.stdout)).toMatchObject({ format, 'virtual-size': SIZE })

    await output(folder, process.execPath, addCowImgPath, 'convert', name, 'copy.raw')
    expect(readFileSync(join(folder, 'copy.raw')).equals(source)).toBe(true)

    await output(folder, 'qemu-img', 'convert', '-f', format, '-O', 'raw', name, 'theirs.raw')
    expect(readFileSync(join(folder, 'theirs.raw')).equals(source)).toBe(true)

    // of this one, QEMU itself does not tell: see vhdx.test.ts
    if (format === 'vhdx') return
    const theirs = await output(folder, 'qemu-img', 'map', '--output=json', '-f', format, name)
    const ours = await addCowImg(folder, 'map', '--output=json', name)
    expect(zeroRuns(ours.stdout)).toEqual(zeroRuns(theirs))
  })

  test.each(['acow', 'add-cow'])('lies below an overlay (%s)', async (layout) => {
    const folder = temporaryFolder()
    const source = makeSource(folder)
    await makeImage(folder, 'vmdk', '')
    const options = `backing_file=image.vmdk,backing_fmt=vmdk,image_file=x.raw`
    const made = await addCowImg(folder, 'create', '-f', layout, '-o', options, 'x.add-cow')
    expect(made.stderr).toBe('')
    const disk = await openDisk(host, join(folder, 'x.add-cow'), { writable: true })
    expect(disk.layers.map((layer) => layer.format)).toEqual([layout, 'vmdk'])
    const bytes = new Random(3).bytes(100_000)
    await disk.write(bytes, 8 * MIB - 333)
    source.set(bytes, 8 * MIB - 333)
    await disk.close()
    const flat = await addCowImg(folder, 'flatten', 'x.add-cow')
    expect(flat.stderr).toBe('')
    expect(readFileSync(join(folder, 'x.raw')).equals(source)).toBe(true)
  })

  test('an image that is damaged is told as QEMU tells it, and nothing stays behind', async () => {
    const folder = temporaryFolder()
    const temporary = ownTemporaryFolder()
    writeFileSync(join(folder, 'x.vhdx'), 'vhdxfile and nothing else')
    const error = await failure(openDisk(host, join(folder, 'x.vhdx'), { writable: false }))
    expectError(error, 'format/corrupt', /x\.vhdx: qemu-nbd does not take it for a vhdx image: /)
    expect(error.message).not.toMatch(/json:|socket/)
    expect(readdirSync(temporary)).toEqual([])
  })

  test('an image is never written', async () => {
    const folder = temporaryFolder()
    makeSource(folder)
    const name = await makeImage(folder, 'vdi', '')
    const error = await failure(openDisk(host, join(folder, name), { writable: true }))
    expectError(error, 'read-only', /vdi images are only read/)
  })

  test('where it is not installed, the package is told', async () => {
    const folder = temporaryFolder()
    makeSource(folder)
    const name = await makeImage(folder, 'qed', '')
    vi.stubEnv('PATH', folder)
    const error = await failure(openDisk(host, join(folder, name), { writable: false }))
    expectError(error, 'format/needs-program', /qemu-nbd, which is not installed.*qemu-utils/)
  })

  test('luks is refused by its name', async () => {
    const folder = temporaryFolder()
    const header = Buffer.concat([
      Buffer.from([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
      Buffer.alloc(600),
    ])
    writeFileSync(join(folder, 'x.img'), header)
    const error = await failure(openDisk(host, join(folder, 'x.img'), { writable: false }))
    expectError(error, 'not-supported', /x\.img: it is encrypted \(luks\)/)
  })
})

/** A VMDK that is nothing but a text. */
function descriptor(...extents: readonly string[]): string {
  const head = ['# Disk DescriptorFile', 'version=1', 'CID=1', 'parentCID=ffffffff']
  return [...head, 'createType="monolithicFlat"', ...extents, ''].join('\n')
}

describeNeeding(program('qemu-nbd'), 'a name in a foreign image', () => {
  async function opening(folder: string, name: string): Promise<ReturnType<typeof failure>> {
    return await failure(openDisk(host, join(folder, name), { writable: false }))
  }

  test.each([
    ['another folder', 'RW 8 FLAT "/etc/passwd" 0', 'chain/needs-consent', /names \/etc\/passwd/],
    ['a folder above', 'RW 8 FLAT "../x" 0', 'chain/needs-consent', /outside of its own folder/],
    ['lines apart', 'RW\n8\nFLAT\n"/etc/passwd" 0', 'chain/needs-consent', /\/etc\/passwd/],
    ['the network', 'RW 8 FLAT "nbd://localhost/x" 0', 'not-supported', /is not a file/],
    ['a protocol', 'RW 8 SPARSE "json:{}" 0', 'not-supported', /is not a file/],
    ['a device', 'RW 8 FLAT "/dev/zero" 0', 'chain/needs-consent', /\/dev\/zero/],
    ['what is missing', 'RW 8 FLAT "gone.raw" 0', 'chain/data-missing', /gone\.raw is missing/],
  ] as const)('that leads to %s', async (_, extent, code, message) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'x.vmdk'), descriptor(extent))
    expectError(await opening(folder, 'x.vmdk'), code, message)
  })

  test('that leads out of the folder by a link', async () => {
    const folder = temporaryFolder()
    symlinkSync('/etc/passwd', join(folder, 'part.raw'))
    writeFileSync(join(folder, 'x.vmdk'), descriptor('RW 1 FLAT "part.raw" 0'))
    expectError(await opening(folder, 'x.vmdk'), 'chain/needs-consent', /names .*part\.raw/)
  })

  test('that was agreed to is opened', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()]
    const part = join(elsewhere, 'part.raw')
    writeFileSync(part, new Random(1).bytes(4096))
    writeFileSync(join(folder, 'x.vmdk'), descriptor(`RW 8 FLAT "${part}" 0`))
    const trusting = machineHost({ files: 'own-folder', names: new Set([part]) })
    const disk = await openDisk(trusting, join(folder, 'x.vmdk'), { writable: false })
    const bytes = Buffer.alloc(4096)
    await disk.read(bytes, 0)
    expect(bytes.equals(readFileSync(part))).toBe(true)
    await disk.close()
  })

  test.each(['vmdk', 'qed'])('of a parent is not followed (%s)', async (format) => {
    const folder = temporaryFolder()
    makeSource(folder)
    await output(folder, 'qemu-img', 'convert', '-O', format, 'source.raw', 'parent')
    const create = ['create', '-q', '-f', format, '-b', 'parent', '-F', format, 'x']
    await output(folder, 'qemu-img', ...create)
    const error = await opening(folder, 'x')
    expectError(error, 'format/unsupported-feature', /of its own, which is not followed/)
  })

  test('of extents inside of an extent is not followed', async () => {
    const folder = temporaryFolder()
    const nested = Buffer.alloc(64 * KIB)
    nested.write('KDMV', 'latin1')
    nested.writeUInt32LE(1, 4)
    nested.writeBigUInt64LE(1n, 28)
    nested.write(descriptor('RW 8 FLAT "/etc/passwd" 0'), 512, 'latin1')
    writeFileSync(join(folder, 'nested.vmdk'), nested)
    writeFileSync(join(folder, 'x.vmdk'), descriptor('RW 8 SPARSE "nested.vmdk"'))
    for (const name of ['nested.vmdk', 'x.vmdk']) {
      const error = await opening(folder, name)
      expectError(error, 'format/unsupported-feature', /descriptor inside of a VMDK extent/)
    }
  })
})

describeNeeding([linux, program('qemu-nbd'), program('qemu-img')], 'the child', () => {
  async function childrenOf(image: string): Promise<readonly string[]> {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return await Promise.resolve(
      processes.filter((id) => {
        try {
          const line = readFileSync(`/proc/${id}/cmdline`, 'utf8')
          return line.includes('qemu-nbd') && line.includes(image)
        } catch {
          return false
        }
      }),
    )
  }

  test('ends with the image', async () => {
    const folder = temporaryFolder()
    makeSource(folder)
    const image = join(folder, await makeImage(folder, 'vdi', ''))
    const disk = await openDisk(host, image, { writable: false })
    expect(await childrenOf(image)).toHaveLength(1)
    await disk.close()
    expect(await childrenOf(image)).toEqual([])
  })

  test('ends when this program is killed, and leaves nothing', async () => {
    const folder = temporaryFolder()
    makeSource(folder)
    const temporary = ownTemporaryFolder()
    const image = join(folder, await makeImage(folder, 'vdi', ''))
    const args = [addCowImgPath, 'nbd', '--read-only', '--persistent', '--port', '0', image]
    const server = spawn(process.execPath, args, { stdio: 'ignore' })
    const ended = once(server, 'close')
    await expect.poll(async () => (await childrenOf(image)).length, { timeout: 20_000 }).toBe(1)
    await expect.poll(() => readdirSync(temporary), { timeout: 20_000 }).toEqual([])
    server.kill('SIGKILL')
    await ended
    await expect.poll(async () => await childrenOf(image), { timeout: 20_000 }).toEqual([])
  })

  test('that is killed ends the reading with an error', async () => {
    const folder = temporaryFolder()
    makeSource(folder)
    const image = join(folder, await makeImage(folder, 'vdi', ''))
    const disk = await openDisk(host, image, { writable: false })
    const [child] = await childrenOf(image)
    process.kill(Number(child), 'SIGKILL')
    const error = await failure(Promise.resolve(disk.read(new Uint8Array(512), 0)))
    expectError(error, 'nbd/unreachable', /image\.vdi/)
    await disk.close()
  })
})
