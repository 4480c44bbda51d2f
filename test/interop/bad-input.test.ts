import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import {
  addCowImg,
  addCowImgHere,
  addCowImgPath,
  type Ended,
  expectSuccess,
  run,
} from '../support/command-line'
import { folderState } from '../support/folder-state'
import { Random } from '../support/random'
import { describeNeeding, linux, program, root, tmpfs } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

let folder = ''

/** A good overlay of layout 1 and one of layout 2, for the tests to break. */
beforeEach(async () => {
  folder = temporaryFolder()
  writeFileSync(join(folder, 'base.raw'), new Random(1).bytes(MIB))
  for (const [format, word] of [
    ['add-cow', 'x'],
    ['acow', 'y'],
  ] as const) {
    const options = `backing_file=base.raw,image_file=${word}.raw`
    const args = ['create', '-f', format, '-o', options, `${word}.add-cow`]
    expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))
  }
})

const BACKING_NAME = 12
const IMAGE_NAME = 1036
const NAME_SIZE = 1024

/** Writes bytes into a file of the folder. */
function patch(file: string, offset: number, bytes: Uint8Array | string): void {
  const path = join(folder, file)
  const content = readFileSync(path)
  content.set(Buffer.from(bytes), offset)
  writeFileSync(path, content)
}

/** A name of layout 1, with all that is left of its field. */
function setName(offset: number, name: string): void {
  patch('x.add-cow', offset, Buffer.alloc(NAME_SIZE).fill(name, 0, Buffer.byteLength(name)))
}

/** One clear line, exit status 1, and everything as it was. */
async function expectRefusal(
  args: readonly string[],
  message: RegExp,
  program: typeof addCowImg = addCowImg,
): Promise<void> {
  const before = folderState(folder)
  const ended = await program(folder, ...args)
  expectOneLine(ended, message, args)
  expect(folderState(folder), args.join(' ')).toEqual(before)
}

function expectOneLine(ended: Ended, message: RegExp, args: readonly string[]): void {
  const { code, stdout, stderr } = ended
  const what = args.join(' ')
  expect(stderr, what).toMatch(/^add-cow-img: [^\n]+\n$/)
  expect(stderr, what).toMatch(message)
  expect(stdout, what).toBe('')
  expect(code, what).toBe(1)
}

/** Every command that opens an image. */
function commandsOn(file: string): string[][] {
  return [
    ['info', file],
    ['info', '--output=json', '--backing-chain', file],
    ['check', file],
    ['check', '-r', 'all', file],
    ['map', '--output=json', file],
    ['resize', file, '+1M'],
    ['resize', '--shrink', file, '512'],
    ['flatten', file],
    ['convert', file, 'out.raw'],
    ['create', '-o', `image_file=new.raw,backing_file=${file}`, 'new.add-cow'],
  ]
}

interface Broken {
  readonly what: string
  readonly file: string
  readonly message: RegExp
  readonly make: () => void
}

const layout1 = { file: 'x.add-cow' }
const layout2 = { file: 'y.add-cow' }

const broken: readonly Broken[] = [
  {
    what: 'a file that is no image',
    ...layout1,
    message: /x\.add-cow: by its name it is an add-cow file, by its content it is not/,
    make: () => writeFileSync(join(folder, 'x.add-cow'), 'Dear diary\n'),
  },
  {
    what: 'an empty file',
    ...layout1,
    message: /x\.add-cow: by its name/,
    make: () => truncateSync(join(folder, 'x.add-cow'), 0),
  },
  {
    what: 'a short header of layout 1',
    ...layout1,
    message: /x\.add-cow: its header ends at byte 1030 of 2560/,
    make: () => truncateSync(join(folder, 'x.add-cow'), 1030),
  },
  {
    what: 'a header of layout 1 that ends within its magic',
    ...layout1,
    message: /x\.add-cow: by its name/,
    make: () => truncateSync(join(folder, 'x.add-cow'), 7),
  },
  {
    what: 'a short header of layout 2',
    ...layout2,
    message: /y\.add-cow: its header ends at byte 70 of 76/,
    make: () => truncateSync(join(folder, 'y.add-cow'), 70),
  },
  {
    what: 'version 2',
    ...layout1,
    message: /x\.add-cow: it is add-cow version 2, and only version 1 is known/,
    make: () => patch('x.add-cow', 8, Uint8Array.of(0, 0, 0, 2)),
  },
  {
    what: 'an unknown feature',
    ...layout2,
    message: /y\.add-cow: it needs features that are not known \(0x4\)/,
    make: () => patch('y.add-cow', 24, Uint8Array.of(4)),
  },
  {
    what: 'a name that fills its field, without a NUL, of a file that is not there',
    ...layout1,
    message: /its image file .*\/e{100,} is missing|the name is too long/,
    make: () => setName(IMAGE_NAME, 'e'.repeat(NAME_SIZE)),
  },
  {
    what: 'an empty image name',
    ...layout1,
    message: /x\.add-cow: it names no image file/,
    make: () => setName(IMAGE_NAME, ''),
  },
  {
    what: 'an image name that is no UTF-8',
    ...layout1,
    message: /x\.add-cow: its image file name is not a valid file name/,
    make: () => patch('x.add-cow', IMAGE_NAME, Uint8Array.of(0xff, 0xfe)),
  },
  {
    what: 'an image name that points to the add-cow file itself',
    ...layout1,
    message: /x\.add-cow: its image file is the add-cow file itself/,
    make: () => setName(IMAGE_NAME, 'x.add-cow'),
  },
  {
    what: 'an image name that points to itself through a link',
    ...layout1,
    message: /x\.add-cow: its image file is the add-cow file itself/,
    make: () => {
      symlinkSync('x.add-cow', join(folder, 'link.raw'))
      setName(IMAGE_NAME, 'link.raw')
    },
  },
  {
    what: 'a missing image file',
    ...layout1,
    message: /x\.add-cow: its image file .*x\.raw is missing/,
    make: () => rmSync(join(folder, 'x.raw')),
  },
  {
    what: 'a folder where the image file should be',
    ...layout1,
    message: /x\.raw: it is a directory/,
    make: () => {
      rmSync(join(folder, 'x.raw'))
      mkdirSync(join(folder, 'x.raw'))
    },
  },
  {
    what: 'a folder where the add-cow file should be',
    ...layout1,
    message: /x\.add-cow: it is a directory/,
    make: () => {
      rmSync(join(folder, 'x.add-cow'))
      mkdirSync(join(folder, 'x.add-cow'))
    },
  },
  {
    what: 'a link that leads in a circle',
    ...layout1,
    message: /x\.add-cow: its links lead in a circle/,
    make: () => {
      rmSync(join(folder, 'x.add-cow'))
      symlinkSync('x.add-cow', join(folder, 'x.add-cow'))
    },
  },
  {
    what: 'no file at all',
    file: 'nowhere/x.add-cow',
    message: /nowhere\/x\.add-cow(: there is no such file| is missing)/,
    make: () => undefined,
  },
]

/** What keeps a chain from being opened, though its top can be told of. */
const brokenBelow: readonly Broken[] = [
  {
    what: 'a missing base',
    ...layout1,
    message: /x\.add-cow: its backing file .*base\.raw is missing/,
    make: () => rmSync(join(folder, 'base.raw')),
  },
  {
    what: 'a missing base of layout 2',
    ...layout2,
    message: /y\.add-cow: its backing file .*base\.raw is missing/,
    make: () => rmSync(join(folder, 'base.raw')),
  },
  {
    what: 'a base that is the overlay itself',
    ...layout1,
    message: /x\.add-cow: its chain leads back to .*x\.add-cow/,
    make: () => setName(BACKING_NAME, 'x.add-cow'),
  },
  {
    what: 'a folder where the base should be',
    ...layout1,
    message: /base\.raw: it is a directory/,
    make: () => {
      rmSync(join(folder, 'base.raw'))
      mkdirSync(join(folder, 'base.raw'))
    },
  },
  {
    what: 'a base in a format that is not known',
    ...layout1,
    message: /base\.raw: it is encrypted \(luks\)/,
    make: () => patch('base.raw', 0, Uint8Array.of(0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe)),
  },
  {
    what: 'a base behind a protocol',
    ...layout1,
    message: /x\.add-cow: it names nbd:\/\/localhost\/x, on the network; that needs your consent/,
    make: () => setName(BACKING_NAME, 'nbd://localhost/x'),
  },
]

describe('one clear error, and nothing is changed', () => {
  test.each(broken)('$what', async ({ file, message, make }) => {
    make()
    await expectRefusal(['info', file], message)
    for (const args of commandsOn(file)) await expectRefusal(args, message, addCowImgHere)
  })

  test.each(brokenBelow)('$what', async ({ file, message, make }) => {
    make()
    const needsChain = commandsOn(file).filter(([command]) => !/info|check/.test(command ?? ''))
    for (const args of needsChain) await expectRefusal(args, message, addCowImgHere)
    await expectTopTold(file, message)
  })
})

/** `info` tells of the one layer, and of the chain up to what is broken; `check` finds it. */
async function expectTopTold(file: string, message: RegExp): Promise<void> {
  const before = folderState(folder)
  const info = await addCowImg(folder, 'info', '--output=json', file)
  expect(info).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(info.stdout)).toMatchObject({ filename: file, 'virtual-size': MIB })

  const chain = await addCowImg(folder, 'info', '--output=json', '--backing-chain', file)
  expect(chain.code).toBe(1)
  expect(chain.stderr).toMatch(/^add-cow-img: [^\n]+\n$/)
  expect(chain.stderr).toMatch(message)
  expect(JSON.parse(chain.stdout)).toMatchObject([{ filename: file }])

  const check = await addCowImg(folder, 'check', file)
  expect(check).toMatchObject({ code: 2, stderr: '' })
  expect(check.stdout).toMatch(message)
  expect(folderState(folder)).toEqual(before)
}

describe('what would be in the way stays', () => {
  test.each([
    [
      'an add-cow file',
      ['create', '-o', 'image_file=n.raw', 'x.add-cow', '1M'],
      /x\.add-cow: it exists/,
    ],
    ['a raw file', ['convert', 'x.add-cow', 'base.raw'], /base\.raw: it exists already/],
    ['the source itself', ['convert', 'x.add-cow', 'x.add-cow'], /x\.add-cow: it exists already/],
    [
      'its own base',
      ['create', '-o', 'image_file=base.raw,backing_file=base.raw', 'n.add-cow'],
      /base\.raw would be used twice/,
    ],
    [
      'its own add-cow file',
      ['create', '-o', 'image_file=n.add-cow', 'n.add-cow', '1M'],
      /n\.add-cow would be used twice/,
    ],
    ['a folder as output', ['convert', 'x.add-cow', '.'], /exists already/],
    [
      'a folder as image file',
      ['create', '-o', 'image_file=.', 'n.add-cow', '1M'],
      /is not a regular file/,
    ],
    [
      'a folder that is not there',
      ['create', '-o', 'image_file=n.raw', 'no/n.add-cow', '1M'],
      /there is no directory .*no/,
    ],
    [
      'the same for the image file',
      ['create', '-o', 'image_file=no/n.raw', 'n.add-cow', '1M'],
      /no\/n\.raw/,
    ],
    ['the same for the output', ['convert', 'x.add-cow', 'no/out.raw'], /no\/out\.raw/],
    [
      'an image file of another length',
      ['create', '-f', 'acow', '-o', 'image_file=base.raw', 'n.add-cow', '2M'],
      /base\.raw is 1048576 bytes long, not 2097152/,
    ],
    [
      'a missing base',
      ['create', '-o', 'image_file=n.raw,backing_file=no.raw', 'n.add-cow'],
      /its backing file .*no\.raw is missing/,
    ],
    [
      'no size',
      ['create', '-o', 'image_file=n.raw', 'n.add-cow'],
      /without a backing file a size is needed/,
    ],
    [
      'a size of zero',
      ['create', '-o', 'image_file=n.raw', 'n.add-cow', '0'],
      /a disk of 0 bytes is out of range/,
    ],
    [
      'a name too long',
      ['create', '-o', `image_file=${'./'.repeat(600)}n.raw`, 'n.add-cow', '1M'],
      /1205 bytes long; the format has room for 1024/,
    ],
    [
      'a cluster size that is none',
      ['create', '-f', 'acow', '-o', 'image_file=n.raw,cluster_size=5000', 'n.add-cow', '1M'],
      /5000 is no power of two/,
    ],
    [
      'shrinking unasked',
      ['resize', 'x.add-cow', '512k'],
      /shrinking must be asked for \(--shrink\)/,
    ],
    ['another format', ['convert', '-O', 'vmdk', 'x.add-cow', 'out.vmdk'], /'vmdk' is invalid/],
    ['flatten of a raw file', ['flatten', 'base.raw'], /base\.raw is a raw file, not an add-cow/],
    ['an unknown command', ['commmit', 'x.add-cow'], /unknown command 'commmit'/],
    ['an unknown option', ['info', '--frob', 'x.add-cow'], /unknown option '--frob'/],
    ['a word too many', ['info', 'x.add-cow', 'y.add-cow'], /too many arguments/],
    ['a word too few', ['convert', 'x.add-cow'], /missing required argument 'output'/],
  ])('%s', async (_what, args, message) => {
    await expectRefusal(args, message)
  })
})

describe('a file that may not be read', () => {
  const asOther = ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all']

  describeNeeding([linux, root, program('setpriv')], 'to root without its privileges', () => {
    test.each(['x.add-cow', 'x.raw', 'base.raw'])('%s', async (file) => {
      chmodSync(join(folder, file), 0)
      const before = folderState(folder)
      for (const args of commandsOn('x.add-cow')) {
        if (file === 'base.raw' && /info|check/.test(args[0] ?? '')) continue
        const words = [...asOther, process.execPath, addCowImgPath, ...args]
        const ended = await run(folder, 'setpriv', ...words)
        expectOneLine(ended, new RegExp(`${file.replace('.', '\\.')}: permission denied`), args)
      }
      expect(folderState(folder)).toEqual(before)
    })
  })
})

describeNeeding([linux, tmpfs], 'a full disk', () => {
  /** A file system with this much space left, mounted in the folder. */
  async function mountSmall(freeBytes: number): Promise<string> {
    const small = join(folder, 'small')
    mkdirSync(small)
    const options = ['-t', 'tmpfs', '-o', `size=${4 * MIB}`]
    expectSuccess('mount', options, await run(folder, 'mount', ...options, 'tmpfs', small))
    onTestFinished(async () => {
      await run(folder, 'umount', small)
    })
    writeFileSync(join(small, 'filler'), new Uint8Array(4 * MIB - freeBytes))
    return small
  }

  const noSpace = /(no space is left on the device|are free there)/

  test('create leaves nothing', async () => {
    await mountSmall(0)
    await expectRefusal(['create', '-o', 'image_file=n.raw', 'small/n.add-cow', '1G'], noSpace)
    await expectRefusal(
      ['create', '-f', 'acow', '-o', 'image_file=n.raw', 'small/n.add-cow', '1G'],
      noSpace,
    )
  })

  test('convert leaves nothing', async () => {
    await mountSmall(512 * 1024)
    await expectRefusal(['convert', 'x.add-cow', 'small/out.raw'], noSpace)
  })

  test.each(['add-cow', 'acow'])(
    'flatten loses nothing, and goes on with more: %s',
    async (format) => {
      const small = await mountSmall(MIB / 2)
      const options = 'backing_file=../base.raw,image_file=n.raw'
      const args = ['create', '-f', format, '-o', options, 'small/n.add-cow']
      expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
      await expectRefusal(['flatten', 'small/n.add-cow'], noSpace)
      rmSync(join(small, 'filler'))
      expect(await addCowImg(folder, 'flatten', 'small/n.add-cow')).toMatchObject({ code: 0 })
      expect(await addCowImg(folder, 'check', 'small/n.add-cow')).toMatchObject({ code: 0 })
      const { 'small/n.raw': flat, 'base.raw': base } = folderState(folder)
      expect(flat).toBe(base)
    },
  )
})
