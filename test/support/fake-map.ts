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

/** Above which of the values of `patches` a part of so much of the disk lies, more or less. */
function bound(share: number): number {
  if (share <= 0) return Infinity
  if (share >= 1) return -Infinity
  return 0.5 + 0.07 * Math.log((1 - share) / share)
}

/** A disk that is made up: who serves what of it, and the bytes. */
export class FakeDisk {
  readonly extents: readonly Extent[]

  constructor(
    readonly size: number,
    readonly layerCount: number,
    /** The part that each layer has of what the layers above it leave, 0 to 1, top first. */
    private readonly shares: readonly number[],
  ) {
    this.extents = this.deal()
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

  private ownerOf(piece: number): Pick<Extent, 'content' | 'depth'> {
    for (let depth = 0; depth < this.layerCount - 1; depth += 1) {
      const beyond = patches(depth * 7 + 3, piece) - bound(this.shares[depth] ?? 0)
      if (beyond > 0) return { depth, content: beyond > 0.01 ? 'data' : 'zero' }
    }
    const content = patches(91, piece) > bound(0.6) ? 'data' : 'zero'
    return { depth: this.layerCount - 1, content }
  }

  private deal(): Extent[] {
    const piece = Math.max(4 * KIB, 2 ** Math.ceil(Math.log2(this.size / PIECES)))
    const extents: Extent[] = []
    for (let offset = 0; offset < this.size; offset += piece) {
      const length = Math.min(piece, this.size - offset)
      const owner = this.ownerOf(Math.floor((offset / this.size) * PIECES))
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

/** A disk as large, as deep and as full as the details of an image say. */
export function fakeDisk({ chain: { layers } }: ImageDetails): FakeDisk {
  const shares = layers.map(({ allocatedBytes, virtualSize }) => allocatedBytes / virtualSize)
  return new FakeDisk(layers[0]?.virtualSize ?? 0, Math.max(1, layers.length), shares)
}
