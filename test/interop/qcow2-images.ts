/*
 * qcow2 images as the real qemu-img and qemu-io make them: one of each kind, with content that a
 * seed chooses.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ByteRange, rangeEnd, rangesOverlap } from '../../engine/base/byte-range'
import { alignDown, alignUp, GIB, KIB, MIB, SECTOR_SIZE, TIB } from '../../engine/base/units'
import { output } from '../support/command-line'
import type { Random } from '../support/random'

/** What an image is made with. Sizes in bytes. */
export interface Variant {
  readonly name: string
  readonly size: number
  readonly clusterSize: number
  /** Further options of `qemu-img create -o`. */
  readonly options: readonly string[]
  /** Some clusters are written compressed. */
  readonly compressed: boolean
}

function variant(
  clusterSize: number,
  size: number,
  options: readonly string[] = [],
  compressed = true,
): Variant {
  const words = [`${String(clusterSize / KIB)}k clusters`, `${String(size)} bytes`, ...options]
  return { name: words.join(', '), size, clusterSize, options, compressed }
}

const CLUSTER_SIZES = [...Array(13).keys()].map((power) => 512 * 2 ** power)
const V2 = 'compat=0.10'
const ZSTD = 'compression_type=zstd'
const EXTENDED = 'extended_l2=on'
const APART = 'data_file=apart.raw'
const NO_REFCOUNTS = 'refcount_bits=1'
/** What keeps clusters from being shared, and so from being in a snapshot. */
const UNSHARED: ReadonlySet<string> = new Set([APART, NO_REFCOUNTS])

/** Every kind of image that qemu-img makes. */
export const variants: readonly Variant[] = [
  ...CLUSTER_SIZES.map((clusterSize) => variant(clusterSize, 9 * MIB + 3 * SECTOR_SIZE)),
  ...[512, 4 * KIB, 64 * KIB, 2 * MIB].map((size) => variant(size, 40 * MIB, [V2])),
  ...[512, 4 * KIB, 64 * KIB, 2 * MIB].map((size) => variant(size, 20 * MIB, [ZSTD])),
  ...[16 * KIB, 64 * KIB, 2 * MIB].map((size) => variant(size, 70 * MIB, [EXTENDED])),
  variant(64 * KIB, 5 * GIB, [EXTENDED, ZSTD, 'refcount_bits=64']),
  variant(64 * KIB, 10 * MIB, [NO_REFCOUNTS]),
  variant(4 * KIB, 10 * MIB, ['lazy_refcounts=on']),
  variant(64 * KIB, 20 * MIB, [APART], false),
  variant(4 * KIB, 20 * MIB + 512, [APART, EXTENDED, 'cluster_size=32k'], false),
  variant(64 * KIB, 20 * MIB, [APART, 'data_file_raw=on'], false),
  ...['metadata', 'falloc', 'full'].map((how) =>
    variant(64 * KIB, 5 * MIB, [`preallocation=${how}`], false),
  ),
  variant(64 * KIB, MIB),
  variant(64 * KIB, SECTOR_SIZE),
  variant(64 * KIB, 4 * GIB),
  variant(512, 4 * GIB + 512),
  variant(64 * KIB, TIB),
  variant(2 * MIB, TIB, [V2]),
  variant(32 * KIB, TIB - 512, [EXTENDED]),
]

/** Random bytes, of which zlib and zstd can save an eighth or so, to be written to images. */
export const RANDOM_FILE = 'random.bin'
const RANDOM_BYTES = 4 * MIB

export function makeRandomFile(folder: string, random: Random): void {
  const bytes = random.bytes(RANDOM_BYTES)
  for (let at = 0; at < bytes.length; at += 1) {
    if (at % 1024 < 256) bytes[at] = (bytes[at] ?? 0) & 0x0f
  }
  writeFileSync(join(folder, RANDOM_FILE), bytes)
}

export interface NewImage {
  readonly file: string
  readonly variant: Variant
  readonly backing?: { readonly file: string; readonly format: string }
}

/** Makes an image and writes to it, with internal snapshots between. */
export async function makeImage(folder: string, image: NewImage, random: Random): Promise<void> {
  const { file, variant: made, backing } = image
  const options = [`cluster_size=${String(made.clusterSize)}`, ...made.options]
  const base = backing === undefined ? [] : ['-b', backing.file, '-F', backing.format]
  const args = ['-q', '-f', 'qcow2', ...base, '-o', options.join(',')]
  await output(folder, 'qemu-img', 'create', ...args, file, String(made.size))
  const changes = new Changes(made, random)
  await changes.apply(folder, file)
  if (made.options.some((option) => UNSHARED.has(option))) return
  await output(folder, 'qemu-img', 'snapshot', '-c', 'before', file)
  await changes.apply(folder, file)
  if (random.chance(0.3)) await output(folder, 'qemu-img', 'snapshot', '-a', 'before', file)
  if (random.chance(0.3)) await output(folder, 'qemu-img', 'snapshot', '-d', 'before', file)
}

const COMPRESSED = 'write -c'

/** Changes at random to one image. */
class Changes {
  /** QEMU writes a cluster compressed only where nothing was before. */
  private readonly touched: ByteRange[] = []

  constructor(
    private readonly made: Variant,
    private readonly random: Random,
  ) {}

  async apply(folder: string, file: string): Promise<void> {
    const changes = Array.from({ length: 25 }, () => this.next())
    // Compressed ones first: where one was written over, QEMU 7.2 may put the next one of the same
    // run into a cluster that has become free, and been given away.
    const isCompressed = (change: string): boolean => change.startsWith(COMPRESSED)
    const inOrder = [
      ...changes.filter(isCompressed),
      ...changes.filter((change) => !isCompressed(change)),
    ]
    const commands = inOrder.flatMap((change) => ['-c', change])
    const told = await output(folder, 'qemu-io', '-f', 'qcow2', ...commands, file)
    if (/fail|error|invalid/i.test(told)) throw new Error(`qemu-io: ${told}`)
  }

  /** One change at a place where images break: start, end, 4 GiB, or anywhere. */
  private next(): string {
    const { random } = this
    const { size, clusterSize, compressed } = this.made
    const places = [
      0,
      size - 1,
      Math.min(size - 1, 4 * GIB),
      random.below(size),
      random.below(size),
    ]
    const near = random.pick(places) + random.below(8 * clusterSize) - 4 * clusterSize
    const place = Math.max(0, Math.min(size - 1, near))
    const cluster = { offset: alignDown(place, clusterSize), length: clusterSize }
    if (compressed && random.chance(0.5) && this.isNew(cluster)) {
      return this.change(`${COMPRESSED} ${content(random)}`, cluster)
    }
    const longest = Math.min(size, 6 * clusterSize, MIB)
    const length = SECTOR_SIZE * (1 + random.below(longest / SECTOR_SIZE))
    const range = { offset: Math.min(alignDown(place, SECTOR_SIZE), size - length), length }
    if (random.chance(0.15)) return this.change('write -z', range)
    if (random.chance(0.05)) return this.change('write -z -u', range)
    if (random.chance(0.1)) return this.change('discard', range)
    return this.change(`write ${content(random)}`, range)
  }

  private isNew(cluster: ByteRange): boolean {
    if (rangeEnd(cluster) > this.made.size) return false
    return !this.touched.some((range) => rangesOverlap(range, cluster))
  }

  private change(what: string, range: ByteRange): string {
    const { clusterSize } = this.made
    const offset = alignDown(range.offset, clusterSize)
    this.touched.push({ offset, length: alignUp(rangeEnd(range), clusterSize) - offset })
    return `${what} ${String(range.offset)} ${String(range.length)}`
  }
}

function content(random: Random): string {
  return random.chance(0.4) ? `-s ${RANDOM_FILE}` : `-P ${String(random.below(256))}`
}
