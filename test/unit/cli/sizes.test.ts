import { describe, expect, test } from 'vitest'
import { GIB, KIB, MIB } from '../../../engine/base/units'
import { newSizeArgument, protectNegativeSize, sizeArgument } from '../../../engine/cli/sizes'

describe('a size', () => {
  test.each([
    ['512', 512],
    ['64k', 64 * KIB],
    ['64K', 64 * KIB],
    ['10G', 10 * GIB],
    ['1.5T', 1536 * GIB],
  ])('%s', (text, expected) => {
    expect(sizeArgument(text)).toBe(expected)
  })

  test.each(['', 'x', '-1', '10X', '1..5G', '0x10', '1e3', '99999T'])('refused: %s', (text) => {
    expect(() => sizeArgument(text)).toThrow(`Invalid size '${text}'`)
  })
})

describe('a new size', () => {
  test.each([
    ['4M', 4 * MIB],
    ['+1M', 3 * MIB],
    ['-512k', 1.5 * MIB],
    ['-2M', 0],
  ])('%s of 2 MiB', (text, expected) => {
    expect(newSizeArgument(text, 2 * MIB)).toBe(expected)
  })

  test('that would be below zero is told apart from one that cannot be read', () => {
    expect(() => newSizeArgument('-3M', 2 * MIB)).toThrow('by -3M: out of range')
    expect(() => newSizeArgument('-3X', 2 * MIB)).toThrow("Invalid size '-3X'")
    expect(() => newSizeArgument('+', 2 * MIB)).toThrow("Invalid size '+'")
  })
})

describe('a negative size behind resize', () => {
  test.each([
    [
      ['resize', 'x', '-1G'],
      ['resize', 'x', '--', '-1G'],
    ],
    [
      ['resize', '--shrink', 'x', '-1G'],
      ['resize', '--shrink', 'x', '--', '-1G'],
    ],
    [
      ['resize', 'x', '--', '-1G'],
      ['resize', 'x', '--', '-1G'],
    ],
    [
      ['resize', 'x', '--shrink'],
      ['resize', 'x', '--shrink'],
    ],
    [
      ['resize', 'x', '+1G'],
      ['resize', 'x', '+1G'],
    ],
    [
      ['info', '-1'],
      ['info', '-1'],
    ],
    [[], []],
  ])('%j', (args, expected) => {
    expect(protectNegativeSize(args)).toEqual(expected)
  })
})
