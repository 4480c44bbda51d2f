import { STEPS } from './cell-look'
import type { LayerPaint } from './layer-paint'
import type { MapSource } from './map-source'

const DIM = 0.28
/** Of a layer that serves anything at all in a column, at least this is seen, in device pixels. */
const LEAST = 2

/**
 * The whole disk in a line of columns, one pixel wide: what each layer serves in it as data, from
 * the bottom up, the top layer undermost; above it, muted, its zeros.
 */
export class StripPainter {
  /** For each column what each layer serves of it, as parts of the column. */
  private shares = new Float32Array(0)
  private columns = 0
  private source: MapSource | undefined

  draw(
    context: CanvasRenderingContext2D,
    source: MapSource,
    paint: LayerPaint,
    lit: number | undefined,
  ): void {
    const { width, height } = context.canvas
    this.measure(source, width)
    context.globalAlpha = 1
    context.fillStyle = paint.colours.none
    context.fillRect(0, 0, width, height)
    // zeros first and the top last, so that the least of it is seen
    for (const zeros of [1, 0]) {
      for (let depth = source.map.layerCount - 1; depth >= 0; depth -= 1) {
        context.globalAlpha = lit === undefined || lit === depth ? 1 : DIM
        context.fillStyle = paint.fill(depth, zeros === 1 ? 0 : STEPS)
        this.drawSlot(context, 2 * depth + zeros, source.slots, height)
      }
    }
  }

  private drawSlot(
    context: CanvasRenderingContext2D,
    slot: number,
    slots: number,
    height: number,
  ): void {
    for (let column = 0; column < this.columns; column += 1) {
      const base = column * slots
      const share = this.shares[base + slot] ?? 0
      if (share === 0) continue
      const below = this.below(base, slot, slots)
      const top = Math.max(LEAST, share * height)
      context.fillRect(column, height - below * height - top, 1, top)
    }
  }

  /** What stands below a slot: all data of layers above it; for zeros, all data and other zeros. */
  private below(base: number, slot: number, slots: number): number {
    let below = 0
    for (let other = slot % 2; other < slot; other += 2) below += this.shares[base + other] ?? 0
    if (slot % 2 === 0) return below
    for (let other = 0; other < slots; other += 2) below += this.shares[base + other] ?? 0
    return below
  }

  private measure(source: MapSource, columns: number): void {
    if (this.source === source && this.columns === columns) return
    this.source = source
    this.columns = columns
    this.shares = new Float32Array(columns * source.slots)
    const { size } = source.map
    for (let column = 0; column < columns; column += 1) {
      this.measureColumn(source, column, (column * size) / columns, ((column + 1) * size) / columns)
    }
  }

  private measureColumn(source: MapSource, column: number, from: number, to: number): void {
    const { map, slots } = source
    let cellBytes = map.cellBytes
    let height = 0
    while (height < map.levels.length - 1 && cellBytes * 2 <= to - from) {
      cellBytes *= 2
      height += 1
    }
    for (let cell = Math.floor(from / cellBytes); cell * cellBytes < to; cell += 1) {
      source.pick(cellBytes, cell)
      const start = Math.max(from, cell * cellBytes)
      const end = Math.min(to, cell * cellBytes + source.span)
      const weight = (end - start) / source.span / (to - from)
      for (let slot = 0; slot < slots; slot += 1) {
        const index = column * slots + slot
        const bytes = source.counts[source.base + slot] ?? 0
        this.shares[index] = (this.shares[index] ?? 0) + bytes * weight
      }
    }
  }
}
