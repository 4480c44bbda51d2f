import { assert } from '../base/assert'
import type { Disk } from '../image/disk'
import type { ServedAs } from './request-rules'
import { SharedFlush } from './shared-flush'

/**
 * The disk behind an export, which may become another one while clients are connected.
 *
 * Requests that are done at once need no bookkeeping: nothing else runs meanwhile. Those that take
 * longer are counted. Whoever must be alone (a snapshot, a resize, the end) first closes the gate:
 * no request is begun any more, all that are under way end, and the work runs; then the gate opens
 * and those who waited go on. So the order is plain: what was answered before the gate closed is in
 * what the work finds.
 */
export class LiveDisk implements ServedAs {
  private underWay = 0
  private closers = 0
  private idle: (() => void) | undefined
  private turn: Promise<unknown> = Promise.resolve()
  private readonly waiting = new Set<() => void>()
  private readonly flushes = new SharedFlush(() => this.current.flush())

  private fastZeros: boolean

  constructor(private current: Disk) {
    this.fastZeros = zeroesFast(current)
  }

  /** The disk as it is now. To be asked for anew with each request. */
  get disk(): Disk {
    return this.current
  }

  /** Virtual size in bytes. */
  get size(): number {
    return this.current.size
  }

  get readOnly(): boolean {
    return !this.current.writable
  }

  /**
   * Whether zeros are written faster than data: as holes, where the file system of the top's image
   * file has them.
   */
  get zeroesFast(): boolean {
    return this.fastZeros
  }

  /** Whether requests may be begun. */
  get open(): boolean {
    return this.closers === 0
  }

  /** All that was done before is durable afterwards. */
  flush(): Promise<void> {
    return this.flushes.run()
  }

  /** Counts a request as under way until `end`. */
  begin(): void {
    this.underWay += 1
  }

  end(): void {
    this.underWay -= 1
    assert(this.underWay >= 0, 'a request ended twice')
    if (this.underWay === 0) this.idle?.()
  }

  /** Calls back once, as soon as the gate is open again; at the latest then. */
  whenOpen(callback: () => void): void {
    this.waiting.add(callback)
  }

  /** Runs one step of background work as if it was a request: waits at the gate, is counted. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    while (!this.open) await new Promise<void>((resolve) => this.whenOpen(resolve))
    this.begin()
    try {
      return await work()
    } finally {
      this.end()
    }
  }

  /** Runs `work` while nothing else is under way; several of these one after the other. */
  async alone<T>(work: (disk: Disk) => Promise<T>): Promise<T> {
    const before = this.turn
    let done = (): void => undefined
    this.turn = new Promise<void>((resolve) => (done = resolve))
    await before
    this.closers += 1
    try {
      if (this.underWay > 0) await new Promise<void>((resolve) => (this.idle = resolve))
      this.idle = undefined
      return await work(this.current)
    } finally {
      this.closers -= 1
      done()
      if (this.open) this.release()
    }
  }

  /** Puts another disk in place. Only within `alone`. */
  replace(disk: Disk): void {
    assert(!this.open, 'the disk was replaced while requests may be under way')
    this.current = disk
    this.fastZeros = zeroesFast(disk)
  }

  private release(): void {
    const callbacks = [...this.waiting]
    this.waiting.clear()
    for (const callback of callbacks) callback()
  }
}

/** To be asked while nobody writes to the disk. */
function zeroesFast({ top, writable }: Disk): boolean {
  return writable && top.files.some(({ role, file }) => role === 'data' && file.punchesHoles())
}
