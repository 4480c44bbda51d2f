import { LAYER_LOOKS } from '../chain/chain-model'
import { STEPS } from './cell-look'

/** The patterns of layers repeat after as many pixels. */
const TILE = 8
/** Strokes of a pattern that runs both ways out of its tile, so that tiles join. */
const OVER = 4

/** A fill of the canvas; the patterns join across cells. */
export type Fill = CanvasPattern | string

/** The colours that everything on a map is drawn in; from the tokens, or those of the system. */
interface Colours {
  readonly surface: string
  readonly layers: readonly string[]
  readonly line: string
  readonly none: string
  readonly text: string
  readonly accent: string
}

/** How strong the colour of a layer is at each step; zeros first. */
function strength(step: number): number {
  return step === 0 ? 0.14 : 0.5 + (0.5 * (step - 1)) / (STEPS - 1)
}

/**
 * Colour and pattern of every layer in every brightness, for one theme and one density of pixels.
 */
export class LayerPaint {
  private readonly fills: readonly (readonly Fill[])[]
  readonly colours: Colours

  constructor(
    canvas: HTMLCanvasElement,
    /** Pixels of the device to one of the page. */
    readonly density: number,
  ) {
    this.colours = readColours(canvas)
    this.fills = this.colours.layers.map((_colour, look) =>
      Array.from({ length: STEPS + 1 }, (_none, step) => this.makeFill(look, step)),
    )
  }

  /** What a layer is filled with, 0 = the top. */
  fill(depth: number, step: number): Fill {
    return this.fills[depth % LAYER_LOOKS]?.[step] ?? this.colours.none
  }

  private makeFill(look: number, step: number): Fill {
    const { colours, density } = this
    const colour = colours.layers[look] ?? colours.none
    const side = Math.round(TILE * density)
    const tile = new OffscreenCanvas(side, side)
    const context = tile.getContext('2d')
    if (context === null) return colour
    context.fillStyle = colours.surface
    context.fillRect(0, 0, side, side)
    context.globalAlpha = strength(step)
    context.fillStyle = colour
    context.fillRect(0, 0, side, side)
    context.scale(side / TILE, side / TILE)
    // on a muted cell a pale line would be lost
    context.globalAlpha = step === 0 ? 0.45 : 1
    context.strokeStyle = step === 0 ? colour : colours.line
    context.fillStyle = context.strokeStyle
    drawPattern(context, look)
    return context.createPattern(tile, 'repeat') ?? colour
  }
}

/** The same patterns as in layers.css. */
function drawPattern(context: OffscreenCanvasRenderingContext2D, look: number): void {
  context.lineWidth = look >= 6 ? 3 : 1.5
  context.beginPath()
  if (look === 1 || look === 6) slant(context, -1)
  if (look === 3 || look === 7) slant(context, 1)
  if (look === 2) {
    line(context, 2, -OVER, 2, TILE + OVER)
    line(context, 6, -OVER, 6, TILE + OVER)
  }
  if (look === 4) {
    line(context, -OVER, 2, TILE + OVER, 2)
    line(context, -OVER, 6, TILE + OVER, 6)
  }
  context.stroke()
  if (look === 5) {
    for (const [x, y] of [
      [1, 1],
      [5, 5],
    ] as const) {
      context.fillRect(x, y, 2, 2)
    }
  }
}

function slant(context: OffscreenCanvasRenderingContext2D, way: 1 | -1): void {
  for (const start of [-TILE, 0, TILE]) {
    if (way === 1) line(context, start - OVER, TILE + OVER, start + TILE + OVER, -OVER)
    else line(context, start - OVER, -OVER, start + TILE + OVER, TILE + OVER)
  }
}

function line(
  context: OffscreenCanvasRenderingContext2D,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): void {
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
}

function readColours(canvas: HTMLCanvasElement): Colours {
  if (window.matchMedia('(forced-colors: active)').matches) {
    return {
      surface: 'Canvas',
      layers: Array.from({ length: LAYER_LOOKS }, () => 'CanvasText'),
      line: 'Canvas',
      none: 'Canvas',
      text: 'CanvasText',
      accent: 'Highlight',
    }
  }
  return {
    surface: tokenColour(canvas, '--c-surface'),
    layers: Array.from({ length: LAYER_LOOKS }, (_none, look) =>
      tokenColour(canvas, `--c-layer-${look}`),
    ),
    line: tokenColour(canvas, '--c-layer-line'),
    none: tokenColour(canvas, '--c-sunken'),
    text: tokenColour(canvas, '--c-text'),
    accent: tokenColour(canvas, '--c-accent'),
  }
}

/**
 * A token as the canvas understands it: of `light-dark()` the side of the present theme. Read from
 * a new element each time, as a change of one that is there may be a transition.
 */
function tokenColour(canvas: HTMLCanvasElement, token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  canvas.after(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
