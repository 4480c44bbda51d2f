import { openSync, closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import type { ByteRange } from '../../engine/base/byte-range'
import { GIB, KIB, MIB, TIB } from '../../engine/base/units'
import { VhdxBlocks } from '../../engine/format/external/vhdx-blocks'
import type { DataRun } from '../../engine/host/host'
import { nodeHost } from '../../engine/host/node-host'
import { addCowImg, addCowImgPath, output } from '../support/command-line'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { mapEntry } from './map-entry'

/** MS-VHDX: where the first region table and its entry of the table of blocks are. */
const FIRST_REGION = 192 * KIB + 16
/** Where qemu-img puts that table. */
const TABLE_OF_BLOCKS = 2 * MIB

interface Variant {
  readonly name: string
  readonly size: number
  readonly options: string
  /** What is written, by whole MiB. */
  readonly written: readonly ByteRange[]
}

function piece(offset: number, length = MIB): ByteRange {
  return { offset, length }
}

const variants: readonly Variant[] = [
  {
    name: 'large blocks',
    size: TIB,
    options: 'block_size=64M',
    written: [piece(0), piece(100 * MIB, 3 * MIB), piece(300 * GIB), piece(TIB - MIB)],
  },
  {
    // the table has an entry of another kind behind each 4096 blocks, the first 4 GiB
    name: 'small blocks, on both sides of where their bitmaps have an entry',
    size: 40 * GIB,
    options: 'block_size=1M',
    written: [
      piece(511 * MIB, 2 * MIB),
      piece(4 * GIB - MIB, 2 * MIB),
      piece(8 * GIB),
      piece(39 * GIB, 5 * MIB),
    ],
  },
  { name: 'nothing in it', size: 7 * GIB, options: 'block_size=8M', written: [] },
]

async function make(folder: string, { size, options, written }: Variant): Promise<void> {
  const create = ['create', '-q', '-f', 'vhdx', '-o', options, 'x.vhdx', String(size)]
  await output(folder, 'qemu-img', ...create)
  const writes = written.flatMap(({ offset, length }) => [
    '-c',
    `write -P 7 ${String(offset)} ${String(length)}`,
  ])
  if (writes.length > 0) await output(folder, 'qemu-io', '-f', 'vhdx', ...writes, 'x.vhdx')
}

/** What the map says holds data; all of it must be gone through without a gap. */
async function dataRuns(folder: string, size: number): Promise<ByteRange[]> {
  const { stdout, stderr } = await addCowImg(folder, 'map', '--output=json', 'x.vhdx')
  expect(stderr).toBe('')
  const entries = z.array(mapEntry).parse(JSON.parse(stdout))
  let end = 0
  for (const { start, length } of entries) {
    expect(start).toBe(end)
    end += length
  }
  expect(end).toBe(size)
  return entries.filter(({ data }) => data).map(({ start, length }) => ({ offset: start, length }))
}

function change(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

describeNeeding(
  [program('qemu-nbd'), program('qemu-img'), program('qemu-io')],
  'a VHDX of which little was written',
  () => {
    test.each(variants)('$name: that is mapped and copied, and nothing else', async (variant) => {
      const folder = temporaryFolder()
      await make(folder, variant)
      expect(await dataRuns(folder, variant.size)).toEqual(variant.written)

      await output(folder, process.execPath, addCowImgPath, 'convert', 'x.vhdx', 'copy.raw')
      const copy = openSync(join(folder, 'copy.raw'), 'r')
      const { size, blocks } = fstatSync(copy)
      expect(size).toBe(variant.size)
      const total = variant.written.reduce((sum, { length }) => sum + length, 0)
      expect(blocks * 512).toBeLessThan(total + MIB)
      for (const { offset, length } of variant.written) {
        const bytes = Buffer.alloc(length)
        readSync(copy, bytes, 0, length, offset)
        expect(bytes.equals(Buffer.alloc(length, 7))).toBe(true)
      }
      closeSync(copy)
    })

    test('what only QEMU can tell of counts as data', async () => {
      const folder = temporaryFolder()
      const size = 3 * GIB
      await make(folder, { name: '', size, options: 'block_size=1M', written: [piece(GIB)] })
      const path = join(folder, 'x.vhdx')
      const toldAt = async (offset: number, sizeThere = size): Promise<DataRun | undefined> => {
        const file = await nodeHost.open(path, { access: 'read' })
        try {
          return await (await VhdxBlocks.open(file, sizeThere))?.dataAt(offset)
        } finally {
          await file.close()
        }
      }
      expect(await toldAt(GIB)).toEqual({ data: true, end: GIB + MIB })
      expect(await toldAt(0)).toEqual({ data: false, end: 512 * MIB })
      expect(await toldAt(0, size + 512)).toBeUndefined()
      // blocks that are there in part, in a way that is not known, and behind the end of the file
      for (const [block, bytes] of [[7], [4], [6, 0, 0, 0, 0, 0, 1]].entries()) {
        change(path, TABLE_OF_BLOCKS + block * 8, Uint8Array.from(bytes))
        const end = (block + 1) * MIB
        expect(await toldAt(block * MIB)).toEqual({ data: true, end })
      }
      expect(await toldAt(3 * MIB)).toEqual({ data: false, end: 512 * MIB })
      change(path, FIRST_REGION, Uint8Array.of(1, 2, 3))
      expect(await toldAt(0)).toBeUndefined()
    })
  },
)
