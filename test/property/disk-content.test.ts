import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspectContent } from '../../engine/content/inspect-content'
import { MIB } from '../../engine/base/units'

/** The marks of all that is looked for, each at its place. */
const MARKS: readonly (readonly [offset: number, bytes: string])[] = [
  [510, '\x55\xaa'],
  [0, '\xeb'],
  [38, '\x29'],
  [66, '\x29'],
  [3, 'EXFAT   '],
  [3, 'NTFS    '],
  [512, 'EFI PART'],
  [1080, '\x53\xef'],
  [0, 'XFSB'],
  [65_600, '_BHRfS_M'],
  [4086, 'SWAPSPACE2'],
  [32_769, 'CD001'],
  [0, 'LUKS\xba\xbe'],
  [512, 'LABELONE'],
  [536, 'LVM2 001'],
]

const SIZE = MIB / 2

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

const noise = fc.record<Piece>({
  offset: fc.oneof(fc.nat(2048), fc.nat(SIZE)),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 512 }),
})
const mark = fc
  .constantFrom(...MARKS)
  .map(([offset, text]): Piece => ({ offset, bytes: Buffer.from(text, 'latin1') }))

test('whatever a guest wrote, looking inside ends well and reads nothing outside', async () => {
  const pieces = fc.array(fc.oneof(noise, mark), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 0, max: SIZE }), async (written, size) => {
      const bytes = new Uint8Array(SIZE + 512)
      for (const { offset, bytes: part } of written) bytes.set(part, offset)
      const content = await inspectContent({
        size,
        read(target, offset) {
          expect(offset).toBeGreaterThanOrEqual(0)
          expect(offset + target.length).toBeLessThanOrEqual(size)
          target.set(bytes.subarray(offset, offset + target.length))
        },
      })
      const found = [content.fileSystem, ...(content.table?.partitions ?? [])]
      for (const thing of found) {
        if (thing && 'used' in thing && 'size' in thing) {
          expect(thing.used).toBeLessThanOrEqual(thing.size ?? 0)
        }
      }
    }),
    { numRuns: 400 },
  )
})
