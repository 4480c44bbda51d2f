import type { MapSource } from './map-source'

/** What one layer, or none, serves of a cell, in bytes. */
export interface CellPart {
  /** Undefined: no layer. */
  readonly depth: number | undefined
  readonly content: 'data' | 'zero'
  readonly bytes: number
}

/** What a cell is made of. */
export interface CellParts {
  /** Largest first. */
  readonly parts: readonly CellPart[]
  /** Bytes of the cell; fewer at the end of the disk. */
  readonly span: number
  /** False while the figures of a larger piece stand for it. */
  readonly exact: boolean
}

export function cellParts(source: MapSource, cellBytes: number, cell: number): CellParts {
  source.pick(cellBytes, cell)
  const { counts, base, slots, span, exact } = source
  const parts: CellPart[] = []
  let left = span
  for (let slot = 0; slot < slots; slot += 1) {
    const bytes = counts[base + slot] ?? 0
    if (bytes === 0) continue
    parts.push({ depth: Math.floor(slot / 2), content: slot % 2 === 0 ? 'data' : 'zero', bytes })
    left -= bytes
  }
  if (left > 0) parts.push({ depth: undefined, content: 'zero', bytes: left })
  return { parts: parts.sort((a, b) => b.bytes - a.bytes), span, exact }
}
