import { onMounted, onScopeDispose, type ShallowRef } from 'vue'
import { SECTOR_SIZE } from '../../../engine/base/units'
import { cellAt, cellCount, drag, scrollRows, type View } from './map-view'
import type { MapPlace } from './use-map-place'

/** Wheel travel of one step of zoom; a pinch comes as a wheel with much smaller travel. */
const WHEEL_STEP = 100
const PINCH_STEP = 24
/** A press that moves less far is a click. */
const CLICK_PX = 4

/**
 * Pointer and keyboard on a grid of cells: pointing, pressing, dragging, zooming, walking. `open`
 * is called where somebody wants to look into a sector, closer than which there is no cell.
 */
export function useGridInput(
  canvas: Readonly<ShallowRef<HTMLCanvasElement | null>>,
  place: MapPlace,
  open: () => void,
): void {
  let pressed: { x: number; y: number; view: View; moved: boolean } | undefined
  let travel = 0

  function offsetAt(event: MouseEvent): number | undefined {
    const grid = place.grid.value
    if (grid === undefined) return undefined
    const cell = cellAt(grid, place.view.value, event.offsetX, event.offsetY)
    return cell === undefined ? undefined : cell * place.view.value.cellBytes
  }

  function onDown(event: PointerEvent): void {
    if (event.button !== 0) return
    pressed = { x: event.clientX, y: event.clientY, view: place.view.value, moved: false }
    canvas.value?.setPointerCapture(event.pointerId)
  }

  function onMove(event: PointerEvent): void {
    const grid = place.grid.value
    if (pressed !== undefined && grid !== undefined) {
      const dx = event.clientX - pressed.x
      const dy = event.clientY - pressed.y
      pressed.moved ||= Math.hypot(dx, dy) > CLICK_PX
      if (pressed.moved) place.show(drag(grid, pressed.view, dx, dy))
    }
    place.point(offsetAt(event))
  }

  function onUp(event: PointerEvent): void {
    const offset = offsetAt(event)
    if (pressed?.moved === false && offset !== undefined) place.go(offset)
    pressed = undefined
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault()
    const grid = place.grid.value
    if (grid === undefined) return
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
    const moved = sideways ? event.deltaX || event.deltaY : event.deltaY
    travel -= moved / (event.ctrlKey ? PINCH_STEP : WHEEL_STEP)
    const steps = Math.trunc(travel)
    travel -= steps
    if (steps === 0) return
    if (sideways) place.show(scrollRows(grid, place.view.value, -steps))
    else place.zoom(steps, offsetAt(event))
    place.point(offsetAt(event))
  }

  /** Closer, at a place: into its cell, or into the bytes of its sector. */
  function enter(offset: number): void {
    place.go(offset)
    if (place.view.value.cellBytes === SECTOR_SIZE) open()
    else place.zoom(1)
  }

  function onDouble(event: MouseEvent): void {
    const offset = offsetAt(event)
    if (offset !== undefined) enter(offset)
  }

  /** Moves the cursor by cells. */
  function step(cells: number): void {
    const grid = place.grid.value
    if (grid === undefined) return
    const { cellBytes } = place.view.value
    const cell = Math.floor(place.cursor.value / cellBytes) + cells
    const last = cellCount(grid, cellBytes) - 1
    place.go(Math.max(0, Math.min(cell, last)) * cellBytes)
  }

  function actionOf(key: string): (() => void) | undefined {
    const { columns, rows } = place.grid.value ?? { columns: 1, rows: 1 }
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      ArrowUp: () => step(-columns),
      ArrowDown: () => step(columns),
      PageUp: () => step(-columns * rows),
      PageDown: () => step(columns * rows),
      '+': () => place.zoom(1),
      '=': () => place.zoom(1),
      '-': () => place.zoom(-1),
      Home: () => place.showWhole(),
      Enter: () => enter(place.cursor.value),
    }
    return actions[key]
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = actionOf(event.key)
    if (action === undefined) return
    event.preventDefault()
    place.point(undefined)
    action()
  }

  const ending = new AbortController()
  onMounted(() => {
    const element = canvas.value
    if (element === null) return
    const { signal } = ending
    element.addEventListener('pointerdown', onDown, { signal })
    element.addEventListener('pointermove', onMove, { signal })
    element.addEventListener('pointerup', onUp, { signal })
    element.addEventListener('pointercancel', () => (pressed = undefined), { signal })
    element.addEventListener('pointerleave', () => place.point(undefined), { signal })
    element.addEventListener('wheel', onWheel, { signal, passive: false })
    element.addEventListener('dblclick', onDouble, { signal })
    element.addEventListener('keydown', onKey, { signal })
  })
  onScopeDispose(() => ending.abort())
}
