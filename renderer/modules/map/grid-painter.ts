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
  /** Cells with a frame: where the keyboard is (thick), and where the pointer is (thin). */
  readonly cursor: number | undefined
  readonly hover: number | undefined
}

/** A place on the canvas, in pixels of the device. */
interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** Draws the cells of a grid that are shown. Allocates nothing. */
export class GridPainter {
  private readonly look: CellLook = { main: NOBODY, step: 0, inlay: NOBODY, inlayShare: 0 }
  private readonly box: Box = { x: 0, y: 0, width: 0, height: 0 }

  draw(context: CanvasRenderingContext2D, scene: GridScene): void {
    const { grid, view, source, paint } = scene
    const { width, height } = context.canvas
    context.globalAlpha = 1
    context.fillStyle = paint.colours.surface
    context.fillRect(0, 0, width, height)

    const cells = cellCount(grid, view.cellBytes)
    const rows = grid.rows + 2
    const last = Math.min(cells, view.first + rows * grid.columns) - 1
    source.want(view.cellBytes, view.first, last)
    for (let cell = view.first; cell <= last; cell += 1) {
      this.locate(scene, cell)
      source.pick(view.cellBytes, cell)
      this.drawCell(context, scene)
    }
    if (scene.hover !== undefined) this.frame(context, scene, scene.hover, 1)
    if (scene.cursor !== undefined) this.frame(context, scene, scene.cursor, 2)
  }

  /** Finds the box of a cell, without the gap to its neighbours. */
  private locate({ grid, view, paint }: GridScene, cell: number): void {
    const { box } = this
    const side = grid.cellSide * paint.density
    const gap = Math.max(1, Math.round(paint.density))
    const place = cell - view.first
    const column = place % grid.columns
    const row = (place - column) / grid.columns - view.shift
    box.x = Math.round(column * side)
    box.y = Math.round(row * side)
    box.width = Math.round((column + 1) * side) - box.x - gap
    box.height = Math.round((row + 1) * side) - box.y - gap
  }

  private drawCell(context: CanvasRenderingContext2D, { source, paint, lit }: GridScene): void {
    const { look, box } = this
    lookOf(source, lit, look)
    if (look.main === NOBODY) {
      context.globalAlpha = 1
      context.fillStyle = paint.colours.none
    } else {
      context.globalAlpha = lit === undefined || look.main === lit ? 1 : DIM
      context.fillStyle = paint.fill(look.main, look.step)
    }
    context.fillRect(box.x, box.y, box.width, box.height)
    if (look.inlay !== NOBODY) this.drawInlay(context, paint, lit)
  }

  private drawInlay(
    context: CanvasRenderingContext2D,
    paint: LayerPaint,
    lit: number | undefined,
  ): void {
    const { look, box } = this
    const side = Math.min(box.width, box.height)
    const smallest = Math.round(SMALLEST_INLAY * paint.density)
    const inner = Math.max(smallest, Math.round(Math.sqrt(look.inlayShare) * side))
    const x = box.x + Math.floor((box.width - inner) / 2)
    const y = box.y + Math.floor((box.height - inner) / 2)
    const edge = Math.max(1, Math.round(paint.density))
    context.globalAlpha = 1
    context.fillStyle = paint.colours.surface
    context.fillRect(x - edge, y - edge, inner + 2 * edge, inner + 2 * edge)
    context.globalAlpha = lit === undefined || look.inlay === lit ? 1 : DIM
    context.fillStyle = paint.fill(look.inlay, STEPS)
    context.fillRect(x, y, inner, inner)
  }

  /** A frame that is seen on every colour: dark on light, or light on dark, with a rim. */
  private frame(
    context: CanvasRenderingContext2D,
    scene: GridScene,
    cell: number,
    thickness: number,
  ): void {
    if (cell < scene.view.first) return
    this.locate(scene, cell)
    const { colours, density } = scene.paint
    const { x, y, width, height } = this.box
    const line = thickness * density
    context.globalAlpha = 1
    context.lineWidth = line + 2 * density
    context.strokeStyle = colours.surface
    context.strokeRect(x, y, width, height)
    context.lineWidth = line
    context.strokeStyle = colours.text
    context.strokeRect(x, y, width, height)
  }
}
