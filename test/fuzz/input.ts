import { encodeHeader as encodeAcow, fileLength } from '../../engine/format/acow/header'
import { encodeHeader as encodeAddCow } from '../../engine/format/add-cow/header'
import { type FileSystemState, sparseBytes } from '../support/host-log'
import type { Random } from '../support/random'
import { SparseBytes } from '../support/sparse-bytes'

const SECTOR = 512

/**
 * Files that are to be opened from one of them on. Two names may lead to one file, as by a link.
 */
export interface FuzzInput {
  /** What is opened. */
  readonly top: string
  readonly names: Map<string, number>
  readonly files: Map<number, SparseBytes>
}

/** A copy that can be changed. */
export function copyOf({ top, names, files }: FuzzInput): FuzzInput {
  const copies = new Map([...files].map(([number, bytes]) => [number, bytes.clone()]))
  return { top, names: new Map(names), files: copies }
}

/** The input as the files of a simulated host. */
export function stateOf({ names, files }: FuzzInput): FileSystemState {
  return { names, files }
}

export function putFile({ names, files }: FuzzInput, path: string, bytes: SparseBytes): void {
  const number = Math.max(0, ...files.keys()) + 1
  names.set(path, number)
  files.set(number, bytes)
}

/**
 * A sound chain of one to four overlays in both layouts, with or without a base, small or large.
 */
export function soundInput(random: Random): FuzzInput {
  const layers = random.pick([1, 1, 1, 2, 3, 4])
  const top = overlayPath(layers)
  const input: FuzzInput = { top, names: new Map(), files: new Map() }
  let below: Below | undefined
  if (random.chance(0.75)) {
    const length = random.pick([random.below(100_000), 512 * random.below(200), 0, 511])
    putFile(input, '/d/base.raw', blocks(random, length))
    below = { name: 'base.raw', format: random.pick(['raw', 'raw', '']) }
  }
  for (let layer = 1; layer <= layers; layer += 1) below = putOverlay(input, layer, below, random)
  return input
}

interface Below {
  readonly name: string
  readonly format: string
}

function overlayPath(layer: number): string {
  return `/d/layer-${String(layer)}.add-cow`
}

/** Adds an overlay on what there is; how the next one names it. */
function putOverlay(
  input: FuzzInput,
  layer: number,
  below: Below | undefined,
  random: Random,
): Below {
  const size = SECTOR * random.pick([1 + random.below(300), 1 + random.below(300), sparse(random)])
  const imageName = random.pick([`layer-${String(layer)}.raw`, `./layer-${String(layer)}.raw`])
  const name = random.pick([`layer-${String(layer)}.add-cow`, overlayPath(layer)])
  const format = random.pick(['add-cow', 'acow'] as const)
  const metadata = new SparseBytes()
  if (format === 'add-cow') {
    metadata.write(encodeAddCow({ backingName: below?.name ?? '', imageName, size }), 0)
    putBits(metadata, 2560, size / SECTOR, random)
    metadata.truncate(2560 + Math.ceil(size / SECTOR / 8))
  } else {
    const clusterBits = random.pick([9, 10, 12, 12, 13, 16, random.between(9, 21)])
    const header = {
      clusterBits,
      backingName: below?.name,
      backingFormat: below?.format ?? '',
      imageName,
      imageFormat: random.pick(['raw', '']),
      allAllocated: below === undefined || random.chance(0.1),
    }
    const bytes = encodeAcow(header)
    metadata.write(bytes, 0)
    putBits(metadata, bytes.length, Math.ceil(size / 2 ** clusterBits), random)
    metadata.truncate(fileLength(clusterBits, size))
  }
  putFile(input, overlayPath(layer), metadata)
  putFile(input, `/d/layer-${String(layer)}.raw`, imageFile(random, size, format === 'acow'))
  return { name, format: random.pick([format, 'add-cow', '']) }
}

/** Of a disk that is large: up to 4 TiB, in sectors. */
function sparse(random: Random): number {
  return 1 + random.below(2 ** random.between(10, 33))
}

/** Random bits in the first bytes of a bitmap. */
function putBits(file: SparseBytes, offset: number, bits: number, random: Random): void {
  const bytes = random.bytes(Math.min(Math.ceil(bits / 8), 64))
  const last = bits / 8 <= 64 ? bits % 8 : 0
  if (last > 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) & (2 ** last - 1)
  file.write(bytes, offset)
}

function imageFile(random: Random, size: number, exact: boolean): SparseBytes {
  const file = blocks(random, Math.min(size, 512 * 300))
  file.truncate(exact || random.chance(0.8) ? size : size + random.below(5000))
  return file
}

/** Bytes that look random, with holes. */
export function blocks(random: Random, length: number): SparseBytes {
  const file = sparseBytes(random.bytes(length))
  for (let at = 0; at < length; at += 4096) if (random.chance(0.5)) file.punch(at, 4096)
  return file
}
