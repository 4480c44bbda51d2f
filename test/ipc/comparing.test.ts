import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { JobSnapshot } from '../../electron/contract/jobs'
import { requestSchemas } from '../../electron/contract/schemas'
import { FileClaims } from '../../electron/main/jobs/file-claims'
import { JobQueue, type StoredJob } from '../../electron/main/jobs/job-queue'
import { jobsFile } from '../../electron/main/stored-data'
import { CallControl } from '../../electron/worker/call-control'
import { nodeHost, runJob } from '../../engine'
import { temporaryFolder } from '../support/temporary-folder'
import { Grants } from '../../electron/main/grants'
import { resolveJob } from '../../electron/main/jobs/job-requests'
import type { Library } from '../../electron/main/library/library'
import { emptyLibrary } from './support/empty-library'
import { imageFileOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OVERLAY = '/disks/over.add-cow'

function twoImages(): { library: Library; imageId: string; otherId: string } {
  const library = emptyLibrary()
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
    otherId,
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

/** A queue whose jobs are really done, here; what the window hears of them. */
const nothing = (): void => undefined

function realQueue(history: readonly StoredJob[] = []): { queue: JobQueue; told: JobSnapshot[] } {
  const told: JobSnapshot[] = []
  const queue: JobQueue = new JobQueue({
    ...{ history, claims: new FileClaims(() => queue.startWhatCan()), limit: () => 1 },
    start: (request, report) => {
      const control = new CallControl(report)
      const done = runJob(nodeHost, request, control)
      return { done, cancel: () => control.cancel(), setPaused: (on) => control.setPaused(on) }
    },
    onChange: (job) => told.push(job),
    ...{ onRemoved: nothing, onTurn: nothing, onEnded: nothing },
  })
  return { queue, told }
}

test('the ranges reach the window, and what is stored keeps only the verdict', async () => {
  const folder = temporaryFolder()
  const [one, other] = [join(folder, 'one.raw'), join(folder, 'other.raw')]
  const bytes = Buffer.alloc(1 << 20)
  writeFileSync(one, bytes)
  bytes.fill(1, 5000, 5001)
  bytes.fill(1, 600_000, 610_000)
  writeFileSync(other, bytes)
  const request = { kind: 'compare', path: one, other, firstOnly: false } as const
  const { queue, told } = realQueue()
  const files = { writes: [], reads: [one, other] }
  const id = queue.add({ request, imageId: 'one', files, otherId: 'two' })
  expect(told[0]).toMatchObject({ imageId: 'one', path: one, otherId: 'two', target: other })
  await vi.waitFor(() => expect(told.at(-1)?.status).toBe('done'))
  const ranges = [
    { offset: 4608, length: 512 },
    { offset: 599_552, length: 10_752 },
  ]
  const verdict = { identical: false, firstDifference: 5000, differingBytes: 11_264 }
  expect(told.at(-1)?.result?.compare).toMatchObject({ ...verdict, ranges, more: false })

  const stored = JSON.stringify({ version: 1, jobs: queue.stored() })
  expect(stored).not.toContain('599552')
  const again = realQueue(jobsFile.parse(JSON.parse(stored)).jobs).queue
  const [job] = again.snapshots()
  expect(job).toMatchObject({ id, status: 'done', otherId: 'two', target: other })
  expect(job?.result?.compare).toMatchObject({ ...verdict, ranges: [], more: true })
})
