import fc from 'fast-check'
import { type ByteRange, rangeEnd } from '../../engine/base/byte-range'
import { KIB } from '../../engine/base/units'
import { expect } from 'vitest'
import type { Place, Stack } from './stack'

/** fast-check keeps a model beside the real thing; here the stack carries both. */
type Model = Readonly<Record<string, never>>
type Command = fc.AsyncCommand<Model, Stack>

function command(text: string, run: (stack: Stack) => Promise<void>): Command {
  return { check: () => true, run: async (_, stack) => await run(stack), toString: () => text }
}

const place: fc.Arbitrary<Place> = fc.record({
  anchor: fc.nat(11),
  shift: fc.oneof(
    fc.integer({ min: -1100, max: 1100 }),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.constantFrom(-4096, -512, 0, 512),
  ),
})
const length = fc.oneof(
  fc.integer({ min: 1, max: 1100 }),
  fc.constantFrom(512, 4096, 8192),
  fc.integer({ min: 1, max: 150 * KIB }),
)
const seed = fc.nat(1_000_000)

function bytesOf(count: number, value: number): Uint8Array {
  const bytes = new Uint8Array(count)
  for (let at = 0; at < count; at += 1) bytes[at] = 1 + ((at * 7 + value) % 255)
  return bytes
}

async function expectSame(stack: Stack, range: ByteRange): Promise<void> {
  const found = await stack.readDisk(range)
  expect(Buffer.compare(found, stack.expected(range)), `bytes at ${String(range.offset)}`).toBe(0)
}

const write = fc.tuple(place, length, seed).map(([at, count, value]) =>
  command(`write(${JSON.stringify(at)}, ${count}, ${value})`, async (stack) => {
    const range = stack.rangeAt(at, count)
    const bytes = bytesOf(range.length, value)
    await stack.disk.write(bytes, range.offset)
    stack.flat.write(bytes, range.offset)
    await expectSame(stack, range)
  }),
)

const read = fc.tuple(place, length).map(([at, count]) =>
  command(`read(${JSON.stringify(at)}, ${count})`, async (stack) => {
    await expectSame(stack, stack.rangeAt(at, count))
  }),
)

const zero = fc
  .tuple(place, fc.oneof(length, fc.integer({ min: 1, max: 40_000 * KIB })))
  .map(([at, count]) =>
    command(`zero(${JSON.stringify(at)}, ${count})`, async (stack) => {
      const range = stack.rangeAt(at, count)
      await stack.disk.writeZeroes(range)
      stack.flat.punch(range.offset, range.length)
      await expectSame(stack, { ...range, length: Math.min(range.length, 64 * KIB) })
    }),
  )

/** Each byte stays or becomes zero, and keeps to that. */
const discard = fc.tuple(place, length).map(([at, count]) =>
  command(`discard(${JSON.stringify(at)}, ${count})`, async (stack) => {
    const range = stack.rangeAt(at, count)
    const before = stack.expected(range)
    await stack.disk.discard(range)
    const after = await stack.readDisk(range)
    const wrong = after.findIndex((byte, index) => byte !== 0 && byte !== before[index])
    expect(wrong, 'a discarded byte that is neither as before nor zero').toBe(-1)
    stack.flat.write(after, range.offset)
  }),
)

const flush = fc.constant(command('flush', async (stack) => await stack.disk.flush()))

const resize = place.map((at) =>
  command(`resize(${JSON.stringify(at)})`, async (stack) => await stack.resize(stack.sizeAt(at))),
)

const reopen = fc
  .constantFrom(1, 1 << 22)
  .map((cacheBytes) =>
    command(`reopen(${cacheBytes})`, async (stack) => await stack.reopen(cacheBytes)),
  )

const map = fc.constant(
  command('map', async (stack) => {
    expect(await stack.differences()).toEqual([])
  }),
)

const putOnTop = fc
  .tuple(
    fc.constantFrom('add-cow', 'acow'),
    fc.integer({ min: 12, max: 21 }),
    fc.option(place, { nil: undefined }),
  )
  .map(([format, bits, at]) =>
    command(`putOnTop(${format}, ${bits}, ${JSON.stringify(at)})`, async (stack) => {
      const given = format === 'acow' ? { format, clusterSize: 2 ** bits } : { format }
      await stack.putOnTop(given, at === undefined ? undefined : stack.sizeAt(at))
    }),
  )

type Request = Readonly<{
  kind: 'write' | 'zero' | 'read' | 'flush'
  shift: number
  count: number
  value: number
}>
const request: fc.Arbitrary<Request> = fc.record({
  kind: fc.constantFrom('write', 'write', 'zero', 'read', 'flush'),
  shift: fc.integer({ min: 0, max: 9000 }),
  count: length,
  value: seed,
})

/** Requests that overlap, all begun before one has ended: each byte comes from one of them. */
const together = fc
  .tuple(place, fc.array(request, { minLength: 2, maxLength: 7 }))
  .map(([at, requests]) =>
    command(`together(${JSON.stringify(at)}, ${JSON.stringify(requests)})`, async (stack) => {
      const works = requests.map((each) => {
        const range = stack.rangeAt({ ...at, shift: at.shift + each.shift }, each.count)
        const zeroes = new Uint8Array(range.length)
        const bytes = each.kind === 'write' ? bytesOf(range.length, each.value) : zeroes
        return { ...each, range, bytes }
      })
      const changes = works.filter(({ kind }) => kind === 'write' || kind === 'zero')
      await Promise.all(works.map((work) => begin(stack, work, changes)))
      for (const { range } of changes) {
        const found = await stack.readDisk(range)
        expectMixed(stack, range, found, changes, false)
      }
      // Only when all were looked at: until then the array has what was there before.
      for (const { range } of changes) stack.flat.write(await stack.readDisk(range), range.offset)
    }),
  )

interface Change {
  readonly range: ByteRange
  readonly bytes: Uint8Array
}

async function begin(
  stack: Stack,
  { kind, range, bytes }: Request & Change,
  changes: readonly Change[],
): Promise<void> {
  if (kind === 'write') await stack.disk.write(bytes, range.offset)
  else if (kind === 'zero') await stack.disk.writeZeroes(range)
  else if (kind === 'flush') await stack.disk.flush()
  else expectMixed(stack, range, await stack.readDisk(range), changes, true)
}

/**
 * Every byte is from one of the changes; or, where none covers it or the old ones may still be
 * there, as before.
 */
function expectMixed(
  stack: Stack,
  range: ByteRange,
  found: Uint8Array,
  changes: readonly Change[],
  orBefore: boolean,
): void {
  const before = stack.expected(range)
  for (const [index, byte] of found.entries()) {
    const at = range.offset + index
    const covering = changes.filter((each) => each.range.offset <= at && at < rangeEnd(each.range))
    if ((covering.length === 0 || orBefore) && byte === before[index]) continue
    if (covering.some((each) => each.bytes[at - each.range.offset] === byte)) continue
    expect.fail(`the byte at ${String(at)} is from none of the requests`)
  }
}

/** Runs of all kinds of commands. */
export const commands = fc.commands<Model, Stack, false>(
  [write, write, read, zero, discard, flush, resize, reopen, map, putOnTop, together],
  { maxCommands: 40 },
)
