import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PAGE_SIZE } from '../../engine/cache/page-cache'
import { CowBitmap } from '../../engine/format/overlay/cow-bitmap'
import type { DataRun } from '../../engine/host/host'
import { fileSystem } from '../support/host-log'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { SparseBytes } from '../support/sparse-bytes'
import { WrappedFile } from '../support/wrapped-host'

const PATH = '/d/bitmap'
const PAGE_BITS = PAGE_SIZE * 8
/** Three times what the smallest cache holds. */
const PAGES = 24
const BITS = PAGES * PAGE_BITS - 12_345
/** No multiple of a page: pages of the file do not start at blocks of the host. */
const FILE_OFFSET = 2560

interface Range {
  readonly first: number
  readonly count: number
}

/** A bitmap on a host that answers late, and a flat array of bits that says what it must hold. */
class Bits {
  readonly flat = new Uint8Array(BITS)
  private readonly host: SimulatedHost

  private constructor(
    readonly random: Random,
    host: SimulatedHost,
    readonly bitmap: CowBitmap,
  ) {
    this.host = host
  }

  static async begin(seed: number): Promise<Bits> {
    const random = new Random(seed)
    const file = new SparseBytes()
    file.truncate(FILE_OFFSET + Math.ceil(BITS / 8))
    const host = new SimulatedHost(fileSystem({ [PATH]: file }), { random: random.fork() })
    const opened = await host.open(PATH, { access: 'write' })
    const barrier = async (): Promise<void> => {
      await host.late()
    }
    return new Bits(random, host, new CowBitmap(opened, FILE_OFFSET, BITS, barrier, 1))
  }

  /** A range that often starts or ends near the border of a page, and may be pages long. */
  pick(): Range {
    const { random } = this
    const border = random.below(PAGES) * PAGE_BITS
    const around = random.chance(0.5) ? border + random.between(-40, 40) : random.below(BITS)
    const first = Math.min(Math.max(0, around), BITS - 1)
    const length = random.between(1, random.pick([1, 40, PAGE_BITS, 3 * PAGE_BITS]))
    return { first, count: Math.min(length, BITS - first) }
  }

  async change({ first, count }: Range, value: boolean): Promise<void> {
    if (value) await this.bitmap.set(first, count)
    else await this.bitmap.clear(first, count)
    this.flat.fill(value ? 1 : 0, first, first + count)
  }

  /** The run at `first` as the flat array has it. */
  expectedRun(first: number, limit: number): { value: boolean; count: number } {
    const value = this.flat[first]
    let count = 1
    while (count < limit && this.flat[first + count] === value) count += 1
    return { value: value === 1, count }
  }

  async expectRun({ first, count }: Range): Promise<void> {
    const limit = this.random.chance(0.5) ? count : BITS - first
    const expected = this.expectedRun(first, limit)
    const found = await this.bitmap.runAt(first, limit)
    expect(found).toEqual(expected)
  }

  /** What the file holds, bit by bit. */
  stored(): Uint8Array {
    const bytes = this.host.bytesAt(PATH)?.toBytes() ?? new Uint8Array(0)
    return this.flat.map((_, bit) => ((bytes[FILE_OFFSET + (bit >>> 3)] ?? 0) >>> (bit & 7)) & 1)
  }
}

function overlap(a: Range, b: Range): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count
}

/**
 * Changes of ranges that do not overlap, looks at others, writing back: all under way side by side.
 */
async function turmoil(bits: Bits): Promise<void> {
  const { random } = bits
  const changed: Range[] = []
  const works: Promise<unknown>[] = []
  const looks: Range[] = []
  for (let n = random.between(3, 14); n > 0; n -= 1) {
    const range = bits.pick()
    const isFree = !changed.some((other) => overlap(range, other))
    if (isFree && random.chance(0.6)) changed.push(range)
    else if (random.chance(0.5)) looks.push(range)
  }
  // A run may go on for as long as bits are alike: those that change would be in its way.
  const still = looks.map((look) => untilChanged(look, changed)).filter(({ count }) => count > 0)
  for (const range of changed) works.push(bits.change(range, random.chance(0.8)))
  for (const { first, count } of still) works.push(lookAt(bits, first, count))
  for (let n = random.below(3); n > 0; n -= 1) works.push(bits.bitmap.writeBack())
  await Promise.all(works)
}

async function lookAt(bits: Bits, first: number, limit: number): Promise<void> {
  const expected = bits.expectedRun(first, limit)
  expect(await bits.bitmap.runAt(first, limit)).toEqual(expected)
}

function untilChanged({ first, count }: Range, changed: readonly Range[]): Range {
  const ends = changed
    .filter((other) => other.first + other.count > first)
    .map((other) => Math.max(0, other.first - first))
  return { first, count: Math.min(count, ...ends) }
}

describe('the bitmap of an overlay is a flat array of bits', () => {
  it('whatever is under way side by side, through a cache of 8 pages', async () => {
    const property = fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const bits = await Bits.begin(seed)
      for (let n = 0; n < 6; n += 1) {
        await turmoil(bits)
        await bits.expectRun(bits.pick())
        await bits.expectRun({ first: 0, count: BITS })
        expect(await bits.bitmap.countSet()).toBe(bits.flat.reduce((sum, bit) => sum + bit, 0))
      }
      await bits.bitmap.writeBack()
      expect(Buffer.compare(bits.stored(), bits.flat)).toBe(0)
    })
    await fc.assert(property, { numRuns: 60, seed: 1 })
  })

  it('also where a page is written while its place in the file was looked at', async () => {
    const file = new SparseBytes()
    file.truncate(FILE_OFFSET + Math.ceil(BITS / 8))
    const opened = await new SimulatedHost(fileSystem({ [PATH]: file })).open(PATH, {
      access: 'write',
    })
    const slow = new SlowToLook(opened)
    const bitmap = new CowBitmap(slow, FILE_OFFSET, BITS, () => Promise.resolve())
    const bit = 10 * PAGE_BITS + 5
    await bitmap.set(bit, 1)
    const run = bitmap.runAt(0, BITS)
    await slow.looked
    await bitmap.writeBack()
    slow.answer()
    expect(await run).toEqual({ value: false, count: bit })
  })
})

/** Looks for holes at once, and answers when it is told to. */
class SlowToLook extends WrappedFile {
  answer: () => void = () => undefined
  private readonly answered = new Promise<void>((resolve) => {
    this.answer = resolve
  })
  private tell: () => void = () => undefined
  readonly looked = new Promise<void>((resolve) => {
    this.tell = resolve
  })

  override async dataAt(offset: number): Promise<DataRun> {
    const run = await super.dataAt(offset)
    this.tell()
    await this.answered
    return run
  }
}
