/* What a new overlay may be: sizes, cluster sizes and names at their bounds, and one past each. */
import { describe, expect, test } from 'vitest'
import { KIB, MAX_VIRTUAL_SIZE, MIB, SECTOR_SIZE } from '../../../engine/base/units'
import { inspectImage } from '../../../engine/image/inspect'
import { runJob } from '../../../engine/job/jobs'
import type { CreateRequest } from '../../../engine/model/job'
import { unwatched } from '../../support/disks'
import { fileSystem } from '../../support/host-log'
import { SimulatedHost } from '../../support/simulated-host'

const path = '/d/x.add-cow'
const invalid = { code: 'invalid-argument', state: 'unchanged' }

/** A host with a folder, and with a base of so long a name. */
function hostWith(baseName = 'base.raw'): SimulatedHost {
  return new SimulatedHost(fileSystem({ [`/d/${baseName}`]: new Uint8Array(64 * KIB) }))
}

async function create(
  host: SimulatedHost,
  given: Partial<CreateRequest> & Pick<CreateRequest, 'format'>,
): Promise<void> {
  await runJob(host, { kind: 'create', path, imageFile: 'x.raw', ...given }, unwatched)
}

/** Nothing but what was there before. */
function expectNothingMade(host: SimulatedHost): void {
  expect(host.log).toEqual([])
  expect(host.openCount).toBe(0)
}

describe('clusters', () => {
  const powers = Array.from({ length: 10 }, (_, n) => 4 * KIB * 2 ** n)
  test.each(powers)('of %d bytes', async (clusterSize) => {
    const host = hostWith()
    await create(host, { format: 'acow', size: 10 * MIB, clusterSize })
    expect(await inspectImage(host, path)).toMatchObject({ clusterSize, virtualSize: 10 * MIB })
  })

  test.each([0, 1, 512, 2 * KIB, 4 * KIB + 1, 6 * KIB, 4 * MIB, -4096, NaN, Infinity])(
    'not of %d bytes',
    async (clusterSize) => {
      const host = hostWith()
      const making = create(host, { format: 'acow', size: MIB, clusterSize })
      await expect(making).rejects.toMatchObject(invalid)
      expectNothingMade(host)
    },
  )

  test('of layout 1 are sectors', async () => {
    const host = hostWith()
    const making = create(host, { format: 'add-cow', size: MIB, clusterSize: 4 * KIB })
    await expect(making).rejects.toMatchObject(invalid)
    expectNothingMade(host)
    await create(host, { format: 'add-cow', size: MIB, clusterSize: SECTOR_SIZE })
  })
})

describe.each(['add-cow', 'acow'] as const)('sizes of %s', (format) => {
  test.each([SECTOR_SIZE, MAX_VIRTUAL_SIZE])('%d bytes', async (size) => {
    const host = hostWith()
    await create(host, { format, size })
    expect(await inspectImage(host, path)).toMatchObject({ virtualSize: size })
  })

  test.each([0, SECTOR_SIZE - 1, -SECTOR_SIZE, MAX_VIRTUAL_SIZE + SECTOR_SIZE, NaN, Infinity])(
    'not %d bytes',
    async (size) => {
      const host = hostWith()
      await expect(create(host, { format, size })).rejects.toMatchObject(invalid)
      expectNothingMade(host)
    },
  )

  test.each([0, -1, MAX_VIRTUAL_SIZE + 1, NaN, Infinity])('not %d by a resize', async (size) => {
    const host = hostWith()
    await create(host, { format, size: MIB })
    const before = host.log.length
    const request = { kind: 'resize', path, size, shrink: true } as const
    await expect(runJob(host, request, unwatched)).rejects.toMatchObject(invalid)
    expect(host.log.slice(before).filter(({ kind }) => kind !== 'sync')).toEqual([])
  })
})

/** The longest backing name of a layout, and the longest image name beside a base of 8 bytes. */
const longest = {
  'add-cow': { backing: 1024, image: 1024 },
  acow: { backing: 1023, image: 4 * KIB - 76 - 8 },
} as const

describe.each(['add-cow', 'acow'] as const)('names of %s', (format) => {
  const clusters = format === 'acow' ? { clusterSize: 4 * KIB } : {}

  test.each([-1, 0, 1])('of a base, from the longest %d', async (more) => {
    const backingFile = 'b'.repeat(longest[format].backing + more)
    const host = hostWith(backingFile)
    const making = create(host, { format, backingFile, ...clusters })
    if (more > 0) {
      await expect(making).rejects.toMatchObject(invalid)
      expectNothingMade(host)
      return
    }
    await making
    expect((await inspectImage(host, path)).backing?.name).toBe(backingFile)
  })

  test.each([-1, 0, 1])('of an image file, from the longest %d', async (more) => {
    const imageFile = 'i'.repeat(longest[format].image + more)
    const host = hostWith()
    const making = create(host, { format, imageFile, backingFile: 'base.raw', ...clusters })
    if (more > 0) {
      await expect(making).rejects.toMatchObject(invalid)
      expectNothingMade(host)
      return
    }
    await making
    expect((await inspectImage(host, path)).imageFile?.name).toBe(imageFile)
  })
})
