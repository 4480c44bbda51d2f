import { describe, expect, test } from 'vitest'
import { parseOptionList } from '../../../engine/cli/option-list'
import { optionValue } from '../../../engine/job/plan'

const keys = ['a', 'b_file'] as const

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parseOptionList(text, keys))
}

describe('the value of -o', () => {
  test.each([
    ['a=1', { a: '1' }],
    ['a=1,b_file=x.raw', { a: '1', b_file: 'x.raw' }],
    ['a=x,,y,b_file=,,', { a: 'x,y', b_file: ',' }],
    ['a=x,,,b_file=y', { a: 'x,', b_file: 'y' }],
    ['a=,,,,', { a: ',,' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=', { a: '' }],
    ['a= x y ', { a: ' x y ' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  test.each([
    ['c=1', "There is no option 'c' for -o; there are a, b_file"],
    ['a', 'The option a of -o needs a value: a=...'],
    ['a=1,a=2', 'The option a of -o is given twice'],
    ['', "There is no option '' for -o; there are a, b_file"],
    ['a=1,', "There is no option '' for -o; there are a, b_file"],
    [',a=1', "There is no option '' for -o; there are a, b_file"],
    ['A=1', "There is no option 'A' for -o; there are a, b_file"],
  ])('refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  test.each(['', ',', 'a,b', ',,', 'x=y,z', 'ü,'])('takes back what was quoted: %s', (name) => {
    expect(parse(`a=${optionValue(name)},b_file=1`)).toEqual({ a: name, b_file: '1' })
  })
})
