import { assert } from '../base/assert'
import { type ByteRange, rangeEnd } from '../base/byte-range'
import { giveTurn } from '../base/event-loop'
import { alignDown, SECTOR_SIZE } from '../base/units'
import { andThen, type MaybePromise } from '../base/maybe-promise'
import type {
  Allocation,
  DiskExtent,
  Layer,
  LayerExtent,
  PlainRun,
  Readable,
} from '../format/layer'

/** Who serves a run: the layer, or nobody, so that it reads as zero. */
interface Hit {
  readonly layer: Layer | undefined
  readonly depth: number
  readonly length: number
}

/** What is done with a run of a walk. */
export type ExtentVisitor = (extent: DiskExtent & ByteRange) => MaybePromise<void>

/**
 * What a chain of layers reads as, from the layer at `depth` down. Goes through the layers in a
 * loop, never by recursion, so that a chain may be as deep as it likes. A layer decides nothing
 * behind its own end: there, zeros are read, whatever lies below (as with qcow2 and QED).
 */
export class DiskView implements Readable {
  constructor(
    private readonly layers: readonly Layer[],
    private readonly depth: number,
  ) {}

  get size(): number {
    const layer = this.layers[this.depth]
    return layer === undefined ? 0 : visibleSize(layer, this.depth)
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    assert(offset >= 0 && offset + target.length <= this.size, 'a read outside of the disk')
    let done = 0
    while (done < target.length) {
      const step = this.readStep(target, offset, done)
      if (step instanceof Promise) return this.readRest(target, offset, step)
      done = step
    }
  }

  private async readRest(
    target: Uint8Array,
    offset: number,
    first: Promise<number>,
  ): Promise<void> {
    let done = await first
    while (done < target.length) done = await this.readStep(target, offset, done)
  }

  /** Reads the run at `done`; how much is done then. */
  private readStep(target: Uint8Array, offset: number, done: number): MaybePromise<number> {
    const rest = { offset: offset + done, length: target.length - done }
    return andThen(this.locate(rest), ({ layer, length }) => {
      const part = length === target.length ? target : target.subarray(done, done + length)
      if (layer === undefined) {
        part.fill(0)
        return done + length
      }
      return andThen(layer.read(part, rest.offset), () => done + length)
    })
  }

  /**
   * The run that starts at range.offset, as far as one layer serves it. Undefined where it is no
   * plain one, or cannot be told at once.
   */
  plainRunAt(range: ByteRange): PlainRun | undefined {
    const hit = this.locate(range)
    if (hit instanceof Promise) {
      // whoever reads meets the same failure
      hit.catch(() => undefined)
      return undefined
    }
    const { layer, length } = hit
    if (layer === undefined) return { length, source: undefined }
    return layer.plainRunAt?.({ offset: range.offset, length })
  }

  /** Who serves the run that starts at range.offset. */
  private locate(range: ByteRange): MaybePromise<Hit> {
    let { length } = range
    for (let depth = this.depth; depth < this.layers.length; depth += 1) {
      const layer = this.layers[depth]
      if (layer === undefined || range.offset >= visibleSize(layer, depth)) break
      length = Math.min(length, visibleSize(layer, depth) - range.offset)
      const answer = layer.allocationAt({ offset: range.offset, length })
      if (answer instanceof Promise) return this.locateRest(range.offset, depth, answer)
      if (answer.allocated) return { layer, depth, length: answer.length }
      length = answer.length
    }
    return { layer: undefined, depth: -1, length }
  }

  private async locateRest(
    offset: number,
    start: number,
    first: Promise<Allocation>,
  ): Promise<Hit> {
    let answer = await first
    for (let depth = start; ;) {
      const { length, allocated } = answer
      if (allocated) return { layer: this.layers[depth], depth, length }
      depth += 1
      const layer = this.layers[depth]
      if (layer === undefined || offset >= visibleSize(layer, depth)) {
        return { layer: undefined, depth: -1, length }
      }
      const rest = Math.min(length, visibleSize(layer, depth) - offset)
      answer = await layer.allocationAt({ offset, length: rest })
    }
  }

  /**
   * Which layer serves the run that starts at range.offset, without looking at what it reads as.
   */
  servedAt(range: ByteRange): MaybePromise<{ depth: number | undefined; length: number }> {
    return andThen(this.locate(range), ({ layer, depth, length }) => ({
      depth: layer === undefined ? undefined : depth,
      length,
    }))
  }

  extentAt(range: ByteRange): MaybePromise<DiskExtent> {
    return this.extentFrom(this.depth, range)
  }

  /** The run as it is seen from the layer at `start`, none of those above it having it. */
  private extentFrom(start: number, { offset, length }: ByteRange): MaybePromise<DiskExtent> {
    let left = length
    for (let depth = start; depth < this.layers.length; depth += 1) {
      const layer = this.layers[depth]
      if (layer === undefined || offset >= visibleSize(layer, depth)) break
      left = Math.min(left, visibleSize(layer, depth) - offset)
      const answer = layer.extentAt({ offset, length: left })
      if (answer instanceof Promise) {
        return answer.then((late) =>
          late.allocated
            ? diskExtent(late, depth)
            : this.extentFrom(depth + 1, { offset, length: late.length }),
        )
      }
      if (answer.allocated) return diskExtent(answer, depth)
      left = answer.length
    }
    return { length: left, content: 'zero', depth: undefined, source: undefined }
  }

  /**
   * Shows all runs of a range to `visit`, ascending, without gaps; neighbours that differ in
   * nothing are one. Where everything that is asked for is in memory it costs no promise: this is
   * the way through millions of runs. Waits for what `visit` returns.
   */
  async walk(range: ByteRange, visit: ExtentVisitor): Promise<void> {
    const end = rangeEnd(range)
    let open: (DiskExtent & ByteRange) | undefined
    for (let at = range.offset; at < end;) {
      const turn = giveTurn()
      if (turn !== undefined) await turn
      const answer = this.extentAt({ offset: at, length: end - at })
      const extent = answer instanceof Promise ? await answer : answer
      if (open !== undefined && continues(open, extent)) {
        open = runOf(open, open.offset, open.length + extent.length)
      } else {
        if (open !== undefined) {
          const visited = visit(open)
          if (visited instanceof Promise) await visited
        }
        open = runOf(extent, at, extent.length)
      }
      at += extent.length
    }
    if (open !== undefined) await visit(open)
  }

  /** All runs of a range, ascending, without gaps; neighbours that differ in nothing are one. */
  async *extents(range: ByteRange): AsyncGenerator<DiskExtent & ByteRange> {
    let open: (DiskExtent & ByteRange) | undefined
    for (let at = range.offset; at < rangeEnd(range);) {
      const turn = giveTurn()
      if (turn !== undefined) await turn
      const answer = this.extentAt({ offset: at, length: rangeEnd(range) - at })
      const extent = answer instanceof Promise ? await answer : answer
      if (open !== undefined && continues(open, extent)) {
        open = runOf(open, open.offset, open.length + extent.length)
      } else {
        if (open !== undefined) yield open
        open = runOf(extent, at, extent.length)
      }
      at += extent.length
    }
    if (open !== undefined) yield open
  }
}

/**
 * Of a backing file whole sectors are seen, as by the original drivers; a raw file on top shows all
 * its bytes.
 */
function visibleSize(layer: Layer, depth: number): number {
  return depth === 0 ? layer.size : alignDown(layer.size, SECTOR_SIZE)
}

function diskExtent({ length, content, source }: LayerExtent, depth: number): DiskExtent {
  return { length, content, depth, source }
}

/** Property by property: for a spread, V8 makes a hidden class of its own for each of millions. */
function runOf(extent: DiskExtent, offset: number, length: number): DiskExtent & ByteRange {
  const { content, depth, source } = extent
  return { offset, length, content, depth, source }
}

function continues(run: DiskExtent, next: DiskExtent): boolean {
  if (run.depth !== next.depth || run.content !== next.content) return false
  if (run.source === undefined || next.source === undefined) return run.source === next.source
  return (
    run.source.file === next.source.file && run.source.offset + run.length === next.source.offset
  )
}
