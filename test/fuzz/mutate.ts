import type { Random } from '../support/random'
import type { SparseBytes } from '../support/sparse-bytes'
import { blocks, type FuzzInput, putFile } from './input'

const encoder = new TextEncoder()

/** Offset and width in bytes of every number in a header, and of its names. */
const NUMBERS = {
  'add-cow': [
    [8, 4],
    [2060, 8],
    [2068, 8],
  ],
  acow: [
    [4, 4],
    [8, 4],
    [12, 4],
    [16, 4],
    [20, 4],
    [24, 8],
    [32, 8],
    [40, 4],
    [56, 4],
    [72, 4],
  ],
} as const
const NAME_FIELDS = { 'add-cow': [12, 1036], acow: [44, 60, 76, 86] } as const

const INTERESTING = [
  0n,
  1n,
  2n,
  8n,
  9n,
  12n,
  16n,
  21n,
  22n,
  31n,
  32n,
  63n,
  64n,
  75n,
  76n,
  77n,
  511n,
  512n,
  513n,
  1023n,
  1024n,
  2559n,
  2560n,
  4095n,
  4096n,
  4097n,
  65535n,
  65536n,
  2097152n,
  2097153n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fe00n,
  0xffff_ffffn,
  0x1_0000_0000n,
  1n << 41n,
  1n << 52n,
  (1n << 52n) + 512n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 512n,
  1n << 63n,
  (1n << 64n) - 512n,
  (1n << 64n) - 1n,
]

const NAMES = [
  '',
  '.',
  '..',
  '/',
  'base.raw',
  'layer-1.raw',
  'layer-1.add-cow',
  'layer-2.add-cow',
  './base.raw',
  '/d/layer-1.add-cow',
  '../d/base.raw',
  '../../../../../../etc/passwd',
  '/etc/passwd',
  '/dev/zero',
  '/proc/self/mem',
  'nbd://host/x',
  'nbd+unix:///x',
  'file:base.raw',
  'C:\\x',
  'x\0y',
  '\0x',
  'a/b/c',
  'base.raw/',
  'x\n',
  'é.raw',
  'raw',
  'add-cow',
  'acow',
  'qcow2',
  'x'.repeat(1023),
  'x'.repeat(1024),
  '../'.repeat(341),
  '\ud800',
]

const MAGICS = [
  'ACOW',
  'ADD_COW\u00ff',
  'QFI\u00fb',
  'QED\0',
  'KDMV',
  'LUKS\u00ba\u00be',
  'vhdxfile',
]

/**
 * Changes an input a few times, where it hurts: headers first, then bitmaps, lengths, names of
 * files.
 */
export function mutate(input: FuzzInput, random: Random): void {
  for (let left = random.pick([1, 1, 1, 2, 3, 5, 8]); left > 0; left -= 1) {
    const overlays = [...input.names.keys()].filter((path) => path.endsWith('.add-cow'))
    const path = random.pick(random.chance(0.85) ? overlays : [...input.names.keys()])
    const file = input.files.get(input.names.get(path) ?? 0)
    if (file === undefined) continue
    const change = random.pick(random.chance(0.75) ? HEADER_CHANGES : FILE_CHANGES)
    change(file, random, input, path)
    if (![...input.names.keys()].some((name) => name.endsWith('.add-cow'))) return
  }
}

type Change = (file: SparseBytes, random: Random, input: FuzzInput, path: string) => void

const HEADER_CHANGES: readonly Change[] = [
  (file, random) => {
    const layout = layoutOf(file)
    const [offset, width] = random.pick<readonly [number, 4 | 8]>(NUMBERS[layout])
    putNumber(file, offset, width, layout === 'acow', number(random, width))
  },
  (file, random) => {
    const layout = layoutOf(file)
    const [offset, width] = random.pick<readonly [number, 4 | 8]>(NUMBERS[layout])
    const byte = new Uint8Array(1)
    const at = offset + random.below(width)
    file.read(byte, at)
    byte[0] = (byte[0] ?? 0) ^ (1 << random.below(8))
    file.write(byte, at)
  },
  (file, random) => putName(file, random),
  (file, random) => putAcowNumbers(file, random),
  (file, random) => file.write(random.bytes(1 + random.below(8)), random.below(100)),
  (file, random) => file.write(random.bytes(1 + random.below(64)), random.below(2600)),
  (file, random) => {
    const bytes = random.bytes(1 + random.below(5000))
    file.write(bytes, random.pick([4, 8, 12]))
  },
]

const FILE_CHANGES: readonly Change[] = [
  (file, random) => file.truncate(random.below(file.length + 1)),
  (file, random) => file.truncate(random.pick([0, 1, 4, 8, 11, 12, 75, 76, 511, 2559, 2560, 4096])),
  (file, random) => file.truncate(file.length + random.below(2 ** random.between(1, 50))),
  (file, random) => file.write(random.bytes(1 + random.below(16)), random.below(file.length + 100)),
  (file, random) =>
    file.write(new Uint8Array(1 + random.below(600)).fill(0xff), bitmapAt(file, random)),
  (file, random) => file.punch(bitmapAt(file, random), 1 + random.below(10_000)),
  (file, random) => file.write(Buffer.from(random.pick(MAGICS), 'latin1'), 0),
  (_, random, input, path) => input.names.set(path, random.pick([...input.names.values()])),
  (_, random, input, path) => {
    const from = random.pick([...input.names.keys()])
    const bytes = input.files.get(input.names.get(from) ?? 0)
    if (bytes !== undefined) putFile(input, path, bytes.clone())
  },
  (_, __, input, path) => {
    input.names.delete(path)
  },
  (_, random, input, path) => putFile(input, path, blocks(random, random.below(9000))),
]

function layoutOf(file: SparseBytes): 'add-cow' | 'acow' {
  const first = new Uint8Array(2)
  file.read(first, 0)
  return first[1] === 0x43 ? 'acow' : 'add-cow'
}

/** Somewhere behind the header. */
function bitmapAt(file: SparseBytes, random: Random): number {
  return random.pick([2560, 4096, 65536, Math.max(0, file.length - 1)]) + random.below(80)
}

function number(random: Random, width: 4 | 8): bigint {
  if (random.chance(0.2)) return BigInt(random.next()) << BigInt(random.below(32))
  const value = random.pick(INTERESTING) + BigInt(random.pick([0, 0, 0, 1, -1, 512]))
  return BigInt.asUintN(width * 8, value)
}

function putNumber(
  file: SparseBytes,
  offset: number,
  width: 4 | 8,
  littleEndian: boolean,
  value: bigint,
): void {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  if (width === 8) view.setBigUint64(0, value, littleEndian)
  else view.setUint32(0, Number(BigInt.asUintN(32, value)), littleEndian)
  file.write(bytes.subarray(0, width), offset)
}

function putName(file: SparseBytes, random: Random): void {
  const layout = layoutOf(file)
  const offset = random.pick<number>(NAME_FIELDS[layout])
  const invalid = random.chance(0.1) ? random.bytes(8) : new Uint8Array()
  const name = new Uint8Array([...encoder.encode(random.pick(NAMES)), ...invalid])
  const end = new Uint8Array(random.below(20))
  const field = new Uint8Array([...name, ...end])
  file.write(field, offset)
  if (layout === 'add-cow' || offset < 76) return
  // the name is used only where its offset and length say so
  const at = random.pick([4, 12])
  putNumber(file, at, 4, true, BigInt(offset))
  putNumber(file, at + 4, 4, true, BigInt(name.length))
}

/**
 * Another cluster size with the header size that belongs to it, or flags: what passes the first
 * looks.
 */
function putAcowNumbers(file: SparseBytes, random: Random): void {
  if (layoutOf(file) === 'add-cow') {
    putNumber(file, 2060, 8, false, 512n * BigInt(random.below(2 ** random.between(1, 43))))
    return
  }
  if (random.chance(0.3)) {
    putNumber(file, 32, 8, true, BigInt(random.below(4)))
    return
  }
  const clusterBits = random.between(9, 21)
  const headerSize = Math.max(4096, 2 ** clusterBits)
  putNumber(file, 20, 4, true, BigInt(clusterBits))
  putNumber(file, 40, 4, true, BigInt(headerSize))
  if (random.chance(0.5)) file.truncate(headerSize + random.below(5000))
}
