import type { ImageDetails, ImageId } from '../../electron/contract/library'
import type { DiskMap, MapCounts, MapTileRequest, PlacedExtent } from '../../electron/contract/map'
import { buildLevels, CellCounter, finestCellBytes } from '../../electron/worker/map/pyramid'
import { KIB } from '../../engine/base/units'
import type { Extent } from '../../engine/model/image'

/** So many pieces of a disk are dealt out to layers. */
const PIECES = 16_384

/** A number from 0 to 1 that looks like chance and is always the same for the same input. */
function chance(seed: number, at: number): number {
  let mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

/** Smooth chance: near places have near values, so that layers come in patches. */
function patches(seed: number, piece: number): number {
  let value = 0
  let weight = 0
  for (const [width, share] of [
    [2048, 4],
    [256, 2],
    [24, 1.5],
    [3, 0.7],
  ] as const) {
    const place = piece / width
    const low = Math.floor(place)
    const part = place - low
    value += share * (chance(seed, low) * (1 - part) + chance(seed, low + 1) * part)
    weight += share
  }
  return value / weight
}

function ownerOf(piece: number, layers: number): Pick<Extent, 'content' | 'depth'> {
  for (let depth = 0; depth < layers - 1; depth += 1) {
    const own = patches(depth * 7 + 3, piece)
    if (own > 0.58) return { depth, content: own > 0.6 ? 'data' : 'zero' }
  }
  const base = patches(91, piece)
  return { depth: layers - 1, content: base > 0.45 ? 'data' : 'zero' }
}

/** A disk that is made up: who serves what of it, and the bytes. */
export class FakeDisk {
  readonly extents: readonly Extent[]

  constructor(
    readonly size: number,
    readonly layerCount: number,
    extents?: readonly Extent[],
  ) {
    this.extents = extents ?? this.deal()
  }

  /** The map as a worker would make it. */
  map(id: ImageId): DiskMap {
    const { size, layerCount, extents } = this
    const cellBytes = finestCellBytes(size, layerCount)
    const counts = this.count(0, cellBytes, Math.ceil(size / cellBytes))
    const levels = buildLevels(counts, layerCount)
    return { id, size, layerCount, extentCount: extents.length, cellBytes, levels }
  }

  tile({ cellBytes, first, count }: MapTileRequest): MapCounts {
    return this.count(first * cellBytes, cellBytes, count)
  }

  list(first: number, count: number): PlacedExtent[] {
    return this.extents
      .slice(first, first + count)
      .map((extent, place) => ({ ...extent, index: first + place }))
  }

  extentAt(offset: number): PlacedExtent | undefined {
    const index = this.extents.findIndex((one) => one.offset + one.length > offset)
    return this.list(index, 1)[0]
  }

  bytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)))
    if (this.extentAt(offset)?.content === 'zero') return bytes
    const text = new TextEncoder().encode('A disk that is made up. ')
    return bytes.map((_zero, place) =>
      place % 96 < 64 ? (text[place % text.length] ?? 0) : Math.floor(chance(offset, place) * 256),
    )
  }

  private count(start: number, cellBytes: number, cells: number): MapCounts {
    const counter = new CellCounter(this.layerCount, start, cellBytes, cells)
    const end = Math.min(this.size, start + cells * cellBytes)
    for (const extent of this.extents) {
      const offset = Math.max(start, extent.offset)
      const length = Math.min(end, extent.offset + extent.length) - offset
      if (length > 0) counter.add({ ...extent, offset, length })
    }
    return counter.counts
  }

  private deal(): Extent[] {
    const piece = Math.max(4 * KIB, 2 ** Math.ceil(Math.log2(this.size / PIECES)))
    const extents: Extent[] = []
    for (let offset = 0; offset < this.size; offset += piece) {
      const length = Math.min(piece, this.size - offset)
      const owner = ownerOf(Math.floor((offset / this.size) * PIECES), this.layerCount)
      const last = extents.at(-1)
      if (last?.depth === owner.depth && last?.content === owner.content) {
        extents[extents.length - 1] = { ...last, length: last.length + length }
      } else {
        extents.push({ offset, length, ...owner })
      }
    }
    return extents
  }
}

/** A disk as large and as deep as the details of an image say. */
export function fakeDisk({ chain: { layers } }: ImageDetails): FakeDisk {
  return new FakeDisk(layers[0]?.virtualSize ?? 0, Math.max(1, layers.length))
}
