/*
 * Which rows of a very long list are in the page. An element can be some 30 million pixels high at
 * most, so a list of more rows scrolls faster than its rows are high.
 */

/** Pixels that the list scrolls over at most. */
const MAX_SCROLL = 8_000_000

export interface RowWindow {
  /** The height that the scroll bar stands for. */
  readonly height: number
  /** The first row that is in the page, and how many are. */
  readonly first: number
  readonly count: number
  /** Where the first of them stands, in pixels from the beginning of what scrolls. */
  readonly top: number
}

/** The rows to be shown at a scroll position, all in pixels but `rows`. */
export function rowWindow(
  rows: number,
  rowHeight: number,
  room: number,
  scrollTop: number,
): RowWindow {
  const height = Math.min(rows * rowHeight, MAX_SCROLL)
  const visible = Math.ceil(room / rowHeight) + 1
  const travel = Math.max(0, height - room)
  const first = Math.min(
    Math.floor(firstRow(rows, rowHeight, room, travel, scrollTop)),
    Math.max(0, rows - visible),
  )
  const exact = rows * rowHeight <= MAX_SCROLL
  const atEnd = scrollTop >= travel
  const top = exact ? first * rowHeight : atEnd ? height - (rows - first) * rowHeight : scrollTop
  return { height, first, count: Math.min(visible, rows - first), top: Math.max(0, top) }
}

function firstRow(
  rows: number,
  rowHeight: number,
  room: number,
  travel: number,
  scrollTop: number,
): number {
  if (travel === 0) return 0
  return (scrollTop / travel) * Math.max(0, rows - room / rowHeight)
}

/** The scroll position at which a row is in sight, as near to the present one as can be. */
export function scrollToRow(
  row: number,
  rows: number,
  rowHeight: number,
  room: number,
  scrollTop: number,
): number {
  const height = Math.min(rows * rowHeight, MAX_SCROLL)
  const travel = Math.max(0, height - room)
  const scale = travel / Math.max(1, rows * rowHeight - room)
  const top = row * rowHeight * scale
  const bottom = ((row + 1) * rowHeight - room) * scale
  if (scrollTop > top) return Math.max(0, top)
  return scrollTop < bottom ? Math.min(travel, bottom) : scrollTop
}
