import { computed, type ComputedRef } from 'vue'
import { SECTOR_SIZE } from '../../../engine/base/units'

/** The sector that holds a place of a disk. */
export interface SectorPlace {
  /** Its offset in bytes. */
  readonly start: ComputedRef<number>
  readonly number: ComputedRef<number>
  /** Goes on by so many, or back, and not beyond the disk. */
  readonly move: (sectors: number) => void
  /** The same by the keys for pages. */
  readonly onKey: (event: KeyboardEvent) => void
}

/** Offset and size are bytes; `go` is called with the offset of the sector to go to. */
export function useSector(
  offset: () => number,
  size: () => number,
  go: (offset: number) => void,
): SectorPlace {
  const number = computed(() => Math.floor(offset() / SECTOR_SIZE))
  const start = computed(() => number.value * SECTOR_SIZE)

  function move(sectors: number): void {
    const last = Math.ceil(size() / SECTOR_SIZE) - 1
    go(Math.max(0, Math.min(number.value + sectors, last)) * SECTOR_SIZE)
  }

  function onKey(event: KeyboardEvent): void {
    const sectors = { PageUp: -1, PageDown: 1 }[event.key]
    if (sectors === undefined) return
    event.preventDefault()
    move(sectors)
  }

  return { start, number, move, onKey }
}
