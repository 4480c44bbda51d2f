import { type CellLook, lookOf, NOBODY, STEPS } from './cell-look'
import type { LayerPaint } from './layer-paint'
import type { MapSource } from './map-source'
import { cellCount, type Grid, type View } from './map-view'

/** The smallest square inside a cell that can be seen, in pixels of the page. */
const SMALLEST_INLAY = 3
/** What stands back while a layer is lit. */
const DIM = 0.28

export interface GridScene {
  readonly grid: Grid
  readonly view: View
  readonly source: MapSource
  readonly paint: LayerPaint
  /** The layer whose parts are to stand out. */
  readonly lit: number | undefined
  /** Cells with a frame: where the keyboard is, and where the pointer is. */
  readonly cursor: number | undefined
  readonly hover: number | undefined
}

/** Draws the cells of a grid that are shown. Allocates nothing. */
export class GridPainter {
  private readonly look: CellLook = { main: NOBODY, step: 0, inlay: NOBODY, inlayShare: 0 }

  draw(context: CanvasRenderingContext2D, scene: GridScene): void {
    const { grid, view, source, paint } = scene
    const { width, height } = context.canvas
    const side = grid.cellSide * paint.density
    const gap = Math.max(1, Math.round(paint.density))
    context.globalAlpha = 1
    context.fillStyle = paint.colours.surface
    context.fillRect(0, 0, width, height)

    const cells = cellCount(grid, view.cellBytes)
    const rows = grid.rows + 2
    const last = Math.min(cells, view.first + rows * grid.columns) - 1
    source.want(view.cellBytes, view.first, last)
    for (let cell = view.first; cell <= last; cell += 1) {
      const place = cell - view.first
      const x = Math.round((place % grid.columns) * side)
      const y = Math.round((Math.floor(place / grid.columns) - view.shift) * side)
      source.pick(view.cellBytes, cell)
      this.drawCell(context, scene, x, y, Math.round(side) - gap)
    }
    this.frame(context, scene, scene.hover, paint.colours.text, gap)
    this.frame(context, scene, scene.cursor, paint.colours.accent, 2 * gap)
  }

  private drawCell(
    context: CanvasRenderingContext2D,
    { source, paint, lit }: GridScene,
    x: number,
    y: number,
    side: number,
  ): void {
    const { look } = this
    lookOf(source, lit, look)
    if (look.main === NOBODY) {
      context.globalAlpha = 1
      context.fillStyle = paint.colours.none
    } else {
      context.globalAlpha = lit === undefined || look.main === lit ? 1 : DIM
      context.fillStyle = paint.fill(look.main, look.step)
    }
    context.fillRect(x, y, side, side)
    if (look.inlay === NOBODY) return
    const smallest = SMALLEST_INLAY * paint.density
    const inner = Math.round(Math.max(smallest, Math.sqrt(look.inlayShare) * side))
    const margin = Math.floor((side - inner) / 2)
    const edge = Math.max(1, Math.round(paint.density))
    context.globalAlpha = lit === undefined || look.inlay === lit ? 1 : DIM
    context.fillStyle = paint.colours.surface
    context.fillRect(x + margin - edge, y + margin - edge, inner + 2 * edge, inner + 2 * edge)
    context.fillStyle = paint.fill(look.inlay, STEPS)
    context.fillRect(x + margin, y + margin, inner, inner)
  }

  private frame(
    context: CanvasRenderingContext2D,
    { grid, view, paint }: GridScene,
    cell: number | undefined,
    colour: string,
    thickness: number,
  ): void {
    if (cell === undefined || cell < view.first) return
    const side = grid.cellSide * paint.density
    const place = cell - view.first
    const x = Math.round((place % grid.columns) * side)
    const y = Math.round((Math.floor(place / grid.columns) - view.shift) * side)
    const inner = Math.round(side) - Math.max(1, Math.round(paint.density))
    context.globalAlpha = 1
    context.lineWidth = thickness
    context.strokeStyle = colour
    context.strokeRect(x - thickness / 2, y - thickness / 2, inner + thickness, inner + thickness)
  }
}
