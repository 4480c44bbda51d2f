import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JobSnapshot, JobStatus } from '../../electron/contract/jobs'
import { jobsFile } from '../../electron/main/stored-data'
import { CANCELLED, FakeJobs, checkOf, exportOf, flattenOf } from './support/fake-jobs'

let jobs: FakeJobs

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  jobs = new FakeJobs()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Lets everything happen that needs no time. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe('a job', () => {
  test('runs, is done, and keeps its result', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    expect(jobs.changes.map((job) => job.status)).toEqual(['queued', 'running'])
    vi.advanceTimersByTime(10)
    jobs.run('/a').finish()
    await settle()
    expect(jobs.job(id)).toMatchObject({
      ...{ kind: 'flatten', status: 'done', path: '/a', imageId: 'id of /a' },
      ...{ createdAt: 1_000_000, startedAt: 1_000_000, endedAt: 1_000_010 },
      result: { kind: 'flatten', path: '/a' },
    })
    expect(jobs.ended).toEqual([jobs.job(id)])
  })

  test('that fails keeps its error', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    const error = { code: 'io/no-space', message: 'm', details: {}, state: 'resumable' } as const
    jobs.run('/a').fail(error)
    await settle()
    expect(jobs.job(id)).toMatchObject({ status: 'failed', error })
  })

  test('that makes an image has no id before the library knows it', () => {
    const request = { kind: 'create', path: '/n', format: 'add-cow', imageFile: 'n.raw' } as const
    const id = jobs.queue.add({ request, imageId: 'base', files: { writes: [], reads: [] } })
    expect(jobs.job(id)).not.toHaveProperty('imageId')
    jobs.queue.setImage(id, 'new')
    expect(jobs.job(id)?.imageId).toBe('new')
    jobs.queue.setImage('no such job', 'new')
  })
})

describe('jobs at the same time', () => {
  test('are as many as is set', async () => {
    jobs.limit = 2
    const ids = ['/a', '/b', '/c', '/d'].map((path) => jobs.queue.add(flattenOf(path)))
    expect(ids.map((id) => jobs.status(id))).toEqual(['running', 'running', 'queued', 'queued'])
    jobs.run('/b').finish()
    await settle()
    expect(ids.map((id) => jobs.status(id))).toEqual(['running', 'done', 'running', 'queued'])
  })

  test('wait for a long one only if they are long themselves', () => {
    jobs.queue.add(flattenOf('/a'))
    const long = jobs.queue.add(flattenOf('/b'))
    const resize = { kind: 'resize', path: '/c', size: 512, shrink: false } as const
    const files = { writes: ['/c'], reads: ['/base'] }
    const quick = jobs.queue.add({ request: resize, imageId: 'c', files })
    const writesBelow = jobs.queue.add({ ...flattenOf('/base'), imageId: 'base' })
    const behind = { request: { ...resize, path: '/d' }, imageId: 'd' }
    const held = jobs.queue.add({ ...behind, files: { writes: ['/d'], reads: ['/base'] } })
    expect([long, quick, writesBelow, held].map((id) => jobs.status(id))).toEqual([
      ...['queued', 'running', 'queued', 'queued'],
    ])
  })

  test('begin as soon as more may run', () => {
    const ids = ['/a', '/b'].map((path) => jobs.queue.add(flattenOf(path)))
    jobs.limit = 2
    jobs.queue.startWhatCan()
    expect(ids.map((id) => jobs.status(id))).toEqual(['running', 'running'])
  })

  test('never write to the same file, nor to one that another reads', async () => {
    jobs.limit = 9
    const base = jobs.queue.add(flattenOf('/base'))
    const over = jobs.queue.add(flattenOf('/over', '/base'))
    const look = jobs.queue.add(checkOf('/base'))
    const other = jobs.queue.add(flattenOf('/other'))
    const status = (): unknown[] => [base, over, look, other].map((id) => jobs.status(id))
    expect(status()).toEqual(['running', 'queued', 'queued', 'running'])
    jobs.run('/base').finish()
    await settle()
    expect(status()).toEqual(['done', 'running', 'running', 'running'])
  })

  test('may read the same file', () => {
    jobs.limit = 9
    jobs.queue.add(flattenOf('/x', '/base'))
    jobs.queue.add(flattenOf('/y', '/base'))
    jobs.queue.add(checkOf('/base'))
    expect(jobs.runs).toHaveLength(3)
  })

  test('keep their order where they touch the same files', async () => {
    jobs.limit = 9
    jobs.queue.add(checkOf('/a'))
    const write = jobs.queue.add(flattenOf('/a'))
    const read = jobs.queue.add(checkOf('/a'))
    expect([write, read].map((id) => jobs.status(id))).toEqual(['queued', 'queued'])
    jobs.run('/a').finish()
    await settle()
    expect([write, read].map((id) => jobs.status(id))).toEqual(['running', 'queued'])
  })

  test('wait for whoever else has claimed their files', () => {
    const release = jobs.claims.claim({ writes: ['/a'], reads: [] })
    const id = jobs.queue.add(flattenOf('/a'))
    expect(jobs.status(id)).toBe('queued')
    release()
    expect(jobs.status(id)).toBe('running')
  })

  test('name the files that they write to', async () => {
    jobs.queue.add(flattenOf('/a'))
    jobs.queue.add(flattenOf('/b'))
    expect(jobs.queue.filesWritten()).toEqual(new Set(['/a', '/a.data']))
    jobs.run('/a').finish()
    await settle()
    expect(jobs.queue.filesWritten()).toEqual(new Set(['/b', '/b.data']))
  })
})

describe('a cancel', () => {
  test('ends a waiting job at once, and says that nothing was done', () => {
    jobs.queue.add(flattenOf('/a'))
    const id = jobs.queue.add(flattenOf('/b'))
    jobs.queue.cancel(id)
    expect(jobs.job(id)).toMatchObject({ status: 'cancelled', error: { state: 'unchanged' } })
    expect(jobs.job(id)).not.toHaveProperty('startedAt')
    expect(jobs.runs).toHaveLength(1)
  })

  test('lets go on what waited behind it', () => {
    jobs.limit = 9
    jobs.queue.add(checkOf('/a'))
    const write = jobs.queue.add(flattenOf('/a'))
    const read = jobs.queue.add(checkOf('/a'))
    jobs.queue.cancel(write)
    expect(jobs.status(read)).toBe('running')
  })

  test('of a running job is passed on, and shows until the job has stopped', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.queue.cancel(id)
    expect(jobs.run('/a').cancelled).toBe(true)
    expect(jobs.status(id)).toBe('cancelling')
    jobs.run('/a').fail(CANCELLED)
    await settle()
    expect(jobs.job(id)).toMatchObject({ status: 'cancelled', error: CANCELLED })
  })

  test('that comes too late changes nothing', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.queue.cancel(id)
    jobs.run('/a').finish()
    await settle()
    jobs.queue.cancel(id)
    expect(jobs.status(id)).toBe('done')
  })

  test('of all leaves no job behind that has not ended', async () => {
    const ids = ['/a', '/b', '/c'].map((path) => jobs.queue.add(flattenOf(path)))
    let idle = false
    void jobs.queue.whenIdle().then(() => (idle = true))
    jobs.queue.cancelAll()
    await settle()
    expect(jobs.runs).toHaveLength(1)
    expect(idle).toBe(false)
    jobs.run('/a').fail(CANCELLED)
    await settle()
    expect(idle).toBe(true)
    expect(ids.map((id) => jobs.status(id))).toEqual(['cancelled', 'cancelled', 'cancelled'])
    expect(jobs.queue.active()).toEqual([])
  })
})

describe('a pause', () => {
  test('rests the job, hides its pace, and keeps its files', async () => {
    jobs.limit = 9
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.run('/a').report({ phase: 'copying', current: 0, total: 10_000 })
    await vi.advanceTimersByTimeAsync(1000)
    jobs.run('/a').report({ phase: 'copying', current: 2000, total: 10_000 })
    expect(jobs.job(id)).toMatchObject({ canPause: true, speed: 2000 })
    jobs.queue.pause(id)
    expect(jobs.run('/a').paused).toBe(true)
    jobs.run('/a').report({ phase: 'copying', current: 2100, total: 10_000 })
    await vi.advanceTimersByTimeAsync(3000)
    expect(jobs.job(id)).toMatchObject({ status: 'paused', progress: { current: 2100 } })
    expect(jobs.job(id)).not.toHaveProperty('speed')
    expect(jobs.changes.at(-1)).not.toHaveProperty('timeLeft')
    expect(jobs.status(jobs.queue.add(checkOf('/a')))).toBe('queued')
    expect(jobs.queue.filesWritten()).toEqual(new Set(['/a', '/a.data']))
  })

  test('gives its turn away, and takes it back when it goes on', () => {
    const first = jobs.queue.add(flattenOf('/a'))
    const second = jobs.queue.add(flattenOf('/b'))
    expect(jobs.status(second)).toBe('queued')
    jobs.queue.pause(first)
    expect(jobs.status(second)).toBe('running')
    jobs.queue.resume(first)
    expect(jobs.status(first)).toBe('running')
    expect(jobs.run('/a').paused).toBe(false)
    expect(jobs.status(jobs.queue.add(flattenOf('/c')))).toBe('queued')
  })

  test('does not count as slowness afterwards', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.run('/a').report({ phase: 'copying', current: 1000, total: 10_000 })
    jobs.queue.pause(id)
    await vi.advanceTimersByTimeAsync(4000)
    jobs.queue.resume(id)
    jobs.run('/a').report({ phase: 'copying', current: 1000, total: 10_000 })
    await vi.advanceTimersByTimeAsync(1000)
    jobs.run('/a').report({ phase: 'copying', current: 3000, total: 10_000 })
    expect(jobs.job(id)).toMatchObject({ speed: 2000 })
  })

  test('is not for what waits, has ended, is being cancelled, or has no steps', async () => {
    const request = { kind: 'resize', path: '/r', size: 512, shrink: false } as const
    const files = { writes: ['/r'], reads: [] }
    const resize = jobs.queue.add({ request, imageId: 'id of /r', files })
    jobs.queue.add(checkOf('/c'))
    const waiting = jobs.queue.add(flattenOf('/a'))
    for (const id of [resize, waiting, 'no such job']) jobs.queue.pause(id)
    expect(jobs.run('/r').paused).toBe(false)
    expect(jobs.status(resize)).toBe('running')
    expect(jobs.status(waiting)).toBe('queued')
    jobs.run('/c').finish()
    await settle()
    jobs.queue.cancel(waiting)
    jobs.queue.pause(waiting)
    jobs.queue.resume(waiting)
    expect(jobs.status(waiting)).toBe('cancelling')
    expect(jobs.run('/a').paused).toBe(false)
  })

  test('ends with a cancel', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.queue.pause(id)
    jobs.queue.cancel(id)
    expect(jobs.run('/a').cancelled).toBe(true)
    jobs.run('/a').fail(CANCELLED)
    await settle()
    expect(jobs.status(id)).toBe('cancelled')
  })
})

describe('what ended before its goal', () => {
  test('goes on as the same job, with the same work, after others', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.queue.cancel(id)
    jobs.run('/a').fail(CANCELLED)
    await settle()
    expect(jobs.job(id)).toMatchObject({ status: 'cancelled', canGoOn: true })
    const other = jobs.queue.add(flattenOf('/b'))
    jobs.queue.goOn(id)
    expect(jobs.queue.snapshots().map((job) => job.id)).toEqual([other, id])
    expect(jobs.job(id)).toMatchObject({ status: 'queued', imageId: 'id of /a' })
    for (const gone of ['error', 'canGoOn', 'endedAt', 'startedAt'])
      expect(jobs.job(id)).not.toHaveProperty(gone)
    jobs.run('/b').finish()
    await settle()
    expect(jobs.run('/a').request).toEqual(flattenOf('/a').request)
    jobs.run('/a').finish()
    await settle()
    expect(jobs.job(id)).toMatchObject({ status: 'done' })
    expect(() => jobs.queue.goOn(id)).toThrow('cannot go on')
  })

  test('goes on after a restart, as it was stored', async () => {
    const before = new FakeJobs()
    const id = before.queue.add(flattenOf('/a', '/base'))
    const stored: unknown = JSON.parse(JSON.stringify({ version: 1, jobs: before.queue.stored() }))
    jobs = new FakeJobs(jobsFile.parse(stored).jobs)
    expect(jobs.job(id)).toMatchObject({ status: 'interrupted', canGoOn: true })
    expect(jobs.runs).toEqual([])
    expect(jobs.queue.leftBy(id)).toEqual(flattenOf('/a', '/base'))
    jobs.queue.goOn(id)
    expect(jobs.run('/a').request).toEqual(flattenOf('/a', '/base').request)
    jobs.run('/a').finish()
    await settle()
    expect(jobs.queue.stored()[0]).not.toHaveProperty('work')
  })

  test('goes on where it was cancelled before it began', () => {
    jobs.queue.add(flattenOf('/a'))
    const id = jobs.queue.add(flattenOf('/b'))
    jobs.queue.cancel(id)
    expect(jobs.job(id)).toMatchObject({ canGoOn: true })
  })

  test.each([
    ['left things uncertain', flattenOf('/a'), 'uncertain'],
    ['changed nothing', flattenOf('/a'), 'unchanged'],
    ['is of a kind that begins anew', exportOf('/a', '/out.raw'), 'resumable'],
  ] as const)('cannot go on where it %s', async (_why, job, state) => {
    const id = jobs.queue.add(job)
    jobs.run('/a').fail({ code: 'io/failed', message: 'm', details: {}, state })
    await settle()
    expect(jobs.job(id)).not.toHaveProperty('canGoOn')
    expect(() => jobs.queue.goOn(id)).toThrow('cannot go on')
    expect(jobs.queue.stored()[0]).not.toHaveProperty('work')
  })
})

describe('progress', () => {
  const at = (current: number): Parameters<ReturnType<FakeJobs['run']>['report']>[0] => ({
    phase: 'copying',
    current,
    total: 10_000,
  })

  test('comes with speed and time left', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.run('/a').report(at(0))
    await vi.advanceTimersByTimeAsync(1000)
    jobs.run('/a').report(at(2000))
    expect(jobs.job(id)).toMatchObject({ progress: at(2000), speed: 2000, timeLeft: 4000 })
  })

  test('that stops takes speed and time left away', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    jobs.run('/a').report(at(0))
    await vi.advanceTimersByTimeAsync(1000)
    jobs.run('/a').report(at(2000))
    await vi.advanceTimersByTimeAsync(7000)
    expect(jobs.changes.at(-1)).not.toHaveProperty('speed')
    expect(jobs.job(id)).not.toHaveProperty('timeLeft')
  })

  test('is nothing to remember, and no turn', () => {
    jobs.queue.add(flattenOf('/a'))
    const { turns } = jobs
    jobs.run('/a').report(at(1))
    expect(jobs.turns).toBe(turns)
  })

  test('of a job that has ended is dropped', async () => {
    const id = jobs.queue.add(flattenOf('/a'))
    const run = jobs.run('/a')
    run.finish()
    await settle()
    run.report(at(5))
    expect(jobs.job(id)).not.toHaveProperty('progress')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the history', () => {
  const past = (id: string, status: JobStatus): JobSnapshot => ({
    ...{ id, status, kind: 'flatten', path: '/a', createdAt: 1 },
  })

  test('has what ran at the end of the last start as interrupted', () => {
    const statuses = [
      ...(['queued', 'running', 'paused', 'cancelling'] as const),
      ...(['done', 'failed', 'cancelled'] as const),
    ]
    const { queue } = new FakeJobs(statuses.map((status) => past(status, status)))
    expect(queue.snapshots().map((job) => [job.id, job.status])).toEqual([
      ['queued', 'interrupted'],
      ['running', 'interrupted'],
      ['paused', 'interrupted'],
      ['cancelling', 'interrupted'],
      ['done', 'done'],
      ['failed', 'failed'],
      ['cancelled', 'cancelled'],
    ])
    expect(queue.active()).toEqual([])
  })

  test('passes its schema, whatever the jobs went through', async () => {
    jobs.queue.add(flattenOf('/a'))
    jobs.queue.add(flattenOf('/b'))
    jobs.run('/a').report({ phase: 'copying', current: 1, total: 2 })
    await vi.advanceTimersByTimeAsync(1000)
    jobs.run('/a').fail(CANCELLED)
    await settle()
    const stored: unknown = JSON.parse(JSON.stringify({ version: 1, jobs: jobs.queue.stored() }))
    expect(jobsFile.parse(stored).jobs).toHaveLength(2)
  })

  test('forgets the oldest of the ended, and never one that has not ended', async () => {
    const many = Array.from({ length: 500 }, (_, n) => past(`old ${n}`, 'done'))
    jobs = new FakeJobs(many)
    const first = jobs.queue.add(flattenOf('/a'))
    const second = jobs.queue.add(flattenOf('/b'))
    jobs.run('/a').finish()
    await settle()
    expect(jobs.removed).toEqual(['old 0'])
    expect(jobs.queue.snapshots().map((job) => job.id)).toContain(first)
    expect(jobs.status(second)).toBe('running')
  })

  test('keeps what is taken out of the list, and takes out ended jobs only', () => {
    const running = jobs.queue.add(flattenOf('/a'))
    const waiting = jobs.queue.add(flattenOf('/b'))
    jobs.queue.cancel(waiting)
    jobs.queue.clear([running, waiting, 'no such job'])
    expect(jobs.removed).toEqual([])
    expect(jobs.job(waiting)).toMatchObject({ cleared: true })
    expect(jobs.job(running)).not.toHaveProperty('cleared')
  })
})
