import { describe, expect, test } from 'vitest'
import * as acow from '../../../engine/format/acow/header'
import * as addCow from '../../../engine/format/add-cow/header'
import { protocolOf, resolveName } from '../../../engine/format/file-names'
import { detectFormat } from '../../../engine/format/registry'
import { openDisk } from '../../../engine/image/disk'
import { fileSystem } from '../../support/host-log'
import { SimulatedHost } from '../../support/simulated-host'

const PATH = '/d/x.add-cow'

/** A name of so many bytes; the last characters take two and three bytes. */
function nameOf(bytes: number): string {
  return `${'n'.repeat(bytes - 5)}é€`
}

function patched(bytes: Uint8Array, offset: number, values: readonly number[]): Uint8Array {
  const copy = bytes.slice()
  copy.set(values, offset)
  return copy
}

describe('layout 1', () => {
  const header = { backingName: 'base.img', imageName: 'data.raw', size: 2 ** 40 + 512 }

  test('lies as the picture says', () => {
    const bytes = Buffer.from(addCow.encodeHeader(header))
    const expected = Buffer.alloc(2560)
    expected.write('ADD_COW', 0)
    expected.writeUInt8(0xff, 7)
    expected.writeUInt32BE(1, 8)
    expected.write('base.img', 12)
    expected.write('data.raw', 1036)
    expected.writeBigUInt64BE(2n ** 40n + 512n, 2060)
    expect(bytes.equals(expected)).toBe(true)
    expect(detectFormat(bytes)).toEqual({ format: 'add-cow' })
  })

  test.each([0, 512, 2 ** 32, 4096 * 2 ** 40])('keeps a size of %d', (size) => {
    const decoded = addCow.decodeHeader(addCow.encodeHeader({ ...header, size }), PATH)
    expect(decoded).toEqual({ ...header, size, reservedIsZero: true })
    expect(addCow.fileLength(size)).toBe(2560 + Math.ceil(size / 4096))
  })

  test.each([1023, 1024])('keeps names of %d bytes', (length) => {
    const named = { ...header, backingName: nameOf(length), imageName: `i${nameOf(length - 1)}` }
    const bytes = addCow.encodeHeader(named)
    expect(bytes[12 + 1023] === 0).toBe(length === 1023)
    expect(addCow.decodeHeader(bytes, PATH)).toEqual({ ...named, reservedIsZero: true })
  })

  test.each([
    { ...header, backingName: nameOf(1025) },
    { ...header, imageName: nameOf(1025) },
    { ...header, imageName: '' },
    { ...header, imageName: 'a\0b' },
    { ...header, size: 511 },
    { ...header, size: -512 },
    { ...header, size: 4096 * 2 ** 40 + 512 },
  ])('is not made of what does not fit', (wrong) => {
    expect(() => addCow.encodeHeader(wrong)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  const good = addCow.encodeHeader(header)
  test.each([
    ['version 2', patched(good, 8, [0, 0, 0, 2]), 'format/unsupported-version'],
    ['version 0', patched(good, 8, [0, 0, 0, 0]), 'format/unsupported-version'],
    [
      'a later version, cut off',
      patched(good, 8, [0, 0, 0, 3]).slice(0, 12),
      'format/unsupported-version',
    ],
    ['a byte is missing', good.slice(0, 2559), 'format/corrupt'],
    ['only the magic is there', good.slice(0, 8), 'format/corrupt'],
    ['no image file', patched(good, 1036, new Array<number>(1024).fill(0)), 'format/corrupt'],
    ['an image name that lost its start', patched(good, 1036, [0]), 'format/corrupt'],
    ['a backing name that lost its start', patched(good, 12, [0]), 'format/corrupt'],
    ['a name that is not UTF-8', patched(good, 12, [0xff, 0xfe]), 'format/corrupt'],
    ['a size out of range', patched(good, 2060, [0, 0x10, 0, 0, 0, 0, 2, 0]), 'format/corrupt'],
    ['a size of 2^64 - 1', patched(good, 2060, new Array<number>(8).fill(255)), 'format/corrupt'],
  ])('is refused: %s', (_, bytes, code) => {
    expect(() => addCow.decodeHeader(bytes, PATH)).toThrow(
      expect.objectContaining({ code, state: 'unchanged' }),
    )
  })

  test('its odd size is read as whole sectors, its reserved bytes are looked at', () => {
    const odd = addCow.decodeHeader(patched(good, 2067, [0xff]), PATH)
    expect(addCow.virtualSizeOf(odd)).toBe(2 ** 40 + 512)
    for (const at of [2068, 2559]) {
      expect(addCow.decodeHeader(patched(good, at, [1]), PATH).reservedIsZero).toBe(false)
    }
  })
})

describe('layout 2', () => {
  const header = {
    clusterBits: 16,
    backingName: 'ubuntu.img',
    backingFormat: 'raw',
    imageName: 'test.raw',
    imageFormat: 'raw',
    allAllocated: false,
  }
  const good = acow.encodeHeader(header)

  test('is the reference header byte for byte', () => {
    const start =
      '41434f574c0000000a00000056000000' +
      '08000000100000000000000000000000' +
      '00000000000000000000010072617700' +
      '00000000000000000000000072617700' +
      '0000000000000000000000007562756e' +
      '74752e696d67746573742e726177'
    const expected = Buffer.alloc(65536)
    expected.write(start, 'hex')
    expect(Buffer.from(good).equals(expected)).toBe(true)
    expect(acow.decodeHeader(good, PATH)).toEqual(header)
    expect(detectFormat(good)).toEqual({ format: 'acow' })
  })

  test('without a backing file has no backing fields, and may be marked as complete', () => {
    const alone = { ...header, backingName: undefined, backingFormat: '', allAllocated: true }
    const bytes = acow.encodeHeader(alone)
    expect([...bytes.subarray(4, 20)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 76, 0, 0, 0, 8, 0, 0, 0])
    expect(bytes[32]).toBe(1)
    expect(acow.decodeHeader(bytes, PATH)).toEqual(alone)
  })

  test.each([9, 11, 12, 13, 21])(
    'has a header of one cluster, 4 KiB at the least: 2^%d',
    (bits) => {
      const bytes = acow.encodeHeader({ ...header, clusterBits: bits })
      expect(bytes).toHaveLength(Math.max(4096, 2 ** bits))
      expect(acow.decodeHeader(bytes, PATH).clusterBits).toBe(bits)
    },
  )

  test('its file is padded to whole clusters', () => {
    expect(acow.fileLength(16, 8 * 2 ** 30)).toBe(131072)
    expect(acow.fileLength(12, 4096 * 8 * 4096)).toBe(8192)
    expect(acow.fileLength(12, 4096 * 8 * 4096 + 512)).toBe(12288)
    expect(acow.fileLength(9, 512)).toBe(4096 + 512)
    expect(acow.fileLength(16, 2 ** 41)).toBe(65536 + 2 ** 22)
  })

  test('takes a backing name of 1023 bytes and no more, an image name up to the end', () => {
    const small = { ...header, clusterBits: 12 }
    const longest = { ...small, backingName: nameOf(1023), imageName: nameOf(4096 - 76 - 1023) }
    expect(acow.decodeHeader(acow.encodeHeader(longest), PATH)).toEqual(longest)
    const wrong = [
      { ...small, backingName: nameOf(1024) },
      { ...longest, imageName: nameOf(4096 - 76 - 1022) },
      { ...small, imageName: '' },
      { ...small, backingFormat: 'sixteen-letters!' },
      { ...small, imageFormat: 'a\0' },
    ]
    for (const each of wrong) {
      expect(() => acow.encodeHeader(each)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
    const fifteen = { ...small, backingFormat: 'fifteen-letters' }
    expect(acow.decodeHeader(acow.encodeHeader(fifteen), PATH)).toEqual(fifteen)
  })

  test.each([
    ['a feature', patched(good, 24, [1]), 'format/unsupported-feature'],
    ['the highest feature', patched(good, 31, [0x80]), 'format/unsupported-feature'],
    ['cluster_bits 8', patched(good, 20, [8]), 'format/corrupt'],
    ['cluster_bits 22', patched(good, 20, [22]), 'format/corrupt'],
    ['cluster_bits 2^32 - 1', patched(good, 20, [255, 255, 255, 255]), 'format/corrupt'],
    ['another header size', patched(good, 40, [0, 16, 0, 0]), 'format/corrupt'],
    ['the fixed part is cut', good.slice(0, 75), 'format/corrupt'],
    ['the header is cut', good.slice(0, 65535), 'format/corrupt'],
    ['a backing name without an offset', patched(good, 4, [0]), 'format/corrupt'],
    ['a backing name without a length', patched(good, 8, [0]), 'format/corrupt'],
    ['a backing name of 1024 bytes', patched(good, 8, [0, 4]), 'format/corrupt'],
    ['a backing name in the fixed part', patched(good, 4, [75]), 'format/corrupt'],
    ['an image name in the fixed part', patched(good, 12, [0]), 'format/corrupt'],
    ['an image name without a length', patched(good, 16, [0]), 'format/corrupt'],
    ['an image name past the header', patched(good, 12, [0xff, 0xff]), 'format/corrupt'],
    [
      'an image name one byte past the header',
      patched(patched(good, 65529, [...Buffer.from('else.ra')]), 12, [0xf9, 0xff]),
      'format/corrupt',
    ],
    ['an image name of 4 GiB', patched(good, 16, [255, 255, 255, 255]), 'format/corrupt'],
    ['a name with a NUL', patched(good, 88, [0]), 'format/corrupt'],
    ['a name that is not UTF-8', patched(good, 88, [0xff]), 'format/corrupt'],
    [
      'a format that does not end',
      patched(good, 44, new Array<number>(16).fill(97)),
      'format/corrupt',
    ],
  ])('is refused: %s', (_, bytes, code) => {
    expect(() => acow.decodeHeader(bytes, PATH)).toThrow(
      expect.objectContaining({ code, state: 'unchanged' }),
    )
  })

  test('names may lie anywhere in the header; unknown compatible bits stay as they are', () => {
    const moved = patched(patched(good, 65536 - 8, [...Buffer.from('else.raw')]), 12, [0xf8, 0xff])
    expect(acow.decodeHeader(patched(moved, 32, [0xfe, 7]), PATH)).toEqual({
      ...header,
      imageName: 'else.raw',
    })
    const changed = acow.withAllAllocated(Uint8Array.of(0xf0, 1, 2, 3, 4, 5, 6, 7))
    expect(changed).toEqual({ offset: 32, bytes: Uint8Array.of(0xf1, 1, 2, 3, 4, 5, 6, 7) })
  })
})

test('layout 2 is not opened where its image file is said to be no raw one', async () => {
  const names = { backingName: undefined, backingFormat: '', imageName: 'x.raw' }
  const header = { ...names, clusterBits: 12, imageFormat: 'qcow2', allAllocated: true }
  const files = { [PATH]: acow.encodeHeader(header), '/d/x.raw': new Uint8Array(8192) }
  const host = new SimulatedHost(fileSystem(files))
  const opening = openDisk(host, PATH, { writable: false })
  await expect(opening).rejects.toMatchObject({ code: 'format/unsupported-feature' })
  expect(host.openCount).toBe(0)
})

describe('a file that shows another format', () => {
  const foreign: readonly [format: string, offset: number, magic: string][] = [
    ['vdi', 64, '\x7f\x10\xda\xbe'],
    ['vhdx', 0, 'vhdxfile'],
    ['vpc', 0, 'conectix'],
    ['luks', 0, 'LUKS\xba\xbe'],
  ]
  test.each(foreign)(
    '%s is not taken for raw, unless one says so',
    async (format, offset, magic) => {
      const bytes = new Uint8Array(8192)
      bytes.set(Buffer.from(magic, 'latin1'), offset)
      const host = new SimulatedHost(fileSystem({ '/d/disk.img': bytes }))
      const opening = openDisk(host, '/d/disk.img', { writable: false })
      await expect(opening).rejects.toMatchObject({ details: { format } })
      expect(host.openCount).toBe(0)
      const disk = await openDisk(host, '/d/disk.img', { writable: false, format: 'raw' })
      expect(disk.size).toBe(8192)
      expect(await disk.top.info()).toMatchObject({ format: 'raw', looksLike: format })
      await disk.close()
    },
  )
})

describe('file names', () => {
  test.each([
    ['nbd://host:10809/x', 'nbd'],
    ['nbd+unix:///x?socket=/s', 'nbd+unix'],
    ['file:x', 'file'],
    ['http://host', 'http'],
    ['a b:c', 'a b'],
    ['C:\\x', undefined],
    ['c:x', undefined],
    ['./a:b', undefined],
    ['dir/a:b', undefined],
    ['dir\\a:b', undefined],
    ['/a:b', undefined],
    [':x', undefined],
    ['plain.raw', undefined],
    ['', undefined],
  ])('the protocol of %j is %j', (name, protocol) => {
    expect(protocolOf(name)).toBe(protocol)
  })

  test.each([
    ['x.raw', '/d/e/x.raw'],
    ['../x.raw', '/d/x.raw'],
    ['./a:b', '/d/e/a:b'],
    ['/abs/x.raw', '/abs/x.raw'],
  ])('%j leads from the directory of the add-cow file to %j', (name, expected) => {
    expect(resolveName(name, '/d/e/x.add-cow')).toBe(expected)
  })

  test('a name with a protocol leads to no file', () => {
    expect(() => resolveName('http://h/x', PATH)).toThrow(
      expect.objectContaining({ code: 'not-supported', details: expect.anything() as unknown }),
    )
  })
})
