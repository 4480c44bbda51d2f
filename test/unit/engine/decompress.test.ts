/*
 * Compressed clusters, with the libraries that a Linux has and without them: the same bytes, and
 * the same refusals.
 */
import { deflateRawSync } from 'node:zlib'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type Compression, decompress } from '../../../engine/format/qcow2/decompress'
import { nativeDecoder, type NativeFormat } from '../../../engine/host/native-decoders'
import { Random } from '../../support/random'
import { describeNeeding } from '../../support/requires'

/** Whether the engine finds the libraries. */
const here = vi.hoisted(() => ({ libraries: true }))

vi.mock(import('../../../engine/host/native-decoders'), async (load) => {
  const real = await load()
  return {
    nativeDecoder: (format) => (here.libraries ? real.nativeDecoder(format) : undefined),
  }
})

const LENGTH = 4096
const PADDING = new Uint8Array(100).fill(0x55)

/** As both compressions have it below. */
const content = Uint8Array.from(
  { length: LENGTH },
  (_, at) => 97 + (((at * at) >> 5) % 5) * ((at >> 6) % 3),
)

const packed: Record<Compression, Uint8Array> = {
  zlib: deflateRawSync(content, { windowBits: 12 }),
  // by zstd 1.5.4, level 3: literals by a Huffman code, and sequences
  zstd: Buffer.from(
    'KLUv/WAAD+0EAELFCQng6XskmR4AMAJrC4wNMJsAeE30IeIQITyEvJZp9RSVN5Ui6XbkkoCIqJFLQUoZNgOggxSk' +
      'DRJAMDAQwiAEIwjBewnuHPJmA65unf3dZm2uzzaX52ybydqn09/XrNN2W+fyrK05Tf2yQJP5I7EQdSeH+XbdG4i9' +
      'j1qNtj4Pl7HcFjCiFGhaaYSCZdSIkDQsUwRP/oH5K9S11hQ=',
    'base64',
  ),
}

const formats: Record<Compression, NativeFormat> = { zlib: 'deflate', zstd: 'zstd' }

/** What decompressing gives; undefined where it is refused. */
async function unpacked(
  compression: Compression,
  source: Uint8Array,
  length = LENGTH,
): Promise<Uint8Array | undefined> {
  const around = new Uint8Array(length + 2 * LENGTH).fill(0xaa)
  const target = around.subarray(LENGTH, LENGTH + length)
  const refused = await decompress(compression, source, target).then(
    () => false,
    () => true,
  )
  const beside = [around.subarray(0, LENGTH), around.subarray(LENGTH + length)]
  const untouched = new Uint8Array(LENGTH).fill(0xaa)
  for (const bytes of beside) expect(Buffer.compare(bytes, untouched)).toBe(0)
  return refused ? undefined : target
}

/** A cluster that was damaged a few times. */
function damaged(whole: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(whole)
  for (let left = random.between(1, 4); left > 0; left -= 1) {
    const at = random.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  }
  return random.chance(0.2) ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

beforeEach(() => {
  here.libraries = true
})

describe.each(['zlib', 'zstd'] as const)('%s', (compression) => {
  const whole = packed[compression]

  describe.each([true, false])('with the libraries that are here: %s', (libraries) => {
    beforeEach(() => {
      here.libraries = libraries
    })

    test('a whole cluster, with padding behind it and without', async () => {
      expect(await unpacked(compression, whole)).toEqual(content)
      expect(await unpacked(compression, Buffer.concat([whole, PADDING]))).toEqual(content)
    })

    test.each([
      ['nothing', new Uint8Array(0)],
      ['zeros', new Uint8Array(LENGTH)],
      ['nonsense', new Random(1).bytes(LENGTH)],
      ['half of one', whole.subarray(0, whole.length >> 1)],
      ['one without its end', whole.subarray(0, -6)],
    ])('%s is refused', async (_what, source) => {
      expect(await unpacked(compression, source)).toBeUndefined()
    })

    test('a cluster of another length is refused', async () => {
      for (const length of [1, LENGTH - 1, LENGTH + 1, 2 * LENGTH]) {
        expect(await unpacked(compression, whole, length)).toBeUndefined()
      }
    })

    test('many at a time', async () => {
      const targets = Array.from({ length: 400 }, () => new Uint8Array(LENGTH))
      await Promise.all(targets.map((target) => decompress(compression, whole, target)))
      expect(targets.filter((target) => Buffer.compare(target, content) !== 0)).toEqual([])
    })
  })

  test('what is damaged is refused, or gives the same both ways', async () => {
    const random = new Random(7)
    const refused = { with: 0, without: 0 }
    for (let left = 500; left > 0; left -= 1) {
      const source = damaged(whole, random)
      here.libraries = true
      const fast = await unpacked(compression, source)
      here.libraries = false
      const slow = await unpacked(compression, source)
      // there is no checksum in it, and a newer version of zstd sees more damage than an older one
      if (slow !== undefined) expect(fast).toEqual(slow)
      if (fast === undefined) refused.with += 1
      if (slow === undefined) refused.without += 1
    }
    expect(refused.with).toBeGreaterThan(400)
    expect(refused.without - refused.with).toBeLessThan(10)
  })
})

describe.each(['zlib', 'zstd'] as const)('the library for %s', (compression) => {
  const decode = nativeDecoder(formats[compression])
  const missing = decode === undefined ? `no library for ${compression} is here` : undefined

  describeNeeding(
    () => missing,
    'says whether it filled the target',
    () => {
      const whole = packed[compression]

      test('with all of it', async () => {
        const target = new Uint8Array(LENGTH)
        expect(await decode?.(whole, target)).toBe(true)
        expect(target).toEqual(content)
      })

      test.each([
        ['of a longer one', whole, LENGTH - 1],
        ['of a shorter one', whole, LENGTH + 1],
        ['of one that is cut off', whole.subarray(0, -6), LENGTH],
        ['of zeros', new Uint8Array(LENGTH), LENGTH],
      ])('with a part %s', async (_what, source, length) => {
        expect(await decode?.(source, new Uint8Array(length))).toBe(false)
      })
    },
  )
})
