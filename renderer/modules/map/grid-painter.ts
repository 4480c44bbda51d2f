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
    this.fillRuns(context, scene, last)
    this.drawGaps(context, scene)
    this.drawInlays(context, scene, last)
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

  /** Fills the cells; neighbours that look alike are one rectangle, as that is much faster. */
  private fillRuns(context: CanvasRenderingContext2D, scene: GridScene, last: number): void {
    const { grid, view, source, lit } = scene
    const { look, box } = this
    let main = NOBODY
    let step = 0
    let left = 0
    for (let cell = view.first; cell <= last; cell += 1) {
      source.pick(view.cellBytes, cell)
      lookOf(source, lit, look)
      const atStart = (cell - view.first) % grid.columns === 0
      if (!atStart && (look.main !== main || look.step !== step)) {
        this.locate(scene, cell - 1)
        this.fillRun(context, scene, main, step, left)
      }
      if (atStart || look.main !== main || look.step !== step) {
        this.locate(scene, cell)
        left = box.x
        main = look.main
        step = look.step
      }
      if (cell === last || (cell - view.first + 1) % grid.columns === 0) {
        this.locate(scene, cell)
        this.fillRun(context, scene, main, step, left)
      }
    }
  }

  /** Fills from `left` to the end of the box. */
  private fillRun(
    context: CanvasRenderingContext2D,
    { paint, lit }: GridScene,
    main: number,
    step: number,
    left: number,
  ): void {
    const { x, y, width, height } = this.box
    context.globalAlpha = lit === undefined || main === lit || main === NOBODY ? 1 : DIM
    context.fillStyle = main === NOBODY ? paint.colours.none : paint.fill(main, step)
    context.fillRect(left, y, x + width - left, height)
  }

  /** The lines between the columns; those between the rows were left free. */
  private drawGaps(context: CanvasRenderingContext2D, { grid, paint }: GridScene): void {
    const { height } = context.canvas
    const side = grid.cellSide * paint.density
    const gap = Math.max(1, Math.round(paint.density))
    context.globalAlpha = 1
    context.fillStyle = paint.colours.surface
    for (let column = 1; column < grid.columns; column += 1) {
      context.fillRect(Math.round(column * side) - gap, 0, gap, height)
    }
  }

  private drawInlays(context: CanvasRenderingContext2D, scene: GridScene, last: number): void {
    const { view, source, paint, lit } = scene
    for (let cell = view.first; cell <= last; cell += 1) {
      source.pick(view.cellBytes, cell)
      lookOf(source, lit, this.look)
      if (this.look.inlay === NOBODY) continue
      this.locate(scene, cell)
      this.drawInlay(context, paint, lit)
    }
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
