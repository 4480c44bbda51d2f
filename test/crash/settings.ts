import { KIB, MIB, SECTOR_SIZE } from '../../engine/base/units'
import type { BaseSpec } from '../support/overlays'
import type { Setting } from './workload'

/** Bytes that one page of bitmap speaks of where a cluster is a sector. */
const SECTORS_PAGE = 16 * MIB

type Backing = 'no base' | 'shorter base' | 'longer base'

interface Shape {
  readonly layout: 'add-cow' | 'acow'
  readonly clusterSize: number
  readonly size: number
  /** How far it may grow. */
  readonly limit: number
}

const shapes: readonly Shape[] = [
  { layout: 'add-cow', clusterSize: 512, size: 20 * KIB, limit: 32 * KIB },
  { layout: 'acow', clusterSize: 512, size: 21 * SECTOR_SIZE, limit: 20 * KIB },
  { layout: 'acow', clusterSize: 4 * KIB, size: 26 * KIB + SECTOR_SIZE, limit: 48 * KIB },
  { layout: 'acow', clusterSize: 64 * KIB, size: 146 * KIB + SECTOR_SIZE, limit: 256 * KIB },
]

const backings: readonly Backing[] = ['no base', 'shorter base', 'longer base']

/**
 * Disks of a few clusters: both layouts, cluster sizes, base absent, shorter and longer. Tried by
 * every suite.
 */
export const smallSettings: readonly Setting[] = shapes.flatMap((shape) =>
  backings.map((backing) => smallSetting(shape, backing)),
)

/**
 * Image files that were there before: with other bytes in them; longer, or shorter, than the disk.
 */
export const takenImageSettings: readonly Setting[] = [
  { length: 20 * KIB, garbage: true },
  { length: 30 * KIB, garbage: true },
  { length: 9 * KIB, garbage: true },
  { length: 0, garbage: false },
].map((image) => {
  const setting = smallSetting(shapeOf('add-cow'), 'longer base')
  const what = `image file of ${String(image.length)} bytes${image.garbage ? ', full' : ''}`
  return {
    ...setting,
    name: `${setting.name}, ${what}`,
    overlay: { ...setting.overlay, image },
  }
})

/**
 * More pages of bitmap than the smallest cache takes: dirty ones have to leave it in the middle of
 * the work.
 */
export const evictingSetting: Setting = {
  name: 'add-cow, 14 bitmap pages through a cache of 8',
  overlay: {
    layout: 'add-cow',
    clusterSize: 512,
    size: 13.5 * SECTORS_PAGE,
    base: { length: 14 * SECTORS_PAGE, data: [{ offset: 0, length: 8 * KIB }] },
  },
  windows: Array.from({ length: 14 }, (_, page) => {
    const offset = Math.max(0, page * SECTORS_PAGE - 4 * KIB)
    return { offset, length: 8 * KIB }
  }),
  cacheBytes: 4 * KIB,
}

/**
 * For steps of a flatten that overlap, with data all over them; pages of bitmap leave the cache
 * while others are being changed.
 */
export const overlappingSetting: Setting = {
  ...evictingSetting,
  name: 'add-cow, steps that overlap, 14 bitmap pages through a cache of 8',
  overlay: {
    ...evictingSetting.overlay,
    base: { length: 14 * SECTORS_PAGE, data: evictingSetting.windows },
  },
  concurrent: true,
}

function shapeOf(layout: Shape['layout']): Shape {
  const shape = shapes.find((each) => each.layout === layout)
  if (shape === undefined) throw new Error('no such shape')
  return shape
}

function smallSetting({ layout, clusterSize, size, limit }: Shape, backing: Backing): Setting {
  const overlay = { layout, clusterSize, size }
  const base = baseOf(backing, size, limit)
  return {
    name: `${layout}, clusters of ${String(clusterSize)}, ${backing}`,
    overlay: base === undefined ? overlay : { ...overlay, base },
    windows: [{ offset: 0, length: limit }],
  }
}

/**
 * Data in the first part, a hole, and data again up to the end, which is no whole number of
 * sectors.
 */
function baseOf(backing: Backing, size: number, limit: number): BaseSpec | undefined {
  if (backing === 'no base') return undefined
  const length = backing === 'shorter base' ? Math.floor(size * 0.7) + 77 : limit - 3 * SECTOR_SIZE
  const hole = Math.floor(length / 3)
  return {
    length,
    data: [
      { offset: 0, length: hole },
      { offset: Math.floor(length / 2), length },
    ],
  }
}
