import type { MapSource } from './map-source'

/** Brightnesses of a cell that has data, from 1 to this; 0 has none, or zeros alone. */
export const STEPS = 6

/** No layer. */
export const NOBODY = -1

/**
 * How one cell is drawn. Filled in for one cell after the other, so that a frame needs no memory of
 * its own.
 */
export interface CellLook {
  /** The layer that serves most of it, or NOBODY. */
  main: number
  /** 0..STEPS: how full it is. */
  step: number
  /** The layer that serves most of the rest, or NOBODY; in the middle of the cell. */
  inlay: number
  /** Its part of the cell, 0 to 1. */
  inlayShare: number
}

/**
 * The look of the cell that the source has picked. Data comes before zeros; where a layer is `lit`,
 * it is shown wherever it serves anything.
 */
export function lookOf(source: MapSource, lit: number | undefined, look: CellLook): void {
  const { counts, base, slots, span } = source
  let data = 0
  let first = NOBODY
  let firstBytes = 0
  let second = NOBODY
  let secondBytes = 0
  let zeros = NOBODY
  let zeroBytes = 0
  for (let slot = 0; slot < slots; slot += 2) {
    const bytes = counts[base + slot] ?? 0
    const zero = counts[base + slot + 1] ?? 0
    data += bytes
    if (bytes > firstBytes) {
      second = first
      secondBytes = firstBytes
      first = slot / 2
      firstBytes = bytes
    } else if (bytes > secondBytes) {
      second = slot / 2
      secondBytes = bytes
    }
    if (zero > zeroBytes) {
      zeros = slot / 2
      zeroBytes = zero
    }
  }
  look.main = first === NOBODY ? zeros : first
  look.step = data === 0 ? 0 : Math.max(1, Math.ceil((data / span) * STEPS))
  look.inlay = second
  look.inlayShare = secondBytes / span
  if (lit !== undefined) light(source, lit, look)
}

function light({ counts, base, span }: MapSource, lit: number, look: CellLook): void {
  const data = counts[base + 2 * lit] ?? 0
  const bytes = data + (counts[base + 2 * lit + 1] ?? 0)
  if (bytes === 0) {
    look.inlay = NOBODY
  } else if (look.main !== lit) {
    look.inlay = lit
    look.inlayShare = bytes / span
  }
}
