import { onMounted, onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { LayerPaint } from './layer-paint'

export interface LiveCanvas {
  /** Of the page, not of the device. */
  readonly width: Readonly<Ref<number>>
  readonly height: Readonly<Ref<number>>
  readonly paint: Readonly<ShallowRef<LayerPaint | undefined>>
  /** Draws before the next frame, however often it is called until then. */
  readonly redraw: () => void
}

const APPEARANCE = [
  '(prefers-color-scheme: dark)',
  '(forced-colors: active)',
  '(prefers-contrast: more)',
] as const

/**
 * A canvas as large as its place, in the colours of the present theme. `draw` is called whenever
 * something is to be seen anew.
 */
export function useCanvas(
  canvas: Readonly<ShallowRef<HTMLCanvasElement | null>>,
  draw: (context: CanvasRenderingContext2D, paint: LayerPaint) => void,
): LiveCanvas {
  const width = ref(0)
  const height = ref(0)
  const paint = shallowRef<LayerPaint>()
  let frame: number | undefined
  const stops: (() => void)[] = []

  function redraw(): void {
    frame ??= requestAnimationFrame(() => {
      frame = undefined
      const context = canvas.value?.getContext('2d')
      if (context && paint.value !== undefined) draw(context, paint.value)
    })
  }

  function mix(): void {
    const element = canvas.value
    if (!element?.getContext('2d')) return
    paint.value = new LayerPaint(element, window.devicePixelRatio)
    resize(element)
  }

  function resize(element: HTMLCanvasElement): void {
    const density = window.devicePixelRatio
    if (paint.value !== undefined && paint.value.density !== density) {
      mix()
      return
    }
    width.value = element.clientWidth
    height.value = element.clientHeight
    element.width = Math.max(1, Math.round(width.value * density))
    element.height = Math.max(1, Math.round(height.value * density))
    redraw()
  }

  onMounted(() => {
    const element = canvas.value
    if (element === null) return
    mix()
    resize(element)
    const sizes = new ResizeObserver(() => resize(element))
    sizes.observe(element)
    const themes = new MutationObserver(mix)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    stops.push(
      () => sizes.disconnect(),
      () => themes.disconnect(),
    )
    for (const query of APPEARANCE) {
      const media = window.matchMedia(query)
      media.addEventListener('change', mix)
      stops.push(() => media.removeEventListener('change', mix))
    }
  })
  onScopeDispose(() => {
    if (frame !== undefined) cancelAnimationFrame(frame)
    for (const stop of stops) stop()
  })

  return { width, height, paint, redraw }
}
