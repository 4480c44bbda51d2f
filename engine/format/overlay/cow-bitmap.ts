import { assert } from '../../base/assert'
import { andThen, type MaybePromise } from '../../base/maybe-promise'
import { divCeil, MIB } from '../../base/units'
import { PAGE_SIZE, PageCache } from '../../cache/page-cache'
import type { HostFile } from '../../host/host'
import { countOnes, fillBits, runOfBits, testBit } from './bits'

const PAGE_BITS = PAGE_SIZE * 8
const COUNT_STEP = MIB

/** Bits of the same value from a first bit on; `count` at least 1. */
export interface BitRun {
  readonly value: boolean
  readonly count: number
}

/**
 * The COW bitmap of an overlay in its file: bit n is bit n % 8, least significant first, of byte n
 * / 8. Bits behind what the file holds are 0. Holes of the file are never read: a bitmap of 4 GiB
 * that is empty costs one system call.
 *
 * Bits are set in memory and written back by the cache; see PageCache for when.
 */
export class CowBitmap {
  private readonly cache: PageCache

  constructor(
    private readonly file: HostFile,
    /** Where the bitmap starts in the file, in bytes. */
    private readonly fileOffset: number,
    /** Bits that count; what stands behind them in the last byte is neither used nor changed. */
    private bitCount: number,
    barrier: () => Promise<void>,
    cacheBytes?: number,
  ) {
    const length = divCeil(bitCount, 8)
    const options = { fileOffset, length, barrier }
    this.cache = new PageCache(
      file,
      cacheBytes === undefined ? options : { ...options, cacheBytes },
    )
  }

  /**
   * The run that starts at bit `first`, of at most `limit` bits. `first + limit` is at most the
   * number of bits.
   */
  runAt(first: number, limit: number): MaybePromise<BitRun> {
    assert(limit > 0 && first + limit <= this.bitCount, 'bits outside of the bitmap')
    return this.cache.use(Math.floor(first / PAGE_BITS), (page) => {
      const bit = first % PAGE_BITS
      const inPage = Math.min(limit, PAGE_BITS - bit)
      const value = testBit(page.bytes, bit)
      const count = runOfBits(page.words, bit, inPage, value)
      if (count < inPage || count === limit) return { value, count }
      return this.runAcrossPages(first, limit, value, count)
    })
  }

  /** Goes on with a run that reached its page's end. */
  private runAcrossPages(
    first: number,
    limit: number,
    value: boolean,
    counted: number,
  ): MaybePromise<BitRun> {
    let count = counted
    while (count < limit) {
      const more = this.runFromPage((first + count) / PAGE_BITS, limit - count, value)
      if (more instanceof Promise) {
        const before = count
        return more.then((late) => {
          const now = before + late
          const ended = late < PAGE_BITS || now === limit
          return ended ? { value, count: now } : this.runAcrossPages(first, limit, value, now)
        })
      }
      count += more
      if (more < PAGE_BITS) break
    }
    return { value, count }
  }

  /** Bits of a value from a page's start on: fewer than a page has where the run ends in it. */
  private runFromPage(index: number, limit: number, value: boolean): MaybePromise<number> {
    const inPage = Math.min(limit, PAGE_BITS)
    const look = (): MaybePromise<number> =>
      this.cache.use(index, (page) => runOfBits(page.words, 0, inPage, value))
    if (value || this.cache.peek(index) !== undefined) return look()
    return andThen(this.nextStoredPage(index), (next) =>
      next > index ? Math.min(limit, (next - index) * PAGE_BITS) : look(),
    )
  }

  /**
   * The first page at or behind `index` that may hold a 1: in the file or, not written yet, in
   * memory.
   */
  private nextStoredPage(index: number): MaybePromise<number> {
    // Asked first: until the host has answered, a page may have been written, and be clean.
    const dirty = this.cache.firstDirty(index) ?? Infinity
    return andThen(this.file.dataAt(this.fileOffset + index * PAGE_SIZE), ({ data, end }) => {
      const stored = data ? index : Math.floor((end - this.fileOffset) / PAGE_SIZE)
      return Math.max(index, Math.min(stored, dirty))
    })
  }

  /**
   * Sets `count` bits from `first` on. What they speak of must have been written (not yet made
   * durable).
   */
  set(first: number, count: number): MaybePromise<void> {
    return this.change(first, count, true)
  }

  /** Clears bits. */
  clear(first: number, count: number): MaybePromise<void> {
    return this.change(first, count, false)
  }

  private change(first: number, count: number, value: boolean): MaybePromise<void> {
    if (count === 0) return undefined
    assert(first + count <= this.bitCount, 'bits outside of the bitmap')
    const index = Math.floor(first / PAGE_BITS)
    const bit = first % PAGE_BITS
    const inPage = Math.min(count, PAGE_BITS - bit)
    const done = this.cache.use(index, (page) => {
      if (runOfBits(page.words, bit, inPage, value) === inPage) return
      fillBits(page.bytes, bit, inPage, value)
      this.cache.markDirty(page)
    })
    if (inPage === count) return done
    return this.changeMore(done, first + inPage, count - inPage, value)
  }

  private async changeMore(
    done: MaybePromise<void>,
    first: number,
    count: number,
    value: boolean,
  ): Promise<void> {
    await done
    for (let at = first; at < first + count;) {
      const inPage = Math.min(first + count - at, PAGE_BITS)
      const index = at / PAGE_BITS
      if (value || (await this.nextStoredPage(index)) === index) {
        await this.change(at, inPage, value)
      }
      at += inPage
    }
  }

  /** How many of all bits are 1. Reads the stored parts once, past the cache, a MiB at a time. */
  async countSet(): Promise<number> {
    let total = 0
    const pages = divCeil(this.bitCount, PAGE_BITS)
    const buffer = new Uint8Array(COUNT_STEP)
    for (let index = await this.nextStoredPage(0); index < pages;) {
      const length = Math.min(COUNT_STEP, (pages - index) * PAGE_SIZE)
      const chunk = buffer.subarray(0, length)
      await this.file.read(chunk, this.fileOffset + index * PAGE_SIZE)
      for (let at = 0; at < length; at += PAGE_SIZE) {
        const cached = this.cache.peek(index + at / PAGE_SIZE)
        if (cached !== undefined) chunk.set(cached.bytes, at)
      }
      total += countOnes(chunk, Math.min(length * 8, this.bitCount - index * PAGE_BITS))
      index = await this.nextStoredPage(index + length / PAGE_SIZE)
    }
    return total
  }

  /**
   * Bits as the file has them, 32 in a word from the lowest on, past the cache: what was changed
   * and is not written back is not seen. `first` is a multiple of 8.
   */
  readStored(first: number, count: number, target: Int32Array): MaybePromise<void> {
    assert(first % 8 === 0 && first + count <= this.bitCount, 'bits outside of the bitmap')
    const bytes = new Uint8Array(target.buffer, target.byteOffset, divCeil(count, 8))
    return this.file.read(bytes, this.fileOffset + first / 8)
  }

  /**
   * Writes what was changed back to the file: see PageCache. Not durable before the file is synced.
   */
  writeBack(): Promise<boolean> {
    return this.cache.writeBack()
  }

  /** How many writes to the file have ended so far: see PageCache. */
  get writes(): number {
    return this.cache.writes
  }

  /**
   * Starts anew with another number of bits, as the file has them. All must have been written back.
   */
  reset(bitCount: number): void {
    this.bitCount = bitCount
    this.cache.reset(divCeil(bitCount, 8))
  }
}
