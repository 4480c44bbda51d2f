import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { isPausable } from '../../electron/main/jobs/job-rules'
import { overallProgress, titleWith } from '../../electron/main/jobs/overall-progress'
import type { JobSnapshot } from '../../electron/contract/jobs'
import { CallControl } from '../../electron/worker/call-control'
import { type JobProgress, type JobRequest, nodeHost, runJob } from '../../engine'
import { temporaryFolder } from '../support/temporary-folder'

const MIB = 1024 * 1024

const KINDS = ['check', 'flatten', 'export', 'commit', 'rebase'] as const

/** An overlay on a base of several steps, and a request of a kind that can be paused. */
async function requestOf(kind: (typeof KINDS)[number]): Promise<JobRequest> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'base.raw'), Buffer.alloc(96 * MIB, 7))
  writeFileSync(join(folder, 'other.raw'), Buffer.alloc(96 * MIB, 8))
  const path = join(folder, 'over.add-cow')
  const create = { format: 'add-cow', imageFile: 'over.raw', backingFile: 'base.raw' } as const
  await runJob(nodeHost, { kind: 'create', path, ...create }, new CallControl(() => undefined))
  switch (kind) {
    case 'flatten':
    case 'commit':
      return { kind, path, verify: false }
    case 'export':
      return { kind, path, target: join(folder, 'out.raw'), verify: false }
    case 'check':
      return { kind, path, repair: 'none' }
    case 'rebase':
      return { kind, path, backingFile: 'other.raw', namesOnly: false }
  }
}

/** It has begun with what it is to do. */
function isCounted({ current, phase }: JobProgress): boolean {
  return phase === 'copying' || current > 0
}

describe('the steering of a call', () => {
  test.each(KINDS)('lets a %s rest between two steps, go on, and come to its end', async (kind) => {
    expect(isPausable(kind)).toBe(true)
    const request = await requestOf(kind)
    const seen: JobProgress[] = []
    const control = new CallControl((progress) => {
      seen.push(progress)
      if (isCounted(progress) && seen.length < 4) control.setPaused(true)
    })
    const ended = vi.fn()
    const done = runJob(nodeHost, request, control).finally(ended)
    await vi.waitFor(() => expect(seen.some(isCounted)).toBe(true))
    const resting = seen.length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(seen).toHaveLength(resting)
    expect(ended).not.toHaveBeenCalled()
    while (!ended.mock.calls.length) {
      control.setPaused(false)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(await done).toMatchObject({ kind })
  })

  test('ends a pause with a cancel, and no pause comes after it', async () => {
    const control = new CallControl(() => undefined)
    control.setPaused(true)
    const paused = control.paused()
    expect(paused).toBeInstanceOf(Promise)
    control.cancel()
    await paused
    control.setPaused(true)
    expect(control.paused()).toBeUndefined()
    expect(control.signal.aborted).toBe(true)
  })

  test('keeps one pause however often it is asked for', () => {
    const control = new CallControl(() => undefined)
    control.setPaused(true)
    const first = control.paused()
    control.setPaused(true)
    expect(control.paused()).toBe(first)
    control.setPaused(false)
    control.setPaused(false)
    expect(control.paused()).toBeUndefined()
  })
})

describe('how far all jobs are', () => {
  const job = (status: JobSnapshot['status'], current?: number): JobSnapshot => ({
    ...{ id: status, kind: 'flatten', status, path: '/a', createdAt: 0 },
    ...(current !== undefined && { progress: { phase: 'copying', current, total: 200 } }),
  })
  const title = (...jobs: JobSnapshot[]): string =>
    titleWith('App', overallProgress(jobs), 'Paused')

  test('stands before the name, where there is something to tell', () => {
    expect(title()).toBe('App')
    expect(title(job('running'))).toBe('App')
    expect(title(job('running', 51))).toBe('25% · App')
    expect(title(job('running', 199), job('paused', 0))).toBe('49% · App')
    expect(title(job('paused', 50), job('queued'))).toBe('Paused · App')
  })

  test('is at rest only where no job does anything', () => {
    expect(overallProgress([job('paused', 1), job('queued')])?.resting).toBe(true)
    for (const status of ['running', 'cancelling'] as const)
      expect(overallProgress([job('paused', 1), job(status)])?.resting).toBe(false)
    expect(overallProgress([])).toBeUndefined()
  })
})
