/*
 * Which part of a disk a grid of cells shows, and how that changes by zooming and dragging. A cell
 * covers a power of two of bytes, so zooming goes in steps of two; the first cell is any cell, so
 * that the one under the pointer stays where it is.
 */
import { SECTOR_SIZE } from '../../../engine/base/units'

/** Sides of a cell in pixels: as large as lets the whole disk in. */
const SMALLEST_CELL = 8
const LARGEST_CELL = 20

/** A grid that fills a place on the screen. */
export interface Grid {
  /** Virtual size of the disk in bytes. */
  readonly size: number
  readonly columns: number
  /** Rows that are whole on the screen. */
  readonly rows: number
  /** Side of a cell, its gap included, in pixels; need not be whole. */
  readonly cellSide: number
  /** What a cell covers when the whole disk is shown. */
  readonly wholeCellBytes: number
}

/** The part of the disk that is shown. */
export interface View {
  /** A power of two, from a sector to the grid's wholeCellBytes. */
  readonly cellBytes: number
  /** The cell that stands first. */
  readonly first: number
  /** The part of a row that is scrolled out at the top, 0 to below 1. */
  readonly shift: number
}

/**
 * The grid for a disk in a place of the screen, in pixels; at least one cell. The columns fill the
 * width; the cells are as large as lets the whole disk in.
 */
export function fitGrid(size: number, width: number, height: number): Grid {
  const mostColumns = Math.max(1, Math.floor(width / SMALLEST_CELL))
  const capacity = mostColumns * rowsOf(width, height, mostColumns)
  let wholeCellBytes = SECTOR_SIZE
  while (size > capacity * wholeCellBytes) wholeCellBytes *= 2
  const cells = Math.ceil(size / wholeCellBytes)
  let columns = Math.max(1, Math.floor(width / LARGEST_CELL))
  while (columns < mostColumns && columns * rowsOf(width, height, columns) < cells) columns += 1
  const rows = rowsOf(width, height, columns)
  return { size, columns, rows, cellSide: width / columns, wholeCellBytes }
}

function rowsOf(width: number, height: number, columns: number): number {
  return Math.max(1, Math.floor((height * columns) / width))
}

export function wholeDisk({ wholeCellBytes }: Grid): View {
  return { cellBytes: wholeCellBytes, first: 0, shift: 0 }
}

/** Cells of this size that the disk has. */
export function cellCount({ size }: Grid, cellBytes: number): number {
  return Math.ceil(size / cellBytes)
}

/** The bytes that are shown: from the first whole cell on, as many as there is room for. */
export function shownBytes(grid: Grid, { cellBytes, first }: View): { from: number; to: number } {
  const to = (first + grid.columns * grid.rows) * cellBytes
  return { from: first * cellBytes, to: Math.min(grid.size, to) }
}

/** The same view within the bounds of the disk and of the grid. */
export function clampView(grid: Grid, view: View): View {
  const cellBytes = Math.max(SECTOR_SIZE, Math.min(view.cellBytes, grid.wholeCellBytes))
  const last = Math.max(0, cellCount(grid, cellBytes) - grid.columns * grid.rows)
  const first = Math.max(0, Math.min(view.first, last))
  const shift = first >= last || view.first < 0 ? 0 : view.shift
  return { cellBytes, first, shift }
}

/** The cell at a place of the grid, in pixels; undefined where there is none. */
export function cellAt(grid: Grid, view: View, x: number, y: number): number | undefined {
  const column = Math.floor(x / grid.cellSide)
  const row = Math.floor(y / grid.cellSide + view.shift)
  if (column < 0 || column >= grid.columns || row < 0 || row > grid.rows) return undefined
  const cell = view.first + row * grid.columns + column
  return cell < cellCount(grid, view.cellBytes) ? cell : undefined
}

/** Zooms by steps of two (in where positive), so that the byte at `anchor` stays where it is. */
export function zoomAt(grid: Grid, view: View, steps: number, anchor: number): View {
  const wanted = view.cellBytes / 2 ** steps
  const cellBytes = Math.max(SECTOR_SIZE, Math.min(wanted, grid.wholeCellBytes))
  const place = Math.floor(anchor / view.cellBytes) - view.first
  const first = Math.floor(anchor / cellBytes) - place
  return clampView(grid, { cellBytes, first, shift: 0 })
}

/** Moves what is shown with the pointer, by pixels since the view was `from`. */
export function drag(grid: Grid, from: View, dx: number, dy: number): View {
  const scrolled = from.shift - dy / grid.cellSide
  const rows = Math.floor(scrolled)
  const first = from.first + rows * grid.columns - Math.round(dx / grid.cellSide)
  return clampView(grid, { cellBytes: from.cellBytes, first, shift: scrolled - rows })
}

/** Moves what is shown by whole rows. */
export function scrollRows(grid: Grid, view: View, rows: number): View {
  return clampView(grid, { ...view, first: view.first + rows * grid.columns })
}

/** Shows the part of the disk around a byte. */
export function centreOn(grid: Grid, view: View, offset: number): View {
  const half = Math.floor((grid.rows * grid.columns) / 2)
  const first = Math.floor(offset / view.cellBytes) - half
  return clampView(grid, { ...view, first, shift: 0 })
}

/** The closest view that has all of a range, at its beginning. Bytes, `to` exclusive. */
export function fitRange(grid: Grid, from: number, to: number): View {
  const room = grid.columns * grid.rows
  let cellBytes = SECTOR_SIZE
  while (
    cellBytes < grid.wholeCellBytes &&
    Math.ceil(to / cellBytes) - Math.floor(from / cellBytes) > room
  ) {
    cellBytes *= 2
  }
  return clampView(grid, { cellBytes, first: Math.floor(from / cellBytes), shift: 0 })
}

/** Scrolls as little as brings the cell of a byte to the screen. */
export function reveal(grid: Grid, view: View, offset: number): View {
  const cell = Math.floor(offset / view.cellBytes)
  const place = cell - view.first
  const room = grid.columns * grid.rows
  if (place >= 0 && place < room) return view.shift > 0 ? { ...view, shift: 0 } : view
  const rows =
    place < 0 ? Math.floor(place / grid.columns) : Math.floor((place - room) / grid.columns) + 1
  return clampView(grid, { ...view, first: view.first + rows * grid.columns, shift: 0 })
}
