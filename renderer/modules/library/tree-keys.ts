import type { ImageId } from '../../../electron/contract/library'
import type { ImageRow } from './image-tree'

/** What a key does in the list. `go` = make that row the current one. */
export type TreeMove =
  | { readonly kind: 'go'; readonly id: ImageId }
  | { readonly kind: 'open' | 'close'; readonly id: ImageId }
  | { readonly kind: 'enter' | 'menu' | 'forget'; readonly id: ImageId }

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

/**
 * What a key means with the cursor on a row; the keys are those of the treegrid pattern of the ARIA
 * practices, rows having the focus. `page` = rows that fit into the window.
 */
export function treeMove(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  rows: readonly ImageRow[],
  currentId: ImageId | undefined,
  page: number,
): TreeMove | undefined {
  const index = rows.findIndex((row) => row.image.id === currentId)
  const here = rows[index]?.image.id
  if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey))
    return here === undefined ? undefined : { kind: 'menu', id: here }
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined
  switch (event.key) {
    case 'ArrowDown':
      return goTo(rows, index + 1)
    case 'ArrowUp':
      return goTo(rows, index - 1)
    case 'PageDown':
      return goTo(rows, index + page)
    case 'PageUp':
      return goTo(rows, index - page)
    case 'Home':
      return goTo(rows, 0)
    case 'End':
      return goTo(rows, rows.length - 1)
    case 'ArrowRight':
      return moveRight(rows, index)
    case 'ArrowLeft':
      return moveLeft(rows, index)
    case 'Enter':
      return here === undefined ? undefined : { kind: 'enter', id: here }
    case 'Delete':
      return here === undefined ? undefined : { kind: 'forget', id: here }
    default:
      return undefined
  }
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
