import { describe, expect, test, vi } from 'vitest'
import { afterJob } from '../../electron/main/jobs/after-job'
import type { ResolvedJob } from '../../electron/main/jobs/job-requests'
import { Planner } from '../../electron/main/jobs/planner'
import {
  type CheckResult,
  EngineError,
  type ErrorData,
  type JobPlan,
  type JobRequest,
} from '../../engine'
import { emptyLibrary } from './support/empty-library'
import { FakeJobs, checkOf, flattenOf } from './support/fake-jobs'
import { jobEnd, jobEndParts } from './support/job-end'
import { imageFileOf, overlayScan, rawScan } from './support/scans'

const plan: JobPlan = {
  ...{ kind: 'flatten', problems: [], warnings: [], files: [] },
  ...{ bytesToCopy: 0, spaceNeeded: 0, commandLine: 'add-cow-img flatten /a' },
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

const onProblem = vi.fn()

describe('a plan', () => {
  /** Plans that are answered by hand. */
  function planner(jobs: FakeJobs): { planner: Planner; answers: (() => void)[] } {
    const answers: (() => void)[] = []
    const ask = (): Promise<JobPlan> => new Promise((resolve) => answers.push(() => resolve(plan)))
    return { planner: new Planner({ claims: jobs.claims, plan: ask, onProblem }), answers }
  }

  test('is what the engine says', async () => {
    const { planner: one, answers } = planner(new FakeJobs())
    const asked = one.work(flattenOf('/a'))
    await settle()
    answers[0]?.()
    expect(await asked).toEqual(plan)
  })

  test('is worked out alone, and keeps jobs on the same files waiting', async () => {
    const jobs = new FakeJobs()
    const { planner: one, answers } = planner(jobs)
    const asked = [one.work(flattenOf('/a')), one.work(flattenOf('/a'))]
    await settle()
    expect(answers).toHaveLength(1)
    const id = jobs.queue.add(flattenOf('/a'))
    expect(jobs.status(id)).toBe('queued')
    answers[0]?.()
    await settle()
    expect(jobs.status(id)).toBe('running')
    expect(await asked[1]).toMatchObject({ problems: [{ code: 'in-use' }] })
  })

  test('says what the engine has against the job, as that may be a question', async () => {
    const { claims } = new FakeJobs()
    const target = 'nbd://host/disk'
    const problem = new EngineError('chain/needs-consent', 'Elsewhere', { target }).toData()
    const ask = (): Promise<JobPlan> => Promise.resolve({ ...plan, problems: [problem] })
    const told: ErrorData[] = []
    const one = new Planner({ claims, plan: ask, onProblem: (error) => told.push(error) })
    await one.work(flattenOf('/a'))
    expect(told).toEqual([problem])
  })

  test('waits for one on the same files that came before', async () => {
    const { planner: one, answers } = planner(new FakeJobs())
    const asked = [one.work(flattenOf('/a')), one.work(flattenOf('/a'))]
    await settle()
    answers[0]?.()
    await settle()
    answers[1]?.()
    expect(await Promise.all(asked)).toEqual([plan, plan])
  })

  test('says "in use" while a job works on the same files, and asks no engine', async () => {
    const jobs = new FakeJobs()
    jobs.queue.add(flattenOf('/a'))
    const { planner: one, answers } = planner(jobs)
    const error = { code: 'in-use', state: 'unchanged', details: { path: '/a' } }
    expect(await one.work(checkOf('/a'))).toMatchObject({ problems: [error] })
    expect(answers).toEqual([])
  })

  test('that is known to be impossible asks no engine', async () => {
    const { planner: one, answers } = planner(new FakeJobs())
    const obstacle = new EngineError('file/changed', 'm').toData()
    expect(await one.work(flattenOf('/a'), obstacle)).toMatchObject({ problems: [obstacle] })
    expect(answers).toEqual([])
  })

  test('that fails gives the files free again', async () => {
    const jobs = new FakeJobs()
    const broken = new Planner({
      claims: jobs.claims,
      plan: () => Promise.reject(new Error('crash')),
      onProblem,
    })
    await expect(broken.work(flattenOf('/a'))).rejects.toThrow('crash')
    expect(jobs.claims.conflicts(flattenOf('/a').files)).toBe(false)
  })
})

describe('after a job', () => {
  const BASE = '/disks/base.raw'
  const OVERLAY = '/disks/over.add-cow'

  function parts() {
    const library = emptyLibrary()
    const base = library.add(BASE, rawScan(BASE))
    const overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    const scan = vi.fn((path: string) => Promise.resolve(rawScan(path)))
    return { ...jobEndParts(library, scan), base, overlay }
  }
  const on = (imageId: string, request: JobRequest, ...writes: string[]): ResolvedJob => ({
    ...{ request, imageId, files: { writes, reads: [] } },
  })

  test('its image and all that stands on it are looked at again', async () => {
    const all = parts()
    const resize = { kind: 'resize', path: BASE, size: 512, shrink: false } as const
    const job = on(all.base, resize, BASE)
    await afterJob(job, jobEnd(job, { status: 'failed' }), all)
    expect(all.request).toHaveBeenCalledExactlyOnceWith(new Set([all.base, all.overlay]), true)
  })

  test('a cut off base counts as another one', async () => {
    const all = parts()
    const job = on(all.base, { kind: 'resize', path: BASE, size: 512, shrink: true }, BASE)
    await afterJob(job, jobEnd(job), all)
    expect(all.request).toHaveBeenCalledExactlyOnceWith(expect.anything(), false)
  })

  test('the result of a check is kept', async () => {
    const all = parts()
    const check: CheckResult = {
      ...{ path: OVERLAY, format: 'add-cow', findings: [] },
      ...{ totalClusters: 1, allocatedClusters: 0 },
    }
    const job = on(all.overlay, { kind: 'check', path: OVERLAY, repair: 'none' })
    const result = { kind: 'check', path: OVERLAY, check } as const
    await afterJob(job, jobEnd(job, { result, endedAt: 7 }), all)
    expect(all.library.record(all.overlay).lastCheck).toEqual({ at: 7, result: check })
  })

  test('that left things uncertain, a check is asked for', async () => {
    const all = parts()
    const error = new EngineError('io/failed', 'm', {}, { state: 'uncertain' }).toData()
    const flatten = { kind: 'flatten', path: OVERLAY, verify: true } as const
    const job = on(all.overlay, flatten, OVERLAY, imageFileOf(OVERLAY))
    await afterJob(job, jobEnd(job, { status: 'failed', error }), all)
    expect(all.library.record(all.overlay).needsCheck).toEqual(error)

    const other = parts()
    const target = '/out.raw'
    const exported = on(
      other.overlay,
      { kind: 'export', path: OVERLAY, target, verify: true },
      target,
    )
    await afterJob(exported, jobEnd(exported, { status: 'failed', error }), other)
    expect(other.library.record(other.overlay)).not.toHaveProperty('needsCheck')
  })

  test('the new overlay is in the library, and the job knows it', async () => {
    const all = parts()
    const path = '/disks/new.add-cow'
    const job = on(
      all.base,
      { kind: 'create', path, format: 'add-cow', imageFile: 'new.raw' },
      path,
    )
    await afterJob(job, jobEnd(job), all)
    expect(all.queue.setImage).toHaveBeenCalledExactlyOnceWith('job', all.library.idOf(path))
    expect(all.library.idOf(path)).toBeDefined()
  })

  test('an exported disk is in the library; one that failed is not', async () => {
    const all = parts()
    const target = '/out.raw'
    const job = on(all.overlay, { kind: 'export', path: OVERLAY, target, verify: true }, target)
    await afterJob(job, jobEnd(job, { status: 'cancelled' }), all)
    expect(all.library.idOf(target)).toBeUndefined()
    await afterJob(job, jobEnd(job), all)
    expect(all.library.idOf(target)).toBeDefined()
    expect(all.queue.setImage).not.toHaveBeenCalled()
  })
})
