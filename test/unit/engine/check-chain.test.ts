import { describe, expect, test } from 'vitest'
import { encodeHeader } from '../../../engine/format/add-cow/header'
import { fingerprintDisk } from '../../../engine/image/fingerprint'
import { checkDisk } from '../../support/disks'
import { fileSystem } from '../../support/host-log'
import { BASE_PATH, IMAGE_PATH, OVERLAY_PATH } from '../../support/overlays'
import { SimulatedHost } from '../../support/simulated-host'
import {
  BITMAP,
  BITMAP_LENGTH,
  bytesOf,
  codes,
  files,
  SIZE,
  state,
} from '../../support/damaged-overlay'

describe('the base', () => {
  test('is known again after it was only touched', async () => {
    const host = new SimulatedHost(state(files('add-cow')))
    const base = await fingerprintDisk(host, BASE_PATH)
    const touched = { ...base, modifiedAt: base.modifiedAt + 1000 }
    expect(codes(await checkDisk(host, OVERLAY_PATH, 'none', touched))).toEqual([])
  })

  test.each([
    ['content', 0],
    ['the last byte', SIZE - 1],
  ])('is told to have changed: %s', async (_, offset) => {
    const base = await fingerprintDisk(new SimulatedHost(state(files('acow'))), BASE_PATH)
    const changed = files('acow')
    const old = new Uint8Array(1)
    changed.base.read(old, offset)
    changed.base.write(
      old.map((byte) => byte ^ 1),
      offset,
    )
    const host = new SimulatedHost(state(changed))
    for (const repair of ['none', 'leaks', 'all'] as const) {
      const { findings } = await checkDisk(host, OVERLAY_PATH, repair, base)
      expect(findings).toMatchObject([
        { code: 'base-changed', severity: 'corruption', repaired: false },
      ])
      expect(findings[0]?.repair).toBeUndefined()
    }
  })

  test('is told to have changed: its size', async () => {
    const base = await fingerprintDisk(new SimulatedHost(state(files('acow'))), BASE_PATH)
    const changed = files('acow')
    changed.base.truncate(SIZE + 512)
    const { findings } = await checkDisk(
      new SimulatedHost(state(changed)),
      OVERLAY_PATH,
      'none',
      base,
    )
    expect(findings).toMatchObject([
      { code: 'base-changed', details: { size: SIZE + 512, expectedSize: SIZE } },
    ])
  })

  test('is missing: what can be looked at is, and nothing is given away', async () => {
    const { metadata, image } = files('add-cow')
    image.write(new Uint8Array(8192).fill(7), 16384)
    const host = new SimulatedHost(fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: image }))
    const untouched = bytesOf(host)
    const { findings } = await checkDisk(host, OVERLAY_PATH, 'all')
    expect(findings[0]).toMatchObject({
      code: 'backing-unusable',
      severity: 'corruption',
      repaired: false,
    })
    expect(bytesOf(host)).toEqual(untouched)
  })
})

describe('an image file that is the backing file as well', () => {
  /**
   * Layout 1 took such. Only the first 16 sectors are marked as written; where the file is too
   * short, the last one as well.
   */
  function sameFileTwice(length: number): SimulatedHost {
    const { metadata, base } = files('add-cow')
    const names = { backingName: 'x.raw', imageName: 'x.raw' }
    metadata.write(encodeHeader({ ...names, size: SIZE }), 0)
    if (length < SIZE) metadata.write(Uint8Array.of(0x04), BITMAP + BITMAP_LENGTH - 1)
    base.truncate(length)
    return new SimulatedHost(fileSystem({ [OVERLAY_PATH]: metadata, [IMAGE_PATH]: base }))
  }

  /** A longer file would show more of itself below. */
  const tooShort = 8192 + 511

  test('is found, and is no leak', async () => {
    const { findings } = await checkDisk(sameFileTwice(SIZE), OVERLAY_PATH, 'none')
    expect(findings).toMatchObject([{ code: 'same-file', severity: 'corruption' }])
    expect(findings[0]?.repair).toBeUndefined()
  })

  test('is no leak where it is too short either', async () => {
    const found = codes(await checkDisk(sameFileTwice(tooShort), OVERLAY_PATH, 'none'))
    expect(found).toEqual(['same-file', 'image-file-short'])
  })

  test.each(
    [SIZE, tooShort].flatMap((length) => [
      { repair: 'leaks' as const, length },
      { repair: 'all' as const, length },
    ]),
  )('loses nothing by -r $repair, $length bytes long', async ({ repair, length }) => {
    const host = sameFileTwice(length)
    const untouched = bytesOf(host)
    const { findings } = await checkDisk(host, OVERLAY_PATH, repair)
    expect(findings[0]?.severity).toBe('corruption')
    expect(findings.every(({ repaired }) => !repaired)).toBe(true)
    expect(bytesOf(host)).toEqual(untouched)
  })
})

test('a raw file whose length is no whole number of sectors', async () => {
  const host = new SimulatedHost(fileSystem({ [BASE_PATH]: new Uint8Array(1000) }))
  const result = await checkDisk(host, BASE_PATH, 'all')
  expect(result).toMatchObject({ format: 'raw', totalClusters: 2, allocatedClusters: 2 })
  expect(result.findings).toMatchObject([
    { code: 'size-unaligned', severity: 'notice', details: { size: 1000 }, repaired: false },
  ])
})
