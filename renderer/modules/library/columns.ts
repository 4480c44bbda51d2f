import type { SortColumn } from './image-tree'

/** A column of the image list. Widths in pixels. */
export interface Column {
  readonly id: SortColumn
  readonly width: number
  /** Takes this share of the room that is left. */
  readonly grow: number
  readonly align: 'start' | 'end'
}

const COLUMNS: readonly Column[] = [
  { id: 'name', width: 192, grow: 3, align: 'start' },
  { id: 'state', width: 148, grow: 0, align: 'start' },
  { id: 'virtualSize', width: 120, grow: 0, align: 'end' },
  { id: 'sizeOnDisk', width: 96, grow: 0, align: 'end' },
  { id: 'allocated', width: 128, grow: 0, align: 'end' },
  { id: 'base', width: 136, grow: 2, align: 'start' },
  { id: 'usedBy', width: 80, grow: 0, align: 'end' },
  { id: 'modified', width: 136, grow: 0, align: 'end' },
]

/** Which columns to keep where there is no room for all, the most needed first. */
const NEEDED: readonly SortColumn[] = [
  'name',
  'state',
  'allocated',
  'virtualSize',
  'sizeOnDisk',
  'base',
  'modified',
  'usedBy',
]

/** What a size to the byte takes, up to the largest that a disk can have. */
const EXACT_WIDTH = 160
const SIZES: ReadonlySet<SortColumn> = new Set(['virtualSize', 'sizeOnDisk'])

/**
 * The columns that fit into a width, in their usual order; name and state always do. `exact`: sizes
 * are written to the byte.
 */
export function fittingColumns(width: number, exact = false): readonly Column[] {
  const columns = COLUMNS.map((column) =>
    exact && SIZES.has(column.id) ? { ...column, width: EXACT_WIDTH } : column,
  )
  let left = width
  const fitting = new Set<SortColumn>()
  for (const id of NEEDED) {
    left -= columns.find((column) => column.id === id)?.width ?? 0
    if (left < 0 && fitting.size >= 2) break
    fitting.add(id)
  }
  return columns.filter((column) => fitting.has(column.id))
}

/** The columns as a value of `grid-template-columns`. */
export function gridTemplate(columns: readonly Column[]): string {
  return columns
    .map(({ width, grow }) => (grow === 0 ? `${width}px` : `minmax(${width}px, ${grow}fr)`))
    .join(' ')
}
