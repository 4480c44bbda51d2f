/* Whether we read a disk as QEMU does: every byte, and the map. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { type ByteRange, rangeEnd, splitRange } from '../../engine/base/byte-range'
import { MIB } from '../../engine/base/units'
import { type Disk, openDisk } from '../../engine/image/disk'
import { machineHost } from '../../engine/nbd/machine-host'
import { addCowImgHere, expectSuccess, output } from '../support/command-line'

const host = machineHost({ files: 'any', names: new Set() })

/** Reads all of an image, and holds it against a raw file with the same content. */
export async function expectContent(folder: string, image: string, raw: string): Promise<void> {
  const ours = await openDisk(host, join(folder, image), { writable: false })
  const expected = await openDisk(host, join(folder, raw), { writable: false, format: 'raw' })
  try {
    expect(ours.size, image).toBe(expected.size)
    for await (const extent of ours.extents()) {
      if (extent.content === 'data') await expectSame(ours, expected, extent)
      else await expectZeros(expected, extent)
    }
  } finally {
    await ours.close()
    await expected.close()
  }
}

async function expectSame(ours: Disk, expected: Disk, range: ByteRange): Promise<void> {
  // odd steps: requests start and end within clusters
  for (const { offset, length } of splitRange(range, MIB - 512)) {
    const found = Buffer.alloc(length, 0xee)
    const wanted = Buffer.alloc(length)
    await ours.read(found, offset)
    await expected.read(wanted, offset)
    if (!found.equals(wanted))
      throw new Error(`differs within ${String(length)} at ${String(offset)}`)
  }
}

async function expectZeros(expected: Disk, range: ByteRange): Promise<void> {
  for await (const { content, offset, length } of expected.extents(range)) {
    if (content === 'zero') continue
    const bytes = Buffer.alloc(length)
    await expected.read(bytes, offset)
    if (bytes.some((byte) => byte !== 0)) throw new Error(`no zeros at ${String(offset)}`)
  }
}

const mapShape = z.array(
  z.object({
    start: z.number(),
    length: z.number(),
    depth: z.number(),
    present: z.boolean(),
    zero: z.boolean(),
    data: z.boolean(),
    offset: z.number().optional(),
    filename: z.string().optional(),
  }),
)
type Run = z.infer<typeof mapShape>[number]

/**
 * Our map against qemu-img's: the same layer serves each byte, from the same place. We may know
 * zeros where QEMU sees data, as we look for holes in every file; that they are zeros is seen by
 * expectContent. Never the reverse. From depth `external` on, the places are not known: another
 * program reads those layers for us.
 */
export async function expectMap(folder: string, image: string, external = Infinity): Promise<void> {
  const args = ['map', '--output=json', image]
  const theirs = mapShape.parse(JSON.parse(await output(folder, 'qemu-img', ...args)))
  const ours = mapShape.parse(
    JSON.parse(expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))),
  )
  let at = 0
  for (const [mine, other] of overlaps(ours, theirs)) {
    at = Math.max(mine.start, other.start)
    const where = `at ${String(at)}: ${JSON.stringify(mine)} and ${JSON.stringify(other)}`
    expect([mine.depth, mine.present], where).toEqual([other.depth, other.present])
    if (other.zero) expect(mine.zero, where).toBe(true)
    if (!mine.data || mine.depth >= external) continue
    expect(place(mine, at), where).toBe(place(other, at))
    if (other.filename !== undefined) expect(mine.filename, where).toBe(other.filename)
  }
  expect(endOf(ours)).toBe(endOf(theirs))
}

function place({ start, offset }: Run, at: number): number | undefined {
  return offset === undefined ? undefined : offset + at - start
}

function endOf(map: readonly Run[]): number {
  const last = map.at(-1)
  return last === undefined ? 0 : rangeEnd({ offset: last.start, length: last.length })
}

function* overlaps(ours: readonly Run[], theirs: readonly Run[]): Generator<[Run, Run]> {
  let [i, k] = [0, 0]
  for (;;) {
    const [mine, other] = [ours[i], theirs[k]]
    if (mine === undefined || other === undefined) return
    yield [mine, other]
    const [mineEnd, otherEnd] = [mine.start + mine.length, other.start + other.length]
    if (mineEnd <= otherEnd) i += 1
    if (otherEnd <= mineEnd) k += 1
  }
}
