/** A width that leaves room on both sides; where there is too little for both, `min` goes first. */
export function clampWidth(width: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, width))
}

function keyOf(name: string): string {
  return `split:${name}`
}

/**
 * The width that was kept under a name, in pixels; undefined where there is none that makes sense.
 */
export function keptWidth(name: string): number | undefined {
  const width = Number(localStorage.getItem(keyOf(name)) ?? Number.NaN)
  return Number.isFinite(width) && width > 0 ? width : undefined
}

export function keepWidth(name: string, width: number): void {
  localStorage.setItem(keyOf(name), String(Math.round(width)))
}
