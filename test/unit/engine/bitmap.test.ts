import { describe, expect, test } from 'vitest'
import { PAGE_SIZE, PageCache } from '../../../engine/cache/page-cache'
import { CowBitmap } from '../../../engine/format/overlay/cow-bitmap'
import type { HostFile } from '../../../engine/host/host'
import type { HostCall } from '../../support/host-call'
import { fileSystem } from '../../support/host-log'
import { SimulatedHost } from '../../support/simulated-host'
import { SparseBytes } from '../../support/sparse-bytes'
import { WrappedFile } from '../../support/wrapped-host'

const PATH = '/d/metadata'
const START = 2560
const PAGE_BITS = PAGE_SIZE * 8
const nothing = (): Promise<void> => Promise.resolve()

interface Opened {
  readonly host: SimulatedHost
  readonly file: HostFile
  readonly calls: HostCall[]
}

/** A metadata file, open for writing; `failing` may name the calls that fail. */
async function openFile(
  content: SparseBytes,
  failing: (call: HostCall) => boolean = () => false,
): Promise<Opened> {
  const calls: HostCall[] = []
  const fail = (call: HostCall): 'EIO' | undefined => {
    calls.push(call)
    return failing(call) ? 'EIO' : undefined
  }
  const host = new SimulatedHost(fileSystem({ [PATH]: content }), { fail })
  return { host, calls, file: await host.open(PATH, { access: 'write' }) }
}

function fileOf(length: number): SparseBytes {
  const content = new SparseBytes()
  content.truncate(length)
  return content
}

function byteAt({ host }: Opened, offset: number): number | undefined {
  return host.bytesAt(PATH)?.toBytes()[offset]
}

function writes({ host }: Opened): [number, number][] {
  return host.log.flatMap((entry): [number, number][] =>
    entry.kind === 'write' ? [[entry.offset, entry.bytes.length]] : [],
  )
}

/** A barrier that is not passed before it is opened. */
function heldBarrier(): { barrier: () => Promise<void>; open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { barrier: () => opened, open: () => open() }
}

/** A file whose reads are there at once, and are told to be when `until` is. */
function lateFile(
  file: HostFile,
  until: (target: Uint8Array) => Promise<void> | undefined,
): HostFile {
  return new (class extends WrappedFile {
    override async read(target: Uint8Array, offset: number): Promise<void> {
      const told = until(target)
      await super.read(target, offset)
      await told
    }
  })(file)
}

async function setByte(cache: PageCache, index: number, value: number): Promise<void> {
  const page = await cache.get(index)
  page.bytes[0] = value
  cache.markDirty(page)
}

describe('the page cache', () => {
  test('runs the barrier before it writes anything, and not without need', async () => {
    const opened = await openFile(fileOf(START + 4 * PAGE_SIZE))
    const seen: number[] = []
    const barrier = (): Promise<void> => {
      seen.push(writes(opened).length)
      return Promise.resolve()
    }
    const length = 4 * PAGE_SIZE
    const cache = new PageCache(opened.file, { fileOffset: START, length, barrier })
    expect(await cache.writeBack()).toBe(false)
    await setByte(cache, 3, 1)
    await setByte(cache, 0, 2)
    await setByte(cache, 1, 3)
    expect(await cache.writeBack()).toBe(true)
    expect(seen).toEqual([0])
    // neighbours go in one piece
    expect(writes(opened)).toEqual([
      [START, 2 * PAGE_SIZE],
      [START + 3 * PAGE_SIZE, PAGE_SIZE],
    ])
    expect(cache.writes).toBe(2)
    expect(await cache.writeBack()).toBe(false)
    expect(seen).toEqual([0])
  })

  test('what is changed while the barrier runs goes with the next round', async () => {
    const opened = await openFile(fileOf(START + 2 * PAGE_SIZE))
    let rounds = 0
    const barrier = async (): Promise<void> => {
      rounds += 1
      if (rounds > 1) return
      await setByte(cache, 0, 99)
      await setByte(cache, 1, 99)
    }
    const length = 2 * PAGE_SIZE
    const cache = new PageCache(opened.file, { fileOffset: START, length, barrier })
    await setByte(cache, 0, 1)
    await cache.writeBack()
    expect([byteAt(opened, START), byteAt(opened, START + PAGE_SIZE)]).toEqual([1, 0])
    expect(cache.firstDirty(0)).toBe(0)
    expect(await cache.writeBack()).toBe(true)
    expect([byteAt(opened, START), byteAt(opened, START + PAGE_SIZE)]).toEqual([99, 99])
  })

  test('writing back waits for a round under way, and then for what it missed', async () => {
    const opened = await openFile(fileOf(START + 2 * PAGE_SIZE))
    const { barrier, open } = heldBarrier()
    const length = 2 * PAGE_SIZE
    const cache = new PageCache(opened.file, { fileOffset: START, length, barrier })
    await setByte(cache, 0, 1)
    const first = cache.writeBack()
    await setByte(cache, 1, 2)
    const second = cache.writeBack()
    open()
    expect([await first, await second]).toEqual([true, true])
    expect([byteAt(opened, START), byteAt(opened, START + PAGE_SIZE)]).toEqual([1, 2])
  })

  test('keeps so many pages, and writes dirty ones back before it lets them go', async () => {
    const pages = 40
    const opened = await openFile(fileOf(START + pages * PAGE_SIZE))
    let rounds = 0
    const barrier = (): Promise<void> => {
      rounds += 1
      return Promise.resolve()
    }
    const options = { fileOffset: START, length: pages * PAGE_SIZE, barrier }
    const cache = new PageCache(opened.file, { ...options, cacheBytes: 10 * PAGE_SIZE })
    for (let index = 0; index < pages; index += 1) {
      await setByte(cache, index, index + 1)
      const kept = Array.from({ length: pages }, (_, n) => cache.peek(n)).filter(Boolean)
      expect(kept.length).toBeLessThanOrEqual(10)
    }
    expect(rounds).toBe(3)
    for (let index = 0; index < pages; index += 1) {
      expect((await cache.get(index)).bytes[0]).toBe(index + 1)
    }
    // however little memory it is given, some pages stay
    const small = new PageCache(opened.file, { ...options, cacheBytes: 1 })
    await Promise.all(Array.from({ length: pages }, (_, n) => small.get(n)))
    const kept = Array.from({ length: pages }, (_, n) => small.peek(n)).filter(Boolean)
    expect(kept).toHaveLength(8)
  })

  test('lets the page go that was not used for the longest time', async () => {
    const opened = await openFile(fileOf(20 * PAGE_SIZE))
    const options = { fileOffset: 0, length: 20 * PAGE_SIZE, barrier: nothing }
    const cache = new PageCache(opened.file, { ...options, cacheBytes: 8 * PAGE_SIZE })
    for (let index = 0; index < 8; index += 1) await cache.get(index)
    await cache.get(0)
    await cache.get(8)
    expect([cache.peek(0)?.index, cache.peek(1)]).toEqual([0, undefined])
  })

  test('reads several pages at once where they are asked for one behind another', async () => {
    const pages = 40
    const content = fileOf(START)
    const all = Uint8Array.from({ length: pages * PAGE_SIZE - 6 }, (_, n) => n / PAGE_SIZE + 1)
    content.write(all, START)
    const opened = await openFile(content)
    const options = { fileOffset: START, length: all.length, barrier: nothing }
    const cache = new PageCache(opened.file, { ...options, cacheBytes: 1 })
    for (let index = 0; index < pages; index += 1) {
      const expected = new Uint8Array(PAGE_SIZE)
      expected.set(all.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE))
      expect((await cache.get(index)).bytes).toEqual(expected)
    }
    // the first, then 16 at a time
    expect(opened.calls.filter(({ kind }) => kind === 'read')).toHaveLength(4)
    for (const index of [39, 20, 3]) {
      expect((await cache.get(index)).bytes[0]).toBe(index + 1)
    }
  })

  test('several who ask for pages one behind another get each its own', async () => {
    const pages = 30
    const content = fileOf(0)
    content.write(
      Uint8Array.from({ length: pages * PAGE_SIZE }, (_, n) => n / PAGE_SIZE + 1),
      0,
    )
    const { file } = await openFile(content)
    const length = pages * PAGE_SIZE
    const lengths: number[] = []
    const options = { fileOffset: 0, length, barrier: nothing, cacheBytes: 1 }
    const cache = new PageCache(
      lateFile(file, (target) => {
        lengths.push(target.length)
        return Promise.resolve()
      }),
      options,
    )
    // so far all but the first have come in by one read
    for (let index = 0; index < 17; index += 1) await cache.get(index)
    const indices = [17, 18, 19, 3, 20, 25]
    const bytes = indices.map(async (index) => {
      const page = await cache.get(index)
      return [page.bytes[0], page.bytes[PAGE_SIZE - 1]]
    })
    expect(await Promise.all(bytes)).toEqual(indices.map((index) => [index + 1, index + 1]))
    const [page, ahead] = [PAGE_SIZE, 16 * PAGE_SIZE]
    expect(lengths).toEqual([page, ahead, 13 * page, page, page, page, page, page])
  })

  test.each(['before', 'while'])(
    'a page is read anew that was read ahead %s it was written',
    async (when) => {
      const { file } = await openFile(fileOf(40 * PAGE_SIZE))
      let held: Promise<void> | undefined
      const options = { fileOffset: 0, length: 40 * PAGE_SIZE, barrier: nothing, cacheBytes: 1 }
      const cache = new PageCache(
        lateFile(file, () => held),
        options,
      )
      await setByte(cache, 9, 77)
      await cache.get(2)
      let go = (): void => undefined
      if (when === 'while') held = new Promise((resolve) => (go = resolve))
      const third = cache.get(3)
      if (when === 'before') await third
      await cache.writeBack()
      go()
      await third
      for (let index = 38; cache.peek(9) !== undefined; index -= 2) await cache.get(index)
      expect((await cache.get(9)).bytes[0]).toBe(77)
    },
  )

  test('what was read ahead is forgotten at a reset', async () => {
    const { file } = await openFile(fileOf(8 * PAGE_SIZE))
    const length = 8 * PAGE_SIZE
    const cache = new PageCache(file, { fileOffset: 0, length, barrier: nothing })
    for (const index of [0, 1]) await cache.get(index)
    await file.write(Uint8Array.of(66), 2 * PAGE_SIZE)
    cache.reset(length)
    expect((await cache.get(2)).bytes[0]).toBe(66)
  })

  test('asks the file once for a page that several wait for', async () => {
    const opened = await openFile(fileOf(PAGE_SIZE))
    const cache = new PageCache(opened.file, { fileOffset: 0, length: PAGE_SIZE, barrier: nothing })
    const [a, b] = await Promise.all([cache.get(0), cache.get(0)])
    expect(a).toBe(b)
    expect(opened.calls.filter(({ kind }) => kind === 'read')).toHaveLength(1)
  })

  test.each(['write', 'barrier'])('what could not be written stays dirty: %s', async (what) => {
    let broken = true
    const opened = await openFile(
      fileOf(PAGE_SIZE),
      ({ kind }) => broken && what === 'write' && kind === 'write',
    )
    const barrier = (): Promise<void> =>
      broken && what === 'barrier' ? Promise.reject(new Error('barrier')) : Promise.resolve()
    const cache = new PageCache(opened.file, { fileOffset: 0, length: PAGE_SIZE, barrier })
    await setByte(cache, 0, 5)
    await expect(cache.writeBack()).rejects.toThrow(what)
    expect(cache.firstDirty(0)).toBe(0)
    if (what === 'barrier') expect(writes(opened)).toEqual([])
    broken = false
    expect(await cache.writeBack()).toBe(true)
    expect(byteAt(opened, 0)).toBe(5)
  })

  test('cuts the last page at the length, and forgets all at a reset', async () => {
    const opened = await openFile(fileOf(PAGE_SIZE + 100))
    const options = { fileOffset: 0, length: PAGE_SIZE + 10, barrier: nothing }
    const cache = new PageCache(opened.file, options)
    await setByte(cache, 1, 7)
    await cache.writeBack()
    expect(writes(opened)).toEqual([[PAGE_SIZE, 10]])
    await setByte(cache, 0, 8)
    cache.reset(5)
    expect(cache.firstDirty(0)).toBeUndefined()
    expect((await cache.get(0)).bytes[0]).toBe(0)
    expect(() => cache.get(1)).toThrow('outside')
  })
})

async function openBitmap(
  bits: number,
  content?: SparseBytes,
): Promise<Opened & { map: CowBitmap }> {
  const opened = await openFile(content ?? fileOf(START + Math.ceil(bits / 8)))
  return { ...opened, map: new CowBitmap(opened.file, START, bits, nothing) }
}

describe('the bitmap', () => {
  test('tells runs across pages, words, bytes and bits, each from every side', async () => {
    const bits = 3 * PAGE_BITS + 5
    const { map } = await openBitmap(bits)
    const edges = [0, 3, 9, 40, 105, PAGE_BITS - 1, 2 * PAGE_BITS + 33, bits]
    const runs = edges.slice(1).map((end, i) => ({ first: edges[i] ?? 0, end, value: i % 2 === 1 }))
    for (const { first, end, value } of runs) if (value) await map.set(first, end - first)
    for (const { first, end, value } of runs) {
      expect(await map.runAt(first, bits - first)).toEqual({ value, count: end - first })
      expect(await map.runAt(first, end - first)).toEqual({ value, count: end - first })
      expect(await map.runAt(end - 1, 1)).toEqual({ value, count: 1 })
    }
    expect(await map.countSet()).toBe(6 + 65 + PAGE_BITS + 34)
  })

  test('bit n is bit n % 8 of byte n / 8 of the file, after it was written back', async () => {
    const opened = await openBitmap(2 * PAGE_BITS)
    for (const bit of [0, 9, 23, PAGE_BITS + 4]) await opened.map.set(bit, 1)
    expect(byteAt(opened, START)).toBe(0)
    await opened.map.writeBack()
    expect([0, 1, 2, PAGE_SIZE].map((at) => byteAt(opened, START + at))).toEqual([1, 2, 128, 16])
  })

  test('holes of the file are never read, however large it is', async () => {
    const bits = 2 ** 35
    const content = fileOf(START + bits / 8)
    content.write(Uint8Array.of(0x10), START + 2 ** 31)
    const { map, calls, host } = await openBitmap(bits, content)
    expect(await map.countSet()).toBe(1)
    expect(await map.runAt(0, bits)).toEqual({ value: false, count: 2 ** 34 + 4 })
    const after = 2 ** 34 + 5
    expect(await map.runAt(after, bits - after)).toEqual({ value: false, count: bits - after })
    expect(calls.length).toBeLessThan(20)
    expect(calls.filter(({ kind }) => kind === 'read').length).toBeLessThan(5)
    expect(host.longestTransfer).toBeLessThanOrEqual(2 ** 20)
  })

  test('a page that is just being written is no hole', async () => {
    const bits = 12 * PAGE_BITS
    const opened = await openFile(fileOf(START + bits / 8))
    const { barrier, open } = heldBarrier()
    const map = new CowBitmap(opened.file, START, bits, barrier)
    await map.set(10 * PAGE_BITS + 5, 1)
    const written = map.writeBack()
    expect(await map.runAt(0, bits)).toEqual({ value: false, count: 10 * PAGE_BITS + 5 })
    expect(await map.countSet()).toBe(1)
    open()
    await written
  })

  test('counts what is not written yet, and not what stands behind its end', async () => {
    const bits = PAGE_BITS + 11
    const content = fileOf(START + PAGE_SIZE + 500)
    content.write(Uint8Array.of(0xff, 0xff, 0xff), START + PAGE_SIZE)
    const opened = await openBitmap(bits, content)
    expect(await opened.map.countSet()).toBe(11)
    await opened.map.set(0, 100)
    await opened.map.clear(PAGE_BITS, 3)
    expect(await opened.map.countSet()).toBe(108)
    await opened.map.writeBack()
    expect(await opened.map.countSet()).toBe(108)
    // the rest of the last byte, and what follows it, are left alone
    const tail = [0, 1, 2].map((at) => byteAt(opened, START + PAGE_SIZE + at))
    expect(tail).toEqual([0xf8, 0xff, 0xff])
  })

  test('a change of no bits changes none', async () => {
    const { map } = await openBitmap(PAGE_BITS)
    await map.set(5, 0)
    await map.clear(0, 0)
    expect(await map.writeBack()).toBe(false)
  })

  test('a change of what is so already makes nothing dirty', async () => {
    const { map } = await openBitmap(PAGE_BITS)
    await map.clear(0, PAGE_BITS)
    expect(await map.writeBack()).toBe(false)
    await map.set(7, 9)
    expect(await map.writeBack()).toBe(true)
    await map.set(8, 3)
    expect(await map.writeBack()).toBe(false)
  })

  test('bits outside are a mistake of the caller', async () => {
    const { map } = await openBitmap(10)
    expect(() => map.runAt(5, 6)).toThrow('outside')
    expect(() => map.set(5, 6)).toThrow('outside')
  })
})
