import type { ImageId } from '../../../electron/contract/library'
import type { KeyUse } from '../help/key-use'
import type { ImageRow } from './image-tree'

/**
 * What a key does in the list. `go` = select that row alone; `step` = only move the cursor there;
 * `extend` = select all from where the selection began.
 */
export type TreeMove =
  | { readonly kind: 'go' | 'step' | 'extend'; readonly id: ImageId }
  | { readonly kind: 'open' | 'close' | 'toggle'; readonly id: ImageId }
  | { readonly kind: 'enter' | 'menu' | 'forget'; readonly id: ImageId }
  | { readonly kind: 'all' }

/** The keys of the list, as the sheet of shortcuts tells them. */
export const LIST_KEYS = [
  { name: 'go', keys: [{ key: 'ArrowUp' }, { key: 'ArrowDown' }] },
  { name: 'page', keys: [{ key: 'PageUp' }, { key: 'PageDown' }] },
  { name: 'ends', keys: [{ key: 'Home' }, { key: 'End' }] },
  { name: 'fold', keys: [{ key: 'ArrowLeft' }, { key: 'ArrowRight' }] },
  {
    name: 'extend',
    keys: [
      { key: 'ArrowUp', shift: true },
      { key: 'ArrowDown', shift: true },
    ],
  },
  {
    name: 'step',
    keys: [
      { key: 'ArrowUp', mod: true },
      { key: 'ArrowDown', mod: true },
    ],
  },
  { name: 'toggle', keys: [{ key: ' ', mod: true }] },
  { name: 'all', keys: [{ key: 'a', mod: true }] },
  { name: 'enter', keys: [{ key: 'Enter' }] },
  { name: 'menu', keys: [{ key: 'F10', shift: true }, { key: 'ContextMenu' }] },
  { name: 'forget', keys: [{ key: 'Delete' }] },
] as const satisfies readonly KeyUse[]

type Keys = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>

function goTo(rows: readonly ImageRow[], index: number): TreeMove | undefined {
  const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
  return row && { kind: 'go', id: row.image.id }
}

function moveRight(rows: readonly ImageRow[], index: number): TreeMove | undefined {
  const row = rows[index]
  if (!row?.hasChildren) return undefined
  return row.expanded ? goTo(rows, index + 1) : { kind: 'open', id: row.image.id }
}

function moveLeft(rows: readonly ImageRow[], index: number): TreeMove | undefined {
  const row = rows[index]
  if (row === undefined) return undefined
  if (row.expanded) return { kind: 'close', id: row.image.id }
  return row.parentId === undefined ? undefined : { kind: 'go', id: row.parentId }
}

/** How far a key moves the cursor, from the row of an index; undefined for any other key. */
function target(key: string, index: number, rows: number, page: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return index + 1
    case 'ArrowUp':
      return index - 1
    case 'PageDown':
      return index + page
    case 'PageUp':
      return index - page
    case 'Home':
      return 0
    case 'End':
      return rows - 1
    default:
      return undefined
  }
}

/** Keys that move the cursor: alone they select, with Shift they add, with Ctrl they only go. */
function movement(
  event: Keys,
  rows: readonly ImageRow[],
  index: number,
  page: number,
): TreeMove | undefined {
  const to = target(event.key, index, rows.length, page)
  const move = to === undefined ? undefined : goTo(rows, to)
  if (move?.kind !== 'go') return undefined
  if (event.shiftKey) return { kind: 'extend', id: move.id }
  return event.ctrlKey || event.metaKey ? { kind: 'step', id: move.id } : move
}

/**
 * What a key means with the cursor on a row; the keys are those of the treegrid pattern of the ARIA
 * practices, rows having the focus. `page` = rows that fit into the window.
 */
export function treeMove(
  event: Keys,
  rows: readonly ImageRow[],
  currentId: ImageId | undefined,
  page: number,
): TreeMove | undefined {
  const index = rows.findIndex((row) => row.image.id === currentId)
  const here = rows[index]?.image.id
  if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey))
    return here === undefined ? undefined : { kind: 'menu', id: here }
  if (event.altKey) return undefined
  const move = movement(event, rows, index, page)
  if (move !== undefined) return move
  if (event.ctrlKey || event.metaKey) return withControl(event, here)
  switch (event.key) {
    case 'ArrowRight':
      return moveRight(rows, index)
    case 'ArrowLeft':
      return moveLeft(rows, index)
    case ' ':
      return here === undefined ? undefined : { kind: event.shiftKey ? 'extend' : 'go', id: here }
    case 'Enter':
      return here === undefined ? undefined : { kind: 'enter', id: here }
    case 'Delete':
      return here === undefined ? undefined : { kind: 'forget', id: here }
    default:
      return undefined
  }
}

function withControl({ key }: Keys, here: ImageId | undefined): TreeMove | undefined {
  if (key.toLowerCase() === 'a') return { kind: 'all' }
  return key === ' ' && here !== undefined ? { kind: 'toggle', id: here } : undefined
}

/** The rows from one to another, both among them; the second alone where the first is not there. */
export function rowsBetween(
  rows: readonly ImageRow[],
  from: ImageId | undefined,
  to: ImageId,
): readonly ImageId[] {
  const start = rows.findIndex((row) => row.image.id === from)
  const end = rows.findIndex((row) => row.image.id === to)
  if (start < 0) return [to]
  return rows.slice(Math.min(start, end), Math.max(start, end) + 1).map((row) => row.image.id)
}

/** The next row behind the cursor whose name begins with the letters typed, going round once. */
export function findTyped(
  rows: readonly ImageRow[],
  currentId: ImageId | undefined,
  typed: string,
): ImageId | undefined {
  const start = rows.findIndex((row) => row.image.id === currentId)
  // A single letter looks further, more letters may still mean the row that is current.
  const from = typed.length === 1 ? start + 1 : Math.max(0, start)
  const wanted = typed.toLowerCase()
  for (let step = 0; step < rows.length; step += 1) {
    const image = rows[(from + step) % rows.length]?.image
    if (image?.name.toLowerCase().startsWith(wanted) === true) return image.id
  }
  return undefined
}
