import { PassThrough } from 'node:stream'
import { text as streamText } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { unservedEntries } from '../../../engine/cli/map'
import { humanMap, jsonMap, type MapEntry, type MapText } from '../../../engine/cli/map-text'
import { Output, TextSink } from '../../../engine/cli/output'

const entries: readonly MapEntry[] = [
  {
    start: 0,
    length: 4096,
    depth: 1,
    present: true,
    zero: false,
    data: true,
    offset: 0,
    filename: 'a "b".raw',
  },
  { start: 4096, length: 512, depth: 0, present: false, zero: true, data: false },
]

async function whole(text: MapText, list: readonly MapEntry[]): Promise<string> {
  const stream = new PassThrough()
  const sink = new TextSink(new Output(stream))
  text.head(sink)
  for (const entry of list) text.entry(sink, entry)
  text.tail(sink)
  await sink.end()
  stream.end()
  return await streamText(stream)
}

describe('a map', () => {
  test('as JSON is an array, one entry a line', async () => {
    const text = await whole(jsonMap(), entries)
    expect(text).toBe(
      '[{ "start": 0, "length": 4096, "depth": 1, "present": true, "zero": false, ' +
        '"data": true, "offset": 0, "filename": "a \\"b\\".raw"},\n' +
        '{ "start": 4096, "length": 512, "depth": 0, "present": false, "zero": true, ' +
        '"data": false}]\n',
    )
    expect(JSON.parse(text)).toEqual(entries)
    expect(JSON.parse(await whole(jsonMap(), []))).toEqual([])
  })

  test('for people shows what holds data', async () => {
    expect(await whole(humanMap(), entries)).toBe(
      'Offset          Length          Mapped to       File\n' +
        '0               0x1000          0               a "b".raw\n',
    )
  })
})

describe('a run that no layer serves', () => {
  const layers = [{ size: 8192 }, { size: 4096 }, { size: 2048 + 100 }]

  test('counts for the deepest layer that covers it', () => {
    const depths = (offset: number, length: number): unknown =>
      unservedEntries({ offset, length }, layers).map(({ start, length: n, depth }) => [
        start,
        n,
        depth,
      ])
    expect(depths(0, 512)).toEqual([[0, 512, 2]])
    expect(depths(2048, 512)).toEqual([[2048, 512, 1]])
    expect(depths(1024, 7168)).toEqual([
      [1024, 1024, 2],
      [2048, 2048, 1],
      [4096, 4096, 0],
    ])
  })

  test('below a layer that is shorter, nothing counts', () => {
    const shortInBetween = [{ size: 8192 }, { size: 1024 }, { size: 8192 }]
    const found = unservedEntries({ offset: 2048, length: 512 }, shortInBetween)
    expect(found).toMatchObject([{ depth: 0, present: false, zero: true }])
  })
})
