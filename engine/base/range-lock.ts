import { type ByteRange, rangesOverlap } from './byte-range'
import type { MaybePromise } from './maybe-promise'

interface Holder {
  readonly range: ByteRange
  readonly released: Promise<void>
}

/**
 * Lets one holder at a time into a range of bytes; holders of ranges that do not overlap do not
 * meet. Those who wait are let in in the order in which they came, so a holder never waits for one
 * that came later: no deadlock, no starvation. A holder must not ask for a second range while it
 * has one.
 */
export class RangeLock {
  private holders: Holder[] = []

  /**
   * Runs `work` when all that came earlier for any byte of the range are done: at once where there
   * is none. Work that is done at once was never seen by anybody, and costs nothing.
   */
  run<T>(range: ByteRange, work: () => MaybePromise<T>): MaybePromise<T> {
    const earlier = this.holders.filter((holder) => rangesOverlap(holder.range, range))
    const result = earlier.length === 0 ? work() : this.runAfter(earlier, work)
    if (!(result instanceof Promise)) return result
    const released = result.then(
      () => undefined,
      () => undefined,
    )
    const holder = { range, released }
    this.holders.push(holder)
    void released.then(() => {
      this.holders = this.holders.filter((other) => other !== holder)
    })
    return result
  }

  private async runAfter<T>(earlier: readonly Holder[], work: () => MaybePromise<T>): Promise<T> {
    for (const { released } of earlier) await released
    return await work()
  }
}
