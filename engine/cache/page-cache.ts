import type { HostFile } from '../host/host'
import { andThen, type MaybePromise } from '../base/maybe-promise'
import { KIB, MIB } from '../base/units'
import { assert } from '../base/assert'

/**
 * A bounded write-back cache of one file's metadata, with a barrier.
 *
 * States of a page: absent -> clean -> dirty -> (being written) -> clean. The pages that are about
 * to be written are first copied, then the barrier runs, then the copies are written: what was
 * changed while the barrier ran stays dirty and goes with the next round. So whatever a page says
 * when it reaches the file, the barrier ran after it was said: the owner's promise "a bit is
 * durable only if its data is" needs nothing else. A page is never evicted while it is dirty or
 * being written; when no clean page is left, all dirty ones are written in one round, for one
 * barrier.
 *
 * A page that was handed out may be used until the next await, or the next page that is asked for:
 * its memory may be another page's then.
 */
export interface Page {
  readonly index: number
  readonly bytes: Uint8Array
  /** The same memory in 32-bit words, for fast looking. */
  readonly words: Int32Array
  /** The same memory, for numbers of any byte order. */
  readonly view: DataView
}

type Memory = Omit<Page, 'index'>

/** Pages that were read in one go with one that was asked for. */
interface Ahead {
  readonly first: number
  readonly bytes: Uint8Array
  /** Bytes of them that were read. */
  readonly length: number
  /** The writes that had ended before: after one more, they may be old. */
  readonly writes: number
}

interface CachedPage extends Page {
  /** Since it came in, or was last passed over for eviction. */
  used: boolean
}

export const PAGE_SIZE = 4096
/** So much is read at once where pages are loaded one behind another: one call for many of them. */
const AHEAD = 64 * KIB
/** What the cache of one image may take, in bytes, whatever the size of the disk. */
export const DEFAULT_CACHE_BYTES = 4 * MIB

export interface PageCacheOptions {
  /** Where page 0 starts in the file, in bytes. */
  readonly fileOffset: number
  /** Bytes of the file behind `fileOffset` that pages cover; the last page may be cut. */
  readonly length: number
  /** Makes durable what the dirty pages speak of. Runs before any page is written. */
  readonly barrier: () => Promise<void>
  readonly cacheBytes?: number
}

export class PageCache {
  /**
   * In the order in which they came in; who was used stays for another round. To move a page at
   * each use would cost more than all else that is done with it.
   */
  private readonly pages = new Map<number, CachedPage>()
  private readonly dirty = new Set<number>()
  private readonly writing = new Set<number>()
  private readonly loading = new Map<number, Promise<Page>>()
  private readonly limit: number
  private round: Promise<void> | undefined
  private written = 0
  private latest: Page | undefined
  /** Memory of a page that has left, for the next one. */
  private spare: Memory | undefined
  private ahead: Ahead | undefined
  /** The page that was loaded last. */
  private loaded: number | undefined
  private length: number

  constructor(
    private readonly file: HostFile,
    private readonly options: PageCacheOptions,
  ) {
    this.limit = Math.max(8, Math.floor((options.cacheBytes ?? DEFAULT_CACHE_BYTES) / PAGE_SIZE))
    this.length = options.length
  }

  /** How many writes to the file have ended so far: what a later sync of the file covers. */
  get writes(): number {
    return this.written
  }

  /** The page, at once where it is cached. */
  get(index: number): MaybePromise<Page> {
    if (this.latest?.index === index) return this.latest
    const page = this.pages.get(index)
    if (page === undefined) return this.loading.get(index) ?? this.load(index)
    page.used = true
    this.latest = page
    return page
  }

  /** Uses a page, at once where it can be had at once. `work` gets it as it is then. */
  use<T>(index: number, work: (page: Page) => MaybePromise<T>): MaybePromise<T> {
    const page = this.get(index)
    if (!(page instanceof Promise)) return work(page)
    // many pages may have come in since this one: then it has left the cache again
    return page.then((late) => (this.peek(index) === late ? work(late) : this.use(index, work)))
  }

  /** The page where it is cached; does not count as use. */
  peek(index: number): Page | undefined {
    return this.pages.get(index)
  }

  /** The lowest dirty page at or behind `index`; undefined where there is none. */
  firstDirty(index: number): number | undefined {
    let first: number | undefined
    for (const dirty of [...this.dirty, ...this.writing]) {
      if (dirty >= index && (first === undefined || dirty < first)) first = dirty
    }
    return first
  }

  /** Says that a page, got since the last await, was changed. */
  markDirty(page: Page): void {
    assert(this.pages.get(page.index) === page, 'a page was changed after it had left the cache')
    this.dirty.add(page.index)
  }

  /**
   * Writes all pages that are dirty now, and waits for those that are being written. Not yet
   * durable: the owner syncs the file. True where the barrier ran, all of it, after this call.
   */
  async writeBack(): Promise<boolean> {
    // a round under way began before this call: what became dirty since needs one more
    while (this.round !== undefined) await this.round.catch(() => undefined)
    if (this.dirty.size === 0) return false
    this.round = this.runRound()
    try {
      await this.round
    } finally {
      this.round = undefined
    }
    return true
  }

  /**
   * Forgets every page, dirty or not, and covers another length from now on. Nothing may be under
   * way.
   */
  reset(length: number): void {
    assert(this.round === undefined && this.loading.size === 0, 'the cache is in use')
    this.pages.clear()
    this.dirty.clear()
    this.latest = undefined
    this.ahead = undefined
    this.length = length
  }

  private async runRound(): Promise<void> {
    const indices = [...this.dirty].sort((a, b) => a - b)
    const runs = this.copyRuns(indices)
    for (const index of indices) this.writing.add(index)
    this.dirty.clear()
    try {
      await this.options.barrier()
      for (const { index, bytes } of runs) {
        await this.file.write(bytes, this.options.fileOffset + index * PAGE_SIZE)
        this.written += 1
      }
    } catch (error) {
      for (const index of indices) this.dirty.add(index)
      throw error
    } finally {
      this.writing.clear()
    }
  }

  /**
   * Copies of pages, those that follow each other in one piece, cut at the end of the covered
   * length.
   */
  private copyRuns(indices: readonly number[]): { index: number; bytes: Uint8Array }[] {
    const runs: { index: number; bytes: Uint8Array }[] = []
    let start = 0
    for (let i = 1; i <= indices.length; i += 1) {
      const first = indices[start]
      if (first === undefined) break
      if (i < indices.length && indices[i] === first + (i - start)) continue
      const bytes = new Uint8Array((i - start) * PAGE_SIZE)
      for (let k = 0; k < i - start; k += 1) {
        const page = this.pages.get(first + k)
        assert(page !== undefined, 'a dirty page has left the cache')
        bytes.set(page.bytes, k * PAGE_SIZE)
      }
      const covered = Math.min(bytes.length, this.length - first * PAGE_SIZE)
      runs.push({ index: first, bytes: bytes.subarray(0, covered) })
      start = i
    }
    return runs
  }

  /** At once where the host has the page in memory, and the cache has room. */
  private load(index: number): MaybePromise<Page> {
    const covered = Math.min(PAGE_SIZE, this.length - index * PAGE_SIZE)
    assert(covered > 0, `page ${String(index)} lies outside of the file's metadata`)
    const memory = this.spare ?? newMemory()
    const { bytes } = memory
    this.spare = undefined
    bytes.fill(0, covered)
    const read = this.read(index, bytes.subarray(0, covered))
    if (!(read instanceof Promise) && this.hasRoom()) return this.insert(index, memory)
    const promise = this.insertLater(index, memory, read).finally(() => {
      this.loading.delete(index)
    })
    this.loading.set(index, promise)
    return promise
  }

  private read(index: number, target: Uint8Array): MaybePromise<void> {
    const goesOn = this.loaded === index - 1
    this.loaded = index
    const known = this.knownAhead(index, target.length)
    if (known !== undefined) {
      target.set(known)
      return undefined
    }
    const offset = this.options.fileOffset + index * PAGE_SIZE
    // while another page is waited for, these are asked for at once and not one behind another
    if (!goesOn || this.loading.size > 0) return this.file.read(target, offset)
    const length = Math.min(AHEAD, this.length - index * PAGE_SIZE)
    const bytes = this.ahead?.bytes ?? new Uint8Array(AHEAD)
    this.ahead = undefined
    const writes = this.written
    return andThen(this.file.read(bytes.subarray(0, length), offset), () => {
      target.set(bytes.subarray(0, target.length))
      this.ahead = { first: index, bytes, length, writes }
    })
  }

  private knownAhead(index: number, length: number): Uint8Array | undefined {
    const { ahead, written } = this
    if (ahead?.writes !== written || index < ahead.first) return undefined
    const start = (index - ahead.first) * PAGE_SIZE
    return start + length <= ahead.length ? ahead.bytes.subarray(start, start + length) : undefined
  }

  private async insertLater(
    index: number,
    memory: Memory,
    read: MaybePromise<void>,
  ): Promise<Page> {
    await read
    while (!this.hasRoom()) await this.writeBack()
    return this.insert(index, memory)
  }

  private insert(index: number, { bytes, words, view }: Memory): Page {
    const page = { index, bytes, words, view, used: false }
    this.pages.set(index, page)
    return page
  }

  /** Room for one more page, made where there is none. */
  private hasRoom(): boolean {
    return this.pages.size < this.limit || this.evictOne()
  }

  private evictOne(): boolean {
    for (const [index, page] of this.pages) {
      if (this.dirty.has(index) || this.writing.has(index)) continue
      this.pages.delete(index)
      if (page.used) {
        page.used = false
        this.pages.set(index, page)
        continue
      }
      this.spare = page
      if (this.latest === page) this.latest = undefined
      return true
    }
    return false
  }
}

function newMemory(): Memory {
  const bytes = new Uint8Array(PAGE_SIZE)
  const { buffer } = bytes
  return { bytes, words: new Int32Array(buffer), view: new DataView(buffer) }
}
