/* The commands about whole layers, on files: snapshot and move. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { inspectImage } from '../../../engine/image/inspect'
import { planJob } from '../../../engine/job/jobs'
import { addCowImgHere as run } from '../../support/command-line'
import { diskContent } from '../../support/disks'
import { Random } from '../../support/random'
import { temporaryFolder } from '../../support/temporary-folder'

const SIZE = 256 * KIB

async function well(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

async function refused(folder: string, ...args: readonly string[]): Promise<string> {
  const before = contents(folder)
  const { code, stderr } = await run(folder, ...args)
  expect(code).toBe(1)
  expect(contents(folder)).toEqual(before)
  return stderr
}

/** All files below a folder. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(folder, name)).isFile())
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'latin1')]))
}

/** An overlay with data, in a folder `a`, and an empty folder `b` beside it. */
async function overlayIn(layout: 'add-cow' | 'acow', options = ''): Promise<string> {
  const folder = temporaryFolder()
  for (const name of ['a', 'b']) mkdirSync(join(folder, name))
  const random = new Random(1)
  writeFileSync(join(folder, 'a', 'base.raw'), random.bytes(SIZE))
  const names = `backing_file=base.raw,image_file=x.raw${options}`
  await well(folder, 'create', '-q', '-f', layout, '-o', names, 'a/x.add-cow')
  const disk = await openDisk(nodeHost, join(folder, 'a/x.add-cow'), { writable: true })
  await disk.write(random.bytes(9 * KIB), 3 * KIB)
  await disk.close()
  return folder
}

async function namesOf(file: string): Promise<{ image?: string; backing?: string }> {
  const { imageFile, backing } = await inspectImage(nodeHost, file)
  return {
    ...(imageFile !== undefined && { image: imageFile.name }),
    ...(backing !== undefined && { backing: backing.name }),
  }
}

describe('snapshot', () => {
  test('makes an overlay of the same layout and clusters, its names from the place', async () => {
    const folder = await overlayIn('acow', ',cluster_size=8k')
    const said = await well(folder, 'snapshot', 'a/x.add-cow', 'a/y.add-cow')
    expect(said).toBe('Snapshot made: a/y.add-cow is on a/x.add-cow now.\n')
    const made = join(folder, 'a/y.add-cow')
    expect(await inspectImage(nodeHost, made)).toMatchObject({
      format: 'acow',
      clusterSize: 8 * KIB,
      virtualSize: SIZE,
    })
    expect(await namesOf(made)).toEqual({ image: 'y.raw', backing: 'x.add-cow' })
    const content = await diskContent(nodeHost, join(folder, 'a/x.add-cow'))
    expect((await diskContent(nodeHost, made)).equals(content)).toBe(true)
  })

  test('of layout 1, of a raw disk, and of another layout where asked for', async () => {
    const folder = await overlayIn('add-cow')
    await well(folder, 'snapshot', '-q', 'a/x.add-cow', 'a/one.add-cow')
    await well(folder, 'snapshot', '-q', 'a/base.raw', 'a/two.add-cow')
    await well(folder, 'snapshot', '-q', '-f', 'acow', 'a/x.add-cow', 'a/three.add-cow')
    const formats = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        return (await inspectImage(nodeHost, join(folder, `a/${name}.add-cow`))).format
      }),
    )
    expect(formats).toEqual(['add-cow', 'add-cow', 'acow'])
  })

  test('elsewhere stores where the base lies, and the image file beside it', async () => {
    const folder = await overlayIn('add-cow')
    await well(folder, 'snapshot', '-q', 'a/x.add-cow', 'b/y.add-cow')
    expect(await namesOf(join(folder, 'b/y.add-cow'))).toEqual({
      image: 'y.raw',
      backing: join(folder, 'a/x.add-cow'),
    })
  })

  test.each(['y.add-cow', 'y.raw'])('goes over no file: %s', async (taken) => {
    const folder = await overlayIn('add-cow')
    writeFileSync(join(folder, 'a', taken), 'taken')
    const said = await refused(folder, 'snapshot', 'a/x.add-cow', 'a/y.add-cow')
    expect(said).toContain(join(folder, 'a', taken))
  })

  test('of nothing is refused', async () => {
    const folder = await overlayIn('add-cow')
    expect(await refused(folder, 'snapshot', 'a/none', 'a/y.add-cow')).toContain('a/none')
  })
})

describe.each(['add-cow', 'acow'] as const)('move, of layout %s,', (layout) => {
  const from = 'a/x.add-cow'

  async function expectSame(folder: string, file: string, content: Buffer): Promise<void> {
    expect((await diskContent(nodeHost, join(folder, file))).equals(content)).toBe(true)
  }

  test('into a folder takes the image file along and corrects the name of the base', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    expect(await well(folder, 'move', from, 'b')).toBe(
      `Image moved: ${join(folder, 'b/x.add-cow')}\n`,
    )
    expect(readdirSync(join(folder, 'a'))).toEqual(['base.raw'])
    expect(readdirSync(join(folder, 'b')).sort()).toEqual(['x.add-cow', 'x.raw'])
    const names = await namesOf(join(folder, 'b/x.add-cow'))
    expect(names).toEqual({ image: 'x.raw', backing: '../a/base.raw' })
    await expectSame(folder, 'b/x.add-cow', content)
  })

  test('with absolute names, and to a new name for both files', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    await well(folder, 'move', '-q', '--absolute', from, 'b/y.add-cow')
    expect(readdirSync(join(folder, 'b')).sort()).toEqual(['y.add-cow', 'y.raw'])
    expect(await namesOf(join(folder, 'b/y.add-cow'))).toEqual({
      image: join(folder, 'b/y.raw'),
      backing: join(folder, 'a/base.raw'),
    })
    await expectSame(folder, 'b/y.add-cow', content)
  })

  test('in place changes the names alone, there and back', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    await well(folder, 'move', '-q', '--absolute', from, from)
    const absolute = { image: join(folder, 'a/x.raw'), backing: join(folder, 'a/base.raw') }
    expect(await namesOf(join(folder, from))).toEqual(absolute)
    await expectSame(folder, from, content)
    await well(folder, 'move', '-q', from, from)
    expect(await namesOf(join(folder, from))).toEqual({ image: 'x.raw', backing: 'base.raw' })
    expect(readdirSync(join(folder, 'a')).sort()).toEqual(['base.raw', 'x.add-cow', 'x.raw'])
    await expectSame(folder, from, content)
  })

  test('as a copy leaves the overlay, and both are apart from then on', async () => {
    const folder = await overlayIn(layout)
    const before = contents(folder)
    const content = await diskContent(nodeHost, join(folder, from))
    expect(await well(folder, 'move', '--copy', from, 'b')).toContain('Image copied: ')
    for (const [name, bytes] of before) expect(contents(folder).get(name)).toBe(bytes)
    const disk = await openDisk(nodeHost, join(folder, 'b/x.add-cow'), { writable: true })
    await disk.write(new Uint8Array(KIB), 4 * KIB)
    await disk.close()
    await expectSame(folder, from, content)
  })

  test('with another name and place for the image file, as the plan says it', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    const files = { path: join(folder, from), target: join(folder, 'b/y.add-cow') }
    const targetImage = join(folder, 'a/other.img')
    const request = { kind: 'move', ...files, targetImage, copy: false, names: 'relative' } as const
    const { commandLine } = await planJob(nodeHost, request)
    const words = ['move', '--image-file', targetImage, files.path, files.target]
    expect(commandLine).toBe(['add-cow-img', ...words].join(' '))
    await well(folder, ...words)
    expect(readdirSync(join(folder, 'a')).sort()).toEqual(['base.raw', 'other.img'])
    expect((await namesOf(files.target)).image).toBe('../a/other.img')
    await expectSame(folder, 'b/y.add-cow', content)
  })

  test('leaves an image file where it is, where that is said', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    await well(folder, 'move', '--image-file', 'a/x.raw', from, 'b')
    expect(readdirSync(join(folder, 'b'))).toEqual(['x.add-cow'])
    expect((await namesOf(join(folder, 'b/x.add-cow'))).image).toBe('../a/x.raw')
    await expectSame(folder, 'b/x.add-cow', content)
  })

  test.each([
    { to: 'b/y.add-cow', why: 'cannot be its image file as well' },
    { to: 'none/y.raw', why: 'there is no directory' },
    { to: 'a/base.raw', why: 'exists already' },
  ])('puts its image file at no place where none can be: $to', async ({ to, why }) => {
    const folder = await overlayIn(layout)
    for (const flags of [[], ['--copy']]) {
      const said = await refused(folder, 'move', ...flags, '--image-file', to, from, 'b/y.add-cow')
      expect(said).toContain(why)
    }
  })

  const taken = ['b/x.add-cow', 'b/x.raw'] as const
  const cases = taken.flatMap((name) => [
    { name, flags: [] },
    { name, flags: ['--copy'] },
  ])
  test.each(cases)('goes over no file: $name $flags', async ({ name, flags }) => {
    const folder = await overlayIn(layout)
    writeFileSync(join(folder, name), '')
    const said = await refused(folder, 'move', ...flags, from, 'b')
    expect(said).toContain(`Cannot write ${join(folder, name)}: it exists already`)
  })

  test('goes on where an earlier run has given the image file its second name', async () => {
    const folder = await overlayIn(layout)
    const content = await diskContent(nodeHost, join(folder, from))
    linkSync(join(folder, 'a/x.raw'), join(folder, 'b/x.raw'))
    await well(folder, 'move', '-q', from, 'b')
    expect(existsSync(join(folder, 'a/x.raw'))).toBe(false)
    await expectSame(folder, 'b/x.add-cow', content)
  })

  test('into a folder that is not there, or of a raw disk, is refused', async () => {
    const folder = await overlayIn(layout)
    const said = await refused(folder, 'move', from, 'none/x.add-cow')
    expect(said).toContain(`there is no directory ${join(folder, 'none')}`)
    expect(await refused(folder, 'move', 'a/base.raw', 'b')).toContain('is no overlay')
  })
})
