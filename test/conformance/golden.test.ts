import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EngineError } from '../../engine/base/errors'
import { splitRange } from '../../engine/base/byte-range'
import { alignDown, MIB, SECTOR_SIZE } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { fileStates, fullSet, type GoldenCase, notedHash, smallSet, unpack } from './golden-set'
import { replay } from './golden-steps'

const LAYOUT_1_HEADER = 2560
const HEADER_SIZE_AT = 40

/** Commands of the originals that we refuse, and why. */
const refusals: Readonly<Record<string, RegExp>> = {
  'v6/backing-is-image': /x\.add-cow: it exists already/,
}

const needsFullSet = (): string | undefined =>
  existsSync(fullSet) ? undefined : 'the full set of golden images is not beside the checkout'

describeNeeding([linux, program('tar')], 'golden images, the small set', () => {
  testSet(smallSet)
})

describeNeeding([linux, program('tar'), needsFullSet], 'golden images, the full set', () => {
  testSet(fullSet)
})

function testSet(archive: string): void {
  if (!existsSync(archive)) {
    // What is skipped is collected all the same: one test stands for those that cannot be counted.
    test('is there', () => {
      expect(existsSync(archive), archive).toBe(true)
    })
    return
  }
  const { cases, remove } = unpack(archive)
  afterAll(remove)
  const isInvalid = ({ name }: GoldenCase): boolean => name.includes('/invalid-')
  // Their bases are not made again: what is there is not what create would look at.
  const hasQcow2Base = ({ name }: GoldenCase): boolean => name.includes('/qcow2-')

  describe('a sound one reads as the rules say', () => {
    test.each(cases.filter((golden) => !isInvalid(golden)))('$name', expectContent)
  })
  describe('a damaged one is refused, or reads as the original read it', () => {
    test.each(cases.filter(isInvalid))('$name', expectRefusal)
  })
  describe('made again by our create, it has the same bytes', () => {
    test.each(cases.filter((golden) => !hasQcow2Base(golden)))('$name', expectSameHeader)
  })
}

async function expectContent(golden: GoldenCase): Promise<void> {
  const before = fileStates(golden)
  expect(await contentHash(golden)).toBe(notedHash(golden, 'spec.sha256'))
  expect(fileStates(golden)).toEqual(before)
}

async function expectRefusal(golden: GoldenCase): Promise<void> {
  const before = fileStates(golden)
  const outcome = await contentHash(golden).catch((error: unknown) => error)
  if (outcome instanceof EngineError) {
    expect(outcome.code).not.toBe('internal')
    expect(outcome.message).toContain(golden.folder)
  } else {
    expect(outcome).toBe(notedHash(golden, 'oracle-lenient.sha256'))
  }
  expect(fileStates(golden)).toEqual(before)
}

async function contentHash({ folder, overlay }: GoldenCase): Promise<string> {
  const disk = await openDisk(nodeHost, join(folder, overlay), { writable: false })
  try {
    const hash = createHash('sha256')
    const buffer = new Uint8Array(MIB)
    const whole = { offset: 0, length: alignDown(disk.size, SECTOR_SIZE) }
    for (const { offset, length } of splitRange(whole, MIB)) {
      const part = buffer.subarray(0, length)
      await disk.read(part, offset)
      hash.update(part)
    }
    return hash.digest('hex')
  } finally {
    await disk.close()
  }
}

/** The same commands give the same header, and the same file where the original wrote no more. */
async function expectSameHeader(golden: GoldenCase): Promise<void> {
  const folder = temporaryFolder()
  const { refused, writtenTo } = await replay(golden, folder)
  const expectedRefusal = refusals[golden.name]
  if (expectedRefusal !== undefined) {
    expect(refused).toMatch(expectedRefusal)
    return
  }
  expect(refused).toBeUndefined()
  const ours = readFileSync(join(folder, golden.overlay))
  const theirs = readFileSync(join(golden.folder, golden.overlay))
  // What the originals write to a disk afterwards changes the bitmap, and the length with it.
  const end = writtenTo ? headerLength(golden, theirs) : Math.max(ours.length, theirs.length)
  const differsAt = [...Array(end).keys()].find((index) => ours[index] !== theirs[index])
  expect(differsAt, 'the first byte that differs').toBeUndefined()
  expect(ours.subarray(end).every((byte) => byte === 0)).toBe(true)
}

function headerLength({ format }: GoldenCase, file: Buffer): number {
  return format === 'add-cow' ? LAYOUT_1_HEADER : file.readUInt32LE(HEADER_SIZE_AT)
}
