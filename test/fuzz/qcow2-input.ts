import { encodeHeader as encodeAcow, fileLength } from '../../engine/format/acow/header'
import { type Built, type BuiltCluster, buildQcow2, put32, put64 } from '../support/qcow2-builder'
import type { Random } from '../support/random'
import { SparseBytes } from '../support/sparse-bytes'
import { blocks, type FuzzInput, putFile } from './input'

const KINDS: readonly BuiltCluster[] = ['none', 'zero', 'zero-allocated', 'data', 'compressed']
const APART_KINDS: readonly BuiltCluster[] = ['none', 'zero', 'data']

/**
 * A qcow2 image of any kind, on a raw file, on a second one or on nothing, at times with an overlay
 * on it; its tables damaged a few times, unless it is to be sound.
 */
export function qcow2Input(random: Random, sound: boolean): FuzzInput {
  const input: FuzzInput = { top: '/d/x.qcow2', names: new Map(), files: new Map() }
  const below = random.pick([
    { name: 'base.raw', format: 'raw' },
    { name: 'base.raw' },
    { name: 'y.qcow2', format: 'qcow2' },
  ])
  const backing = random.chance(0.75) ? below : undefined
  const bottom = { name: 'base.raw', format: 'raw' }
  putFile(input, '/d/base.raw', blocks(random, random.below(100_000)))
  const built = [putImage(input, '/d/x.qcow2', backing, random)]
  if (backing?.name === 'y.qcow2') built.push(putImage(input, '/d/y.qcow2', bottom, random))
  if (!sound) damage(random.pick(built), input, random)
  return random.chance(0.3) ? withOverlay(input) : input
}

function putImage(
  input: FuzzInput,
  path: string,
  backing: { name: string; format?: string } | undefined,
  random: Random,
): Built {
  const version = random.pick([2, 3, 3, 3] as const)
  const extended = version === 3 && random.chance(0.3)
  const clusterBits = random.pick(extended ? [14, 16] : [9, 9, 10, 12, 16, random.between(9, 21)])
  const isApart = version === 3 && random.chance(0.2)
  const plain = isApart
    ? APART_KINDS
    : version === 2
      ? KINDS.filter((kind) => !kind.includes('zero'))
      : KINDS
  const kinds = extended ? [...plain, 'mixed' as const] : plain
  const count = 1 + random.below(Math.max(1, Math.min(300, 2 ** (20 - clusterBits))))
  const clusters = Array.from({ length: count }, () => random.pick(kinds))
  const further = random.chance(0.2) ? random.below(2 ** random.between(1, 20)) : 0
  const size = (count + further) * 2 ** clusterBits - 512 * random.below(2 ** (clusterBits - 9))
  const image = { version, clusterBits, size, extended, clusters, snapshots: random.below(3) }
  const built = buildQcow2(
    {
      ...image,
      ...(backing !== undefined && { backing }),
      ...(isApart && { dataFile: 'apart.raw' }),
    },
    random,
  )
  putFile(input, path, built.file)
  if (isApart) putFile(input, '/d/apart.raw', built.apart)
  return built
}

function withOverlay(input: FuzzInput): FuzzInput {
  const size = 64 * 1024
  const header = encodeAcow({
    clusterBits: 12,
    backingName: 'x.qcow2',
    backingFormat: 'qcow2',
    imageName: 'top.raw',
    imageFormat: 'raw',
    allAllocated: false,
  })
  const metadata = new SparseBytes()
  metadata.write(header, 0)
  metadata.write(Uint8Array.of(0x5a, 0x01), header.length)
  metadata.truncate(fileLength(12, size))
  const image = new SparseBytes()
  image.truncate(size)
  putFile(input, '/d/top.add-cow', metadata)
  putFile(input, '/d/top.raw', image)
  return { ...input, top: '/d/top.add-cow' }
}

/** Where the numbers of the header are, and how wide. */
const NUMBERS: readonly (readonly [number, 4 | 8])[] = [
  [4, 4],
  [8, 8],
  [16, 4],
  [20, 4],
  [24, 8],
  [32, 4],
  [36, 4],
  [40, 8],
  [48, 8],
  [56, 4],
  [60, 4],
  [64, 8],
  [72, 8],
  [80, 8],
  [88, 8],
  [96, 4],
  [100, 4],
  [104, 4],
  [112, 4],
  [116, 4],
]

/** Damages header, tables, data or lengths, one to five times. */
function damage(built: Built, input: FuzzInput, random: Random): void {
  for (let left = random.between(1, 5); left > 0; left -= 1) {
    random.pick(DAMAGES)(built, random, input)
  }
}

const DAMAGES: readonly ((built: Built, random: Random, input: FuzzInput) => void)[] = [
  ({ file }, random) => {
    const [at, width] = random.pick(NUMBERS)
    if (width === 4) put32(file, at, Number(BigInt.asUintN(32, number(file, random))))
    else put64(file, at, number(file, random))
  },
  ({ file, l1 }, random) => put64(file, l1 + 8 * random.below(4), number(file, random)),
  ({ file, l2 }, random) => put64(file, entry(l2, random), number(file, random)),
  ({ file, l2 }, random) => flip(file, entry(l2, random) + random.below(16), random),
  ({ file, l1 }, random) => flip(file, l1 + random.below(8), random),
  ({ file }, random) => flip(file, random.below(200), random),
  ({ file }, random) => flip(file, random.below(file.length), random),
  ({ file, l2 }, random) => copyEntry(file, entry(l2, random), entry(l2, random)),
  ({ file, l1, l2 }, random) => copyEntry(file, entry(l2, random), l1 + 8 * random.below(3)),
  ({ file }, random) => file.write(random.bytes(1 + random.below(64)), random.below(300)),
  ({ file }, random) => file.truncate(random.below(file.length + 1)),
  ({ file }, random) => file.truncate(file.length + random.below(2 ** random.between(1, 45))),
  (_, random, input) => {
    input.names.delete(random.pick(['/d/base.raw', '/d/apart.raw', '/d/y.qcow2']))
  },
]

function entry(l2: readonly number[], random: Random): number {
  return random.pick([...l2, 0]) + 8 * random.below(20)
}

/** Small numbers, places in the file, their neighbours, and numbers at the ends of their range. */
function number(file: SparseBytes, random: Random): bigint {
  const flags = BigInt(random.pick([0, 0, 1, 2, 3])) << 62n
  const value = random.pick([
    BigInt(random.below(70)),
    BigInt(512 * random.below(Math.ceil(file.length / 512) + 4)),
    BigInt(4096 * random.below(Math.ceil(file.length / 4096) + 4)),
    1n << BigInt(random.below(64)),
    (1n << BigInt(random.below(64))) - 1n,
    (BigInt(random.next()) << 32n) | BigInt(random.next()),
  ])
  return BigInt.asUintN(64, value | flags)
}

function flip(file: SparseBytes, at: number, random: Random): void {
  const byte = new Uint8Array(1)
  file.read(byte, at)
  file.write(Uint8Array.of((byte[0] ?? 0) ^ (1 << random.below(8))), at)
}

function copyEntry(file: SparseBytes, from: number, to: number): void {
  const bytes = new Uint8Array(8)
  file.read(bytes, from)
  file.write(bytes, to)
}
