import { describe, expect, test } from 'vitest'
import { clipRange, rangeEnd, rangesOverlap, splitRange } from '../../../engine/base/byte-range'
import {
  alignDown,
  alignUp,
  divCeil,
  formatSize,
  GIB,
  isAligned,
  KIB,
  MAX_VIRTUAL_SIZE,
  MIB,
  parseSize,
  parseSizeChange,
  TIB,
} from '../../../engine/base/units'

describe('whole units', () => {
  test.each([
    { value: 0, unit: 65536, up: 0, down: 0, count: 0 },
    { value: 1, unit: 65536, up: 65536, down: 0, count: 1 },
    { value: 65535, unit: 65536, up: 65536, down: 0, count: 1 },
    { value: 65536, unit: 65536, up: 65536, down: 65536, count: 1 },
    { value: 65537, unit: 65536, up: 131072, down: 65536, count: 2 },
    { value: 511, unit: 512, up: 512, down: 0, count: 1 },
    { value: 2 ** 31, unit: 512, up: 2 ** 31, down: 2 ** 31, count: 2 ** 22 },
    { value: 2 ** 32 - 1, unit: 512, up: 2 ** 32, down: 2 ** 32 - 512, count: 2 ** 23 },
    { value: 2 ** 32, unit: 65536, up: 2 ** 32, down: 2 ** 32, count: 65536 },
    { value: 2 ** 32 + 1, unit: 65536, up: 2 ** 32 + 65536, down: 2 ** 32, count: 65537 },
    { value: 2 ** 52 - 1, unit: 2 ** 21, up: 2 ** 52, down: 2 ** 52 - 2 ** 21, count: 2 ** 31 },
  ])('$value in units of $unit', ({ value, unit, up, down, count }) => {
    expect(alignUp(value, unit)).toBe(up)
    expect(alignDown(value, unit)).toBe(down)
    expect(divCeil(value, unit)).toBe(count)
    expect(isAligned(value, unit)).toBe(value === down)
  })

  test('the largest disk has as many sectors as its bytes say', () => {
    expect(divCeil(MAX_VIRTUAL_SIZE - 511, 512)).toBe(2 ** 43)
    expect(divCeil(MAX_VIRTUAL_SIZE + 1, 512)).toBe(2 ** 43 + 1)
  })
})

describe('sizes that people type', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['512b', 512],
    ['512 B', 512],
    ['64k', 64 * KIB],
    ['64K', 64 * KIB],
    ['64KB', 64 * KIB],
    ['64 KiB', 64 * KIB],
    ['  20 GiB ', 20 * GIB],
    ['1.5T', 1.5 * TIB],
    ['1.1k', 1126],
    ['0.5m', MIB / 2],
    ['4P', MAX_VIRTUAL_SIZE],
  ])('%j is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each([
    '',
    ' ',
    'k',
    '-1',
    '+1',
    '1.5',
    '1.5b',
    '1,5G',
    '1e9',
    '0x200',
    '10Q',
    '10kk',
    '10 i',
    '.5G',
    '1.G',
    'NaN',
    'Infinity',
    '4.1P',
    '5000T',
    '9'.repeat(400),
  ])('%j is no size', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })

  test.each([
    ['+1G', 10 * GIB, 11 * GIB],
    [' +512 ', 512, 1024],
    ['-512M', GIB, GIB / 2],
    ['-1G', GIB, 0],
    ['3G', GIB, 3 * GIB],
  ])('%j on %d is %d bytes', (text, present, bytes) => {
    expect(parseSizeChange(text, present)).toBe(bytes)
  })

  test.each([
    ['-2G', GIB],
    ['+1', MAX_VIRTUAL_SIZE],
    ['+', GIB],
    ['--1', GIB],
    ['+-1', GIB],
    ['+1x', GIB],
  ])('%j on %d is no size', (text, present) => {
    expect(parseSizeChange(text, present)).toBeUndefined()
  })

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [64 * KIB, '64 KiB'],
    [1000 * KIB, '1000 KiB'],
    [MIB - KIB, '1023 KiB'],
    [MIB - 1, '1 MiB'],
    [Math.round(1023.7 * KIB), '1 MiB'],
    [GIB - 1, '1 GiB'],
    [1.25 * GIB, '1.25 GiB'],
    [12.34 * GIB, '12.3 GiB'],
    [123.4 * GIB, '123 GiB'],
    [16 * TIB, '16 TiB'],
    [MAX_VIRTUAL_SIZE, '4 PiB'],
    [2048 * 1024 * TIB, '2048 PiB'],
  ])('%d bytes are shown as %j', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })
})

describe('byte ranges', () => {
  test('end, clip and overlap', () => {
    const range = { offset: 2 ** 40, length: 10 }
    expect(rangeEnd(range)).toBe(2 ** 40 + 10)
    expect(clipRange(range, 2 ** 40 + 4)).toEqual({ offset: 2 ** 40, length: 4 })
    expect(clipRange(range, 2 ** 40)).toEqual({ offset: 2 ** 40, length: 0 })
    expect(clipRange(range, 5)).toEqual({ offset: 2 ** 40, length: 0 })
    expect(clipRange(range, 2 ** 50)).toEqual(range)
    expect(rangesOverlap({ offset: 0, length: 5 }, { offset: 4, length: 1 })).toBe(true)
    expect(rangesOverlap({ offset: 0, length: 5 }, { offset: 5, length: 1 })).toBe(false)
    expect(rangesOverlap({ offset: 5, length: 1 }, { offset: 0, length: 5 })).toBe(false)
    expect(rangesOverlap({ offset: 0, length: 9 }, { offset: 3, length: 2 })).toBe(true)
  })

  test('pieces end at multiples of the limit', () => {
    const pieces = [...splitRange({ offset: 2 ** 32 - 3, length: 14 }, 8)]
    expect(pieces).toEqual([
      { offset: 2 ** 32 - 3, length: 3 },
      { offset: 2 ** 32, length: 8 },
      { offset: 2 ** 32 + 8, length: 3 },
    ])
    expect([...splitRange({ offset: 8, length: 8 }, 8)]).toEqual([{ offset: 8, length: 8 }])
    expect([...splitRange({ offset: 8, length: 0 }, 8)]).toEqual([])
  })
})
