import { beforeEach, describe, expect, test } from 'vitest'
import type { JobSnapshot, MoveOverlayRequest } from '../../electron/contract/jobs'
import { requestSchemas } from '../../electron/contract/schemas'
import { Grants } from '../../electron/main/grants'
import { afterJob } from '../../electron/main/jobs/after-job'
import { libraryPlan, refuseBreaking } from '../../electron/main/jobs/breaking'
import { type ResolvedJob, resolveJob } from '../../electron/main/jobs/job-requests'
import type { Library } from '../../electron/main/library/library'
import type { ErrorData } from '../../engine'
import { emptyLibrary } from './support/empty-library'
import { jobEnd, jobEndParts } from './support/job-end'
import { imageFileOf, markOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OLD = '/disks/top.add-cow'
const NEW = '/picked/new.add-cow'

let library: Library
let grants: Grants
let top: string

beforeEach(() => {
  library = emptyLibrary()
  grants = new Grants()
  library.add(BASE, rawScan(BASE))
  top = library.add(OLD, overlayScan(OLD, BASE))
})

/** A move to another folder, if nothing else is said. */
function moveOf(part: Partial<MoveOverlayRequest> = {}): ResolvedJob {
  const { id: folderGrant } = grants.issue('folder-for-overlay', '/picked')
  const names = { name: 'new.add-cow', imageFileName: 'new.raw', names: 'relative' } as const
  const request = { kind: 'move', imageId: top, folderGrant, copy: false, accepted: [] } as const
  return resolveJob({ ...request, ...names, ...part }, library, grants)
}

/** One that leaves the files in their folder. */
function moveHere(part: Partial<MoveOverlayRequest> = {}): ResolvedJob {
  const names = { name: 'top.add-cow', imageFileName: 'top.raw', names: 'absolute' } as const
  const request = { kind: 'move', imageId: top, copy: false, accepted: [] } as const
  return resolveJob({ ...request, ...names, ...part }, library, grants)
}

describe('a move', () => {
  test('goes to the folder that was picked, and holds the files of both places', () => {
    const { request, files } = moveOf()
    const target = { target: NEW, targetImage: imageFileOf(NEW) }
    expect(request).toEqual({ kind: 'move', path: OLD, ...target, copy: false, names: 'relative' })
    expect(files).toEqual({ writes: [OLD, imageFileOf(OLD), NEW, imageFileOf(NEW)], reads: [] })
  })

  test('that is a copy only reads what it copies', () => {
    expect(moveOf({ copy: true }).files).toEqual({
      writes: [NEW, imageFileOf(NEW)],
      reads: [OLD, imageFileOf(OLD)],
    })
  })

  test('without a folder leaves each file in its own', () => {
    const apart = '/disks/apart.add-cow'
    const found = { ...overlayScan(apart, BASE), imagePath: '/data/apart.raw' }
    const imageId = library.add(apart, found)
    const names = { name: 'apart.add-cow', imageFileName: 'apart.raw' }
    const { request, files } = moveHere({ imageId, ...names })
    expect(request).toMatchObject({ target: apart, targetImage: '/data/apart.raw' })
    expect(files.writes).toEqual([apart, '/data/apart.raw'])
  })

  test('goes to no folder that was picked for something else', () => {
    const { id } = grants.issue('export-target', '/picked')
    expect(() => moveOf({ folderGrant: id })).toThrow('picked in a dialog')
  })

  test.each(['../out.add-cow', 'a/b', '..', ''])('takes no way for a name (%j)', (name) => {
    const good = {
      ...{ kind: 'move', imageId: 'a', name: 'a.add-cow', imageFileName: 'a.raw' },
      ...{ copy: false, names: 'absolute', accepted: [] },
    }
    const schema = requestSchemas['job.start']
    expect(schema.safeParse(good).success).toBe(true)
    expect(schema.safeParse({ ...good, name }).success).toBe(false)
    expect(schema.safeParse({ ...good, imageFileName: name }).success).toBe(false)
  })
})

describe('what stands on a moved overlay', () => {
  let above: string
  beforeEach(() => {
    above = library.add('/disks/above.add-cow', overlayScan('/disks/above.add-cow', OLD))
  })

  test('is told before, and wants a yes', () => {
    const told = [{ id: above, path: '/disks/above.add-cow' }]
    expect(libraryPlan(library, moveOf()).affected).toEqual(told)
    expect(() => refuseBreaking(library, moveOf())).toThrow(
      expect.objectContaining({ code: 'chain/breaks-others' }),
    )
    expect(() => refuseBreaking(library, moveOf({ accepted: [above] }))).not.toThrow()
  })

  test('loses nothing by a copy, nor by other names in the same place', () => {
    for (const job of [moveOf({ copy: true }), moveHere()]) {
      expect(libraryPlan(library, job).affected).toEqual([])
      expect(() => refuseBreaking(library, job)).not.toThrow()
    }
  })
})

describe('after a move', () => {
  const parts = (there: readonly string[] = []) =>
    jobEndParts(
      library,
      (file) => Promise.resolve(overlayScan(file, BASE)),
      (path) => there.includes(path),
    )
  const stopped = (state: ErrorData['state']): Partial<JobSnapshot> => ({
    status: 'failed',
    error: { code: 'io/failed', message: 'no', details: {}, ...(state && { state }) },
  })

  test('the overlay is the same one at its new place, and all it knew stays known', async () => {
    const all = parts()
    const above = library.add('/disks/a.add-cow', overlayScan('/disks/a.add-cow', OLD))
    library.checked(top, 7, {
      ...{ path: OLD, format: 'add-cow', findings: [], totalClusters: 1, allocatedClusters: 1 },
    })
    await afterJob(moveOf(), jobEnd(moveOf()), all)
    expect(library.idOf(NEW)).toBe(top)
    expect(library.idOf(OLD)).toBeUndefined()
    expect(library.record(top)).toMatchObject({ base: markOf(), lastCheck: { at: 7 } })
    expect(library.summaries().find(({ id }) => id === top)).toMatchObject({
      ...{ name: 'new.add-cow', directory: '/picked', imageName: 'new.raw' },
    })
    // it is looked at where it is now, and what stood on it where it was
    expect(all.request.mock.calls).toEqual([[new Set([above, top]), true]])
  })

  test('an image that the list still had at that place gives way', async () => {
    const gone = library.add(NEW, overlayScan(NEW, BASE))
    await afterJob(moveOf(), jobEnd(moveOf()), parts())
    expect(library.has(gone)).toBe(false)
    expect(library.idOf(NEW)).toBe(top)
  })

  test('a copy comes beside the original', async () => {
    const job = moveOf({ copy: true })
    await afterJob(job, jobEnd(job), parts([NEW]))
    expect(library.idOf(OLD)).toBe(top)
    expect(library.has(library.idOf(NEW) ?? '')).toBe(true)
    expect(library.idOf(NEW)).not.toBe(top)
  })

  test('that did not end well, the overlay stays where it was', async () => {
    await afterJob(moveOf(), jobEnd(moveOf(), stopped('unchanged')), parts([NEW]))
    expect(library.idOf(OLD)).toBe(top)
    expect(library.idOf(NEW)).toBeUndefined()
  })

  test('that stopped half-way, what it made at the new place is in the list as well', async () => {
    await afterJob(moveOf(), jobEnd(moveOf(), stopped('resumable')), parts([NEW]))
    expect(library.idOf(OLD)).toBe(top)
    expect(library.has(library.idOf(NEW) ?? '')).toBe(true)
  })
})
