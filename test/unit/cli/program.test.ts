import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeHeader } from '../../../engine/format/add-cow/header'
import { MIB } from '../../../engine/base/units'
import { addCowImgHere as run } from '../../support/command-line'
import { temporaryFolder } from '../../support/temporary-folder'

describe('help', () => {
  test('is printed when asked for, and is no error', async () => {
    const { code, stdout, stderr } = await run('/', '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['create', 'info', 'check', 'map', 'resize', 'flatten', 'convert']) {
      expect(stdout).toMatch(new RegExp(`^  ${word} `, 'm'))
      const own = await run('/', word, '--help')
      expect(own).toMatchObject({ code: 0, stderr: '' })
      expect(own.stdout).toContain(`Usage: add-cow-img ${word}`)
    }
  })

  test('without a command goes to standard error', async () => {
    const { code, stdout, stderr } = await run('/')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('Usage: add-cow-img')
  })

  test('the version is one line', async () => {
    const { code, stdout } = await run('/', '--version')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('create', () => {
  test('says what it made, as options that make it again', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a,b.raw'), new Uint8Array(MIB).fill(1))
    const options = 'backing_file=a,,b.raw,image_file=i.raw'
    const one = await run(folder, 'create', '-o', options, 'x.add-cow')
    expect(one).toEqual({
      code: 0,
      stdout:
        "Formatting 'x.add-cow', fmt=add-cow size=1048576 backing_file=a,,b.raw " +
        'image_file=i.raw\n',
      stderr: '',
    })
    const words = ['-f', 'acow', '-o', 'image_file=j.raw', '-o', 'cluster_size=4k']
    const two = await run(folder, 'create', ...words, '-b', 'a,b.raw', '-F', 'raw', 'y.add-cow')
    expect(two.stdout).toBe(
      "Formatting 'y.add-cow', fmt=acow size=1048576 backing_file=a,,b.raw backing_fmt=raw " +
        'image_file=j.raw cluster_size=4096\n',
    )
  })

  test('takes an image file that exists, and warns where it holds data', async () => {
    const folder = temporaryFolder()
    const content = new Uint8Array(MIB)
    writeFileSync(join(folder, 'blank.raw'), content)
    writeFileSync(join(folder, 'full.raw'), content.fill(1, MIB - 1))
    const blank = await run(folder, 'create', '-o', 'image_file=blank.raw', 'x.add-cow', '1M')
    expect(blank).toMatchObject({ code: 0, stderr: '' })
    const full = await run(folder, 'create', '-o', 'image_file=full.raw', 'y.add-cow', '1M')
    expect(full.code).toBe(0)
    expect(full.stderr).toMatch(/^add-cow-img: warning: .*full\.raw exists and holds data: .*\n$/)
    const args = ['create', '-q', '-o', 'image_file=full.raw', 'z.add-cow', '1M']
    expect(await run(folder, ...args)).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('warns where a raw base starts like an image of another kind', async () => {
    const folder = temporaryFolder()
    const content = new Uint8Array(4096)
    content.set([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3])
    writeFileSync(join(folder, 'b.raw'), content)
    const options = 'image_file=i.raw,backing_file=b.raw,backing_fmt=raw'
    const made = await run(folder, 'create', '-f', 'acow', '-o', options, 'x.add-cow')
    expect(made.code).toBe(0)
    expect(made.stderr).toMatch(/^add-cow-img: warning: .*b\.raw is read as raw, .* qcow2 image\n$/)
    const info = await run(folder, 'info', '--backing-chain', 'x.add-cow')
    expect(info.stdout).toContain('file format: raw\n')
    expect(info.stdout).toContain('starts like: qcow2\n')
  })

  test.each([
    [['-o', 'backing_file=b'], 'An overlay needs -o image_file=...'],
    [['-o', 'image_file=i,backing_file=b', '-b', 'c'], 'the backing file is given twice'],
    [['-o', 'image_file=i,size=1M', '2M'], 'the size is given twice'],
    [
      ['-o', 'image_file=i,backing_fmt=luks'],
      "format 'luks' cannot be read; raw, add-cow, acow, qcow2, vmdk, vdi, vhdx, vpc, qed, ",
    ],
    [['-o', 'image_file=i', '1Q'], "Invalid size '1Q'"],
    [['-o', 'image_file=i,cluster_size=x', '1M'], "Invalid cluster_size 'x'"],
    [['-f', 'qcow2', '-o', 'image_file=i', '1M'], 'Allowed choices are add-cow, acow'],
    [[], "required option '-o, --options <list>' not specified"],
  ])('refuses %j', async (args, message) => {
    const folder = temporaryFolder()
    const ended = await run(folder, 'create', ...args.slice(0, 2), 'x.add-cow', ...args.slice(2))
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).toMatch(/^add-cow-img: [^\n]+\n$/)
    expect(existsSync(join(folder, 'x.add-cow'))).toBe(false)
  })
})

describe('what comes from a file', () => {
  test('cannot steer the terminal', async () => {
    const folder = temporaryFolder()
    const imageName = 'i\x1b[2J\u009b31m.raw'
    writeFileSync(join(folder, imageName), new Uint8Array(512))
    const header = encodeHeader({ backingName: 'b\n.raw', imageName, size: 512 })
    writeFileSync(join(folder, 'x.add-cow'), Buffer.concat([header, Buffer.alloc(1)]))
    const info = await run(folder, 'info', '--backing-chain', 'x.add-cow')
    expect(info.stdout).toContain('image file: i\\x1b[2J\\x9b31m.raw')
    expect(info.stderr).toMatch(/^add-cow-img: [^\n]*b\\x0a\.raw is missing\n$/)
    const printed = info.stdout + info.stderr
    expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})

describe('paths', () => {
  test('are shown as the one on the command line was given', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'b.raw'), new Uint8Array(512))
    await run(folder, 'create', '-o', 'image_file=i.raw,backing_file=b.raw', 'x.add-cow')
    const relative = await run(folder, 'info', '--output=json', 'x.add-cow')
    expect(JSON.parse(relative.stdout)).toMatchObject({
      filename: 'x.add-cow',
      'full-backing-filename': 'b.raw',
    })
    const path = join(folder, 'x.add-cow')
    const absolute = await run(folder, 'info', '--output=json', path)
    expect(JSON.parse(absolute.stdout)).toMatchObject({
      filename: path,
      'full-backing-filename': join(folder, 'b.raw'),
    })
  })
})
