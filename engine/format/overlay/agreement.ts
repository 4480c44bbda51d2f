import type { MaybePromise } from '../../base/maybe-promise'
import { divCeil, GIB } from '../../base/units'
import type { DataRanges } from '../../host/host'
import { runOfBits } from './bits'
import { wholeBlocks } from './leaks'
import type { OverlayStorage } from './overlay-storage'

/** So much of the disk is held against the bitmap in one go. A multiple of each cluster. */
export const WINDOW = 4 * GIB
/** Windows that the host is asked for ahead: one for each of two processors. */
const AHEAD = 2

/** How far bitmap and image file say the same. */
export interface Agreed {
  /** Exclusive. Not behind where it was asked from: they differ at once, or it cannot be told. */
  readonly end: number
  /** Bytes up to there that are allocated. */
  readonly allocatedBytes: number
}

/** A part of the disk, as the two files of an overlay have it. */
interface Window {
  readonly offset: number
  readonly end: number
  /** Where the image file has data; undefined where that cannot be told in one go. */
  readonly data: DataRanges | undefined
  /** The bits of its clusters. */
  readonly bits: Int32Array
  /** The first of the ranges of data that may still be of use, as an index. */
  next: number
}

/**
 * Holds the bitmap of an overlay against the holes of its image file: what is allocated should be
 * data there, what is not should be a hole. Does it for many clusters in one go, while the host is
 * asked for the next ones; a place where the two differ is left to whoever asked.
 *
 * Nothing is told of an overlay that is open for writing: what it has of its bitmap in memory alone
 * would not be seen.
 */
export class Agreement {
  private readonly asked = new Map<number, Promise<Window>>()
  private window: Window | undefined
  /** Memory that is used again: new one would cost the system more than to read into it. */
  private readonly spare: Int32Array[] = []

  constructor(private readonly overlay: OverlayStorage) {}

  /** How far the two agree from a cluster's start on, as far as that is known in one go. */
  from(offset: number): MaybePromise<Agreed> {
    const { window, overlay } = this
    if (window !== undefined && offset >= window.offset && offset < window.end) {
      return agreedFrom(window, offset, overlay.clusterSize)
    }
    return this.windowAt(offset).then((next) => {
      this.window = next
      return agreedFrom(next, offset, overlay.clusterSize)
    })
  }

  private async windowAt(offset: number): Promise<Window> {
    const index = Math.floor(offset / WINDOW)
    for (const [known, window] of this.asked) {
      if (known >= index) continue
      this.spare.push((await window).bits)
      this.asked.delete(known)
    }
    const last = Math.min(index + AHEAD, divCeil(this.overlay.size, WINDOW) - 1)
    const window = this.askFor(index)
    for (let next = index + 1; next <= last; next += 1) void this.askFor(next)
    return await window
  }

  /** Waits until the host has answered all that it was asked. */
  async end(): Promise<void> {
    await Promise.allSettled(this.asked.values())
  }

  private askFor(index: number): Promise<Window> {
    const known = this.asked.get(index)
    if (known !== undefined) return known
    const window = this.read(index * WINDOW)
    // what fails is thrown when its turn has come
    window.catch(() => undefined)
    this.asked.set(index, window)
    return window
  }

  private async read(offset: number): Promise<Window> {
    const { image, bitmap, clusterSize, size } = this.overlay
    const end = Math.min(offset + WINDOW, size)
    const clusters = divCeil(end - offset, clusterSize)
    const bits = this.spare.pop() ?? new Int32Array(divCeil(WINDOW, 32 * clusterSize))
    const [data] = await Promise.all([
      image.dataIn?.({ offset, length: end - offset }),
      bitmap.readStored(offset / clusterSize, clusters, bits),
    ])
    return { offset, end, data, bits, next: 0 }
  }
}

/** Goes from one border, of data and hole or of the bits, to the next, as long as they agree. */
function agreedFrom(window: Window, from: number, clusterSize: number): Agreed {
  const { offset, end, data, bits } = window
  let [at, allocatedBytes] = [from, 0]
  while (data !== undefined && at < end) {
    while ((data[window.next + 1] ?? Infinity) <= at) window.next += 2
    const isData = (data[window.next] ?? Infinity) <= at
    const border = Math.min(end, data[window.next + (isData ? 1 : 0)] ?? Infinity)
    // a cluster that is data in part is not for us, but the last one ends where the disk does
    const clusters = (border === end ? Math.ceil : Math.floor)((border - at) / clusterSize)
    const first = (at - offset) / clusterSize
    const isAllocated = isData && runOfBits(bits, first, 1, true) === 1
    const next = Math.min(end, at + runOfBits(bits, first, clusters, isAllocated) * clusterSize)
    if (next === at || (isData && !isAllocated && wholeBlocks(at, next).length > 0)) break
    if (isAllocated) allocatedBytes += next - at
    at = next
  }
  return { end: at, allocatedBytes }
}
