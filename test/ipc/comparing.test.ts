import { expect, test } from 'vitest'
import { requestSchemas } from '../../electron/contract/schemas'
import { Grants } from '../../electron/main/grants'
import { resolveJob } from '../../electron/main/jobs/job-requests'
import { Library } from '../../electron/main/library/library'
import { imageFileOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OVERLAY = '/disks/over.add-cow'

function twoImages(): { library: Library; imageId: string; otherId: string } {
  const nothing = (): void => undefined
  const library = new Library({
    records: [],
    ...{ onChange: nothing, onRecordsChange: nothing, onFormat: nothing },
  })
  const otherId = library.add(BASE, rawScan(BASE))
  return { library, imageId: library.add(OVERLAY, overlayScan(OVERLAY, BASE)), otherId }
}

test('a comparison lists all differences of two images, and only reads the files of both', () => {
  const { library, imageId, otherId } = twoImages()
  const job = { kind: 'compare', imageId, otherId } as const
  expect(resolveJob(job, library, new Grants())).toEqual({
    request: { kind: 'compare', path: OVERLAY, other: BASE, firstOnly: false },
    imageId,
    files: { writes: [], reads: [OVERLAY, imageFileOf(OVERLAY), BASE] },
  })
})

test('a comparison with an image that the library does not know is refused', () => {
  const { library, imageId } = twoImages()
  const job = { kind: 'compare', imageId, otherId: 'unknown' } as const
  expect(() => resolveJob(job, library, new Grants())).toThrow(
    expect.objectContaining({ code: 'file/missing' }),
  )
})

test('a comparison names both images, and nothing by a path', () => {
  const job = { kind: 'compare', imageId: 'one', otherId: 'two' }
  const schema = requestSchemas['job.start']
  expect(schema.safeParse(job).success).toBe(true)
  expect(schema.safeParse({ kind: 'compare', imageId: 'one' }).success).toBe(false)
  expect(schema.safeParse({ ...job, other: '/etc/passwd' }).success).toBe(false)
})
