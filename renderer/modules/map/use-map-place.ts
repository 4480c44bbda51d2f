import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import {
  centreOn,
  clampView,
  fitGrid,
  fitRange,
  reveal,
  shownBytes,
  wholeDisk,
  zoomAt,
  type Grid,
  type View,
} from './map-view'

/** Where a person is on the map of a disk. Offsets in bytes. */
export interface MapPlace {
  readonly grid: Readonly<ShallowRef<Grid | undefined>>
  readonly view: Readonly<ShallowRef<View>>
  /** Whether all of the disk is on the screen. */
  readonly isWhole: ComputedRef<boolean>
  /** What of it is; undefined before there is a screen. */
  readonly shown: ComputedRef<ReturnType<typeof shownBytes> | undefined>
  /** Where the keyboard is: the beginning of a cell, or the place that was asked for. */
  readonly cursor: Readonly<Ref<number>>
  /** Where the pointer is. */
  readonly hover: Readonly<Ref<number | undefined>>
  /** The place that the cells are to fill, in pixels. */
  readonly resize: (width: number, height: number) => void
  /** In by steps of two where positive, around `anchor` or the cursor. */
  readonly zoom: (steps: number, anchor?: number) => void
  readonly showWhole: () => void
  /** Puts the cursor somewhere, and that place on the screen. */
  readonly go: (offset: number) => void
  readonly centre: (offset: number) => void
  readonly show: (view: View) => void
  /** Shows a range as close as goes, with the cursor at its beginning. */
  readonly showRange: (from: number, to: number) => void
  /** Says where the pointer is; undefined where it is nowhere on the disk. */
  readonly point: (offset: number | undefined) => void
}

export function useMapPlace(size: () => number): MapPlace {
  const grid = shallowRef<Grid>()
  const view = shallowRef<View>({ cellBytes: 0, first: 0, shift: 0 })
  const cursor = ref(0)
  const hover = ref<number>()
  const isWhole = computed(() => view.value.cellBytes >= (grid.value?.wholeCellBytes ?? 0))
  const shown = computed(() =>
    grid.value === undefined ? undefined : shownBytes(grid.value, view.value),
  )
  let room = { width: 0, height: 0 }

  function fit(): void {
    if (room.width === 0 || size() === 0) return
    const before = grid.value
    const now = fitGrid(size(), room.width, room.height)
    const wasWhole = before === undefined || view.value.cellBytes >= before.wholeCellBytes
    grid.value = now
    view.value = wasWhole ? wholeDisk(now) : clampView(now, view.value)
    cursor.value = Math.max(0, Math.min(cursor.value, size() - 1))
  }

  function resize(width: number, height: number): void {
    if (width === room.width && height === room.height) return
    room = { width, height }
    fit()
  }

  function zoom(steps: number, anchor = cursor.value): void {
    if (grid.value !== undefined) view.value = zoomAt(grid.value, view.value, steps, anchor)
  }

  function showWhole(): void {
    if (grid.value !== undefined) view.value = wholeDisk(grid.value)
  }

  function go(offset: number): void {
    cursor.value = Math.max(0, Math.min(offset, size() - 1))
    if (grid.value !== undefined) view.value = reveal(grid.value, view.value, cursor.value)
  }

  function centre(offset: number): void {
    if (grid.value !== undefined) view.value = centreOn(grid.value, view.value, offset)
  }

  function show(next: View): void {
    view.value = next
  }

  function showRange(from: number, to: number): void {
    if (grid.value === undefined) return
    view.value = fitRange(grid.value, from, to)
    cursor.value = from
  }

  function point(offset: number | undefined): void {
    hover.value = offset
  }

  watch(size, fit)
  const state = { grid, view, isWhole, shown, cursor, hover }
  return { ...state, resize, zoom, showWhole, go, centre, show, showRange, point }
}
