import type { WindowPlace } from './stored-data'

export const MIN_WIDTH = 900
export const MIN_HEIGHT = 600
const DEFAULT_WIDTH = 1280
const DEFAULT_HEIGHT = 800
/** So much of the window must be on a display that its title bar can be taken hold of. */
const GRIP = 100

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What a window is opened with; without x and y the system finds a place. */
export interface Placement {
  readonly x?: number
  readonly y?: number
  readonly width: number
  readonly height: number
}

/**
 * The remembered place, as far as the displays of today allow: no larger than its display, and the
 * top left corner where it can be reached. Else the default size, wherever the system puts it.
 */
export function placeWindow(
  remembered: WindowPlace | undefined,
  workAreas: readonly Rectangle[],
): Placement {
  const area = remembered && workAreas.find((display) => isReachable(remembered, display))
  if (remembered === undefined || area === undefined) {
    const [first = { width: DEFAULT_WIDTH, height: DEFAULT_HEIGHT }] = workAreas
    return {
      width: fit(DEFAULT_WIDTH, MIN_WIDTH, first.width),
      height: fit(DEFAULT_HEIGHT, MIN_HEIGHT, first.height),
    }
  }
  return {
    x: remembered.x,
    y: remembered.y,
    width: fit(remembered.width, MIN_WIDTH, area.width),
    height: fit(remembered.height, MIN_HEIGHT, area.height),
  }
}

function fit(wanted: number, least: number, most: number): number {
  return Math.max(least, Math.min(wanted, most))
}

function isReachable(window: Rectangle, area: Rectangle): boolean {
  const visible =
    Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x)
  const top = window.y >= area.y && window.y <= area.y + area.height - GRIP
  return visible >= GRIP && top
}
