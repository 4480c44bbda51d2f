import type { ContentPart } from './content-parts'
import type { LayerPaint } from './layer-paint'
import type { Grid, View } from './map-view'

/** Thickness of an edge, and size of the words, in pixels of the page. */
const EDGE = 2
const TEXT = 10
const PADDING = 3

export interface NamedPart extends ContentPart {
  readonly name: string
}

interface Scene {
  readonly grid: Grid
  readonly view: View
  readonly paint: LayerPaint
}

/**
 * Draws what is inside of the disk over its cells: an edge around all that belongs to a part, and
 * its name where it begins. Looks at parts, never at cells.
 */
export function paintContent(
  context: CanvasRenderingContext2D,
  scene: Scene,
  parts: readonly NamedPart[],
): void {
  const { grid, view, paint } = scene
  context.globalAlpha = 1
  context.font = `${String(TEXT * paint.density)}px system-ui, sans-serif`
  context.textBaseline = 'middle'
  const last = view.first + (grid.rows + 2) * grid.columns
  for (const [index, part] of parts.entries()) {
    const from = Math.floor(part.from / view.cellBytes)
    const to = Math.ceil(part.to / view.cellBytes)
    if (to <= view.first || from >= last) continue
    const colour = index % 2 === 0 ? paint.colours.text : paint.colours.accent
    for (const cell of [to, from]) {
      if (cell >= view.first && cell < last) paintEdge(context, scene, cell, colour)
    }
    const start = Math.max(from, view.first)
    paintName(context, scene, part.name, colour, start, Math.min(to, last))
  }
}

/** The edge before a cell: left of it, above the cells that follow it, below those before it. */
function paintEdge(
  context: CanvasRenderingContext2D,
  { grid, view, paint }: Scene,
  cell: number,
  colour: string,
): void {
  const side = grid.cellSide * paint.density
  const edge = Math.round(EDGE * paint.density)
  const column = (cell - view.first) % grid.columns
  const x = Math.round(column * side)
  const y = Math.round(((cell - view.first - column) / grid.columns - view.shift) * side)
  const below = Math.round(y + side)
  context.fillStyle = colour
  context.fillRect(x, y, context.canvas.width - x, edge)
  if (column === 0) return
  context.fillRect(x, y, edge, below - y + edge)
  context.fillRect(0, below, x, edge)
}

/**
 * The name of a part in the first row of it that has room, of the first two; one that does not fit
 * is left out: pointing at the cells tells it as well. `from` (inclusive) and `to` are cells.
 */
function paintName(
  context: CanvasRenderingContext2D,
  { grid, view, paint: { colours, density } }: Scene,
  name: string,
  colour: string,
  from: number,
  to: number,
): void {
  const side = grid.cellSide * density
  const padding = PADDING * density
  const width = context.measureText(name).width + 2 * padding
  const height = (TEXT + PADDING) * density
  const row = Math.floor((from - view.first) / grid.columns)
  const rowEnd = view.first + (row + 1) * grid.columns
  const starts = [
    { start: from, end: Math.min(to, rowEnd), at: row },
    { start: rowEnd, end: Math.min(to, rowEnd + grid.columns), at: row + 1 },
  ]
  const place = starts.find(({ start, end }) => (end - start) * side >= width)
  if (place === undefined) return
  const x = Math.round(((place.start - view.first) % grid.columns) * side)
  const y = Math.round((place.at - view.shift) * side)
  context.fillStyle = colour
  context.fillRect(x, y, width, height)
  context.fillStyle = colours.surface
  context.fillText(name, x + padding, y + height / 2)
}
