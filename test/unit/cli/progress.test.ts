import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ProgressLine, progressText } from '../../../engine/cli/progress'

class Terminal extends Writable {
  drawn: string[] = []

  constructor(readonly isTTY: boolean) {
    super()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.drawn.push(chunk.toString())
    done()
  }
}

const halfway = { phase: 'copying', current: 1, total: 2 } as const
const done = { phase: 'verifying', current: 2, total: 2 } as const

describe('the text of a progress', () => {
  test.each([
    [0, 3, '    (0.00/100%) copying'],
    [1, 3, '    (33.33/100%) copying'],
    [99_999, 100_000, '    (99.99/100%) copying'],
    [999_999, 1_000_000, '    (99.99/100%) copying'],
    [3, 3, '    (100.00/100%) copying'],
    [0, 0, '    (100.00/100%) copying'],
  ])('%i of %i', (current, total, expected) => {
    expect(progressText({ phase: 'copying', current, total })).toBe(expected)
  })
})

describe('a progress line', () => {
  test('is drawn over itself, and ended by a new line', () => {
    const terminal = new Terminal(true)
    const line = new ProgressLine(terminal, true)
    line.show(done)
    line.show({ ...done, phase: 'copying' })
    line.end()
    expect(terminal.drawn).toEqual([
      '\r    (100.00/100%) verifying',
      '\r    (100.00/100%) copying  ',
      '\n',
    ])
  })

  test('is drawn a few times a second, however often it is told', () => {
    const terminal = new Terminal(true)
    const line = new ProgressLine(terminal, true)
    for (let current = 0; current < 100; current += 1) {
      line.show({ phase: 'copying', current, total: 1000 })
    }
    expect(terminal.drawn.length).toBeLessThan(20)
  })

  test.each([
    [new Terminal(false), true],
    [new Terminal(true), false],
  ])('is nothing without a terminal, and unasked', (terminal, wanted) => {
    const line = new ProgressLine(terminal, wanted)
    line.show(halfway)
    line.end()
    expect(terminal.drawn).toEqual([])
  })
})
