import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { Output, TextSink } from '../../../engine/cli/output'

async function through(texts: readonly string[]): Promise<string> {
  const stream = new PassThrough()
  const written = buffer(stream)
  const sink = new TextSink(new Output(stream))
  for (const text of texts) {
    sink.text(text)
    await sink.pass()
  }
  await sink.end()
  stream.end()
  return (await written).toString()
}

describe('many texts on the way to the output', () => {
  test('arrive whole and in order', async () => {
    const texts = Array.from({ length: 50_000 }, (_, n) => `line ${String(n)} äöü 漢字 🦉\n`)
    expect((await through(texts)) === texts.join('')).toBe(true)
  })

  test('may be longer than what is kept', async () => {
    const texts = ['before', 'ä'.repeat(1_000_000), 'behind', '', '漢'.repeat(87_381), 'end']
    expect((await through(texts)) === texts.join('')).toBe(true)
  })

  test.each([0, 7, 10, 999_999_999, 1e9, 1_000_000_001, 4294967296, 2 ** 40 + 9, 2 ** 53 - 1])(
    'may be numbers: %d',
    async (value) => {
      const stream = new PassThrough()
      const sink = new TextSink(new Output(stream))
      sink.number(value)
      sink.bytes(Buffer.from(' ä '))
      sink.number(value)
      await sink.end()
      stream.end()
      expect((await buffer(stream)).toString()).toBe(`${String(value)} ä ${String(value)}`)
    },
  )

  test('may be none', async () => {
    expect(await through([])).toBe('')
  })
})
