import { beforeEach, describe, expect, test } from 'vitest'
import type { WindowJobRequest } from '../../electron/contract/jobs'
import { Grants } from '../../electron/main/grants'
import { afterJob } from '../../electron/main/jobs/after-job'
import { libraryPlan, refuseBreaking, refuseOtherFormat } from '../../electron/main/jobs/breaking'
import { type ResolvedJob, resolveJob } from '../../electron/main/jobs/job-requests'
import { NEVER_BEGUN } from '../../electron/main/jobs/job-rules'
import type { Library } from '../../electron/main/library/library'
import { EngineError } from '../../engine'
import { emptyLibrary } from './support/empty-library'
import { jobEnd, jobEndParts } from './support/job-end'
import { imageFileOf, markOf, overlayScan, rawScan } from './support/scans'

const MIB = 1024 * 1024
const BASE = '/disks/base.raw'

let library: Library
let grants: Grants
let ids: Record<string, string>

/** Takes in an overlay by its name; what it stands on is a path. */
function overlay(name: string, below: string, part: object = {}): string {
  const path = `/disks/${name}.add-cow`
  const found = overlayScan(path, below, part)
  const id = library.add(path, found)
  ids[name] = id
  return id
}

function path(name: string): string {
  return `/disks/${name}.add-cow`
}

beforeEach(() => {
  library = emptyLibrary()
  grants = new Grants()
  ids = {}
  ids['base'] = library.add(BASE, rawScan(BASE))
  overlay('top', BASE)
})

const resolved = (job: WindowJobRequest): ResolvedJob => resolveJob(job, library, grants)
const commitOf = (accepted: readonly string[] = []): ResolvedJob =>
  resolved({ kind: 'commit', imageId: ids['top'] ?? '', verify: true, accepted })
const brokenBy = (job: ResolvedJob): string[] =>
  (libraryPlan(library, job).affected ?? []).map((image) => image.path).sort()

describe('a commit breaks', () => {
  test('nobody where the overlay is alone on its base', () => {
    expect(brokenBy(commitOf())).toEqual([])
    expect(() => refuseBreaking(library, commitOf())).not.toThrow()
  })

  test('its siblings, and all that stands on those', () => {
    overlay('sibling', BASE)
    overlay('child', path('sibling'))
    overlay('grandchild', path('child'))
    expect(brokenBy(commitOf())).toEqual([path('child'), path('grandchild'), path('sibling')])
  })

  test('not what stands on the overlay itself, however far up', () => {
    overlay('above', path('top'))
    overlay('higher', path('above'))
    expect(brokenBy(commitOf())).toEqual([])
  })

  test('not what has everything itself, nor what stands on that', () => {
    overlay('whole', BASE, { allocatedBytes: 64 * MIB })
    overlay('on-whole', path('whole'))
    expect(brokenBy(commitOf())).toEqual([])
  })

  test('what takes the image file of the overlay, or of its base, for a disk', () => {
    overlay('middle', BASE)
    overlay('upper', path('middle'))
    overlay('on-data', imageFileOf(path('upper')))
    overlay('on-base-data', imageFileOf(path('middle')))
    const job = resolved({
      ...{ kind: 'commit', imageId: ids['upper'] ?? '', verify: true, accepted: [] },
    })
    expect(brokenBy(job)).toEqual([path('on-base-data'), path('on-data')])
  })

  test('what reads the base through a layer that the library does not have', () => {
    const found = overlayScan(path('far'), '/elsewhere/unknown.add-cow')
    library.add(path('far'), { ...found, filesBelow: ['/elsewhere/unknown.add-cow', BASE] })
    const over = overlayScan(path('over'), '/elsewhere/other.add-cow')
    library.add(path('over'), {
      ...over,
      filesBelow: ['/elsewhere/other.add-cow', path('top'), BASE],
    })
    expect(brokenBy(commitOf())).toEqual([path('far')])
  })

  test('is refused without a yes to each, with their number, and not otherwise', () => {
    const sibling = overlay('sibling', BASE)
    const child = overlay('child', path('sibling'))
    expect(() => refuseBreaking(library, commitOf([sibling]))).toThrow('child.add-cow')
    try {
      refuseBreaking(library, commitOf())
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        code: 'chain/breaks-others',
        details: { count: 2, path: path('top') },
        state: 'unchanged',
      })
    }
    expect(() => refuseBreaking(library, commitOf([sibling, child]))).not.toThrow()
  })

  test('also those that came after the yes', () => {
    const job = commitOf([overlay('sibling', BASE)])
    refuseBreaking(library, job)
    overlay('late', BASE)
    expect(() => refuseBreaking(library, job)).toThrow('late.add-cow')
  })

  test('and writes to the files of both, its base in the library or not', () => {
    overlay('middle', BASE)
    const upper = overlay('upper', path('middle'))
    const own = [path('upper'), imageFileOf(path('upper'))]
    const below = [path('middle'), imageFileOf(path('middle'))]
    const job = { kind: 'commit', imageId: upper, verify: true, accepted: [] } as const
    expect(resolved(job).files.writes).toEqual([...own, ...below])
    library.forget([ids['middle'] ?? ''])
    const found = overlayScan(path('upper'), path('middle'))
    library.scanned(upper, { found: { ...found, filesBelow: [...below, BASE] } }, false)
    expect(resolved(job).files).toEqual({ writes: [...own, ...below], reads: [BASE] })
  })
})

describe('a trip to the trash', () => {
  const flatten = (trashOverlay: boolean): ResolvedJob =>
    resolved({ kind: 'flatten', imageId: ids['top'] ?? '', verify: true, trashOverlay })

  test('is refused where others stand on the file, and only then', () => {
    expect(() => refuseBreaking(library, flatten(true))).not.toThrow()
    overlay('above', path('top'))
    expect(brokenBy(flatten(false))).toEqual([path('above')])
    expect(() => refuseBreaking(library, flatten(true))).toThrow(EngineError)
    expect(() => refuseBreaking(library, flatten(false))).not.toThrow()
  })

  const parts = () => jobEndParts(library, (file) => Promise.resolve(rawScan(file)))

  test('comes after success, and puts the disk in the place of the overlay', async () => {
    const all = parts()
    const old = ids['top']
    await afterJob(flatten(true), jobEnd(flatten(true)), all)
    expect(all.trash).toHaveBeenCalledExactlyOnceWith(path('top'))
    expect(all.queue.setTrashed).toHaveBeenCalledExactlyOnceWith('job', { path: path('top') })
    expect(library.idOf(path('top'))).toBeUndefined()
    const disk = library.idOf(imageFileOf(path('top')))
    expect(disk).toBeDefined()
    expect(all.queue.reassign).toHaveBeenCalledExactlyOnceWith(old, disk)
  })

  test.each(['failed', 'cancelled'] as const)(
    'does not come after a job that %s',
    async (status) => {
      const all = parts()
      await afterJob(flatten(true), jobEnd(flatten(true), { status }), all)
      await afterJob(flatten(false), jobEnd(flatten(false)), all)
      expect(all.trash).not.toHaveBeenCalled()
    },
  )

  test('that fails leaves the overlay where it is, and says so', async () => {
    const all = parts()
    all.trash.mockRejectedValue(new Error('no trash here'))
    await afterJob(flatten(true), jobEnd(flatten(true)), all)
    expect(all.queue.setTrashed.mock.calls).toMatchObject([
      ['job', { path: path('top'), error: { code: 'io/failed', state: 'unchanged' } }],
    ])
    expect(JSON.stringify(all.queue.setTrashed.mock.calls)).toContain('no trash here')
    expect(library.idOf(path('top'))).toBe(ids['top'])
  })

  test('is not made where somebody came to stand on the file meanwhile', async () => {
    const all = parts()
    const job = flatten(true)
    overlay('above', path('top'))
    await afterJob(job, jobEnd(job), all)
    expect(all.trash).not.toHaveBeenCalled()
    expect(all.queue.setTrashed.mock.calls).toMatchObject([
      ['job', { path: path('top'), error: { code: 'chain/breaks-others' } }],
    ])
  })

  test('a commit leaves no doubt on the overlay, and all doubt on what it broke', async () => {
    const all = parts()
    const sibling = overlay('sibling', BASE)
    const above = overlay('above', path('top'))
    const job = commitOf([sibling])
    await afterJob(job, jobEnd(job), all)
    expect(library.record(ids['top'] ?? '')).not.toHaveProperty('base')
    expect(library.record(sibling).base).toEqual(markOf())
    expect(all.request.mock.calls).toEqual([
      [new Set([ids['base'], ids['top'], above]), true],
      [[sibling], false],
    ])
  })

  test('a commit that never began changes nothing of what is known', async () => {
    const all = parts()
    const job = commitOf()
    await afterJob(job, jobEnd(job, { status: 'cancelled', error: NEVER_BEGUN }), all)
    expect(library.record(ids['top'] ?? '').base).toEqual(markOf())
  })

  test('a rebase forgets what the base was when it is done, and not before', async () => {
    const all = parts()
    const job = resolved({
      ...{ kind: 'rebase', imageId: ids['top'] ?? '', namesOnly: false },
      base: { kind: 'none' },
    })
    await afterJob(job, jobEnd(job, { status: 'cancelled' }), all)
    expect(library.record(ids['top'] ?? '').base).toEqual(markOf())
    await afterJob(job, jobEnd(job), all)
    expect(library.record(ids['top'] ?? '')).not.toHaveProperty('base')
  })
})

describe('a rebase', () => {
  const rebase = (
    base: (WindowJobRequest & { kind: 'rebase' })['base'],
    part: { namesOnly?: boolean; unproven?: boolean } = {},
  ): ResolvedJob =>
    resolved({ kind: 'rebase', imageId: ids['top'] ?? '', base, namesOnly: false, ...part })

  test('stores the name as counted from the overlay, and tells a format that is known', () => {
    library.add('/disks/more/new.raw', rawScan('/disks/more/new.raw'))
    const id = library.idOf('/disks/more/new.raw') ?? ''
    const job = rebase({ kind: 'image', id })
    expect(job.request).toEqual({
      ...{ kind: 'rebase', path: path('top'), namesOnly: false },
      ...{ backingFile: 'more/new.raw', backingFormat: 'raw' },
    })
    expect(job.files.reads).toEqual([BASE, '/disks/more/new.raw'])
    expect(job.files.writes).toEqual([path('top'), imageFileOf(path('top'))])
  })

  test('onto nothing stores no name', () => {
    expect(rebase({ kind: 'none' }).request).toMatchObject({ backingFile: '' })
  })

  test('by names wants the base that is remembered, unless one says otherwise', () => {
    const base = { kind: 'picked', grant: grants.issue('base', '/moved/base.raw').id } as const
    const proven = rebase(base, { namesOnly: true })
    expect(proven.request).toMatchObject({
      ...{ backingFile: '/moved/base.raw', backingFormat: 'raw' },
      expectedBase: markOf().fingerprint,
    })
    expect(proven.files.reads).toEqual(['/moved/base.raw'])
    expect(libraryPlan(library, proven)).toEqual({})
    const anyway = rebase(base, { namesOnly: true, unproven: true })
    expect(anyway.request).not.toHaveProperty('expectedBase')
    expect(anyway.request).not.toHaveProperty('backingFormat')
    expect(libraryPlan(library, anyway)).toEqual({ unproven: true })
    // copying proves nothing, as it does not have to
    expect(rebase(base).request).not.toHaveProperty('expectedBase')
  })

  test('onto a picked file that the library has is one onto that image', () => {
    overlay('other', BASE)
    const grant = grants.issue('base', path('other')).id
    expect(rebase({ kind: 'picked', grant }).request).toMatchObject({ backingFormat: 'add-cow' })
  })

  test('takes no file that was picked for something else', () => {
    const grant = grants.issue('export-target', '/x').id
    expect(() => rebase({ kind: 'picked', grant })).toThrow('picked in a dialog')
  })
})

test('an image is read as another format only where nothing stands on it or writes to it', () => {
  const alone = library.add('/disks/alone.img', rawScan('/disks/alone.img'))
  refuseOtherFormat(library, alone)
  expect(() => refuseOtherFormat(library, ids['base'] ?? '')).toThrow(
    /top\.add-cow would be broken/,
  )
  library.setBusy(new Set(['/disks/alone.img']))
  expect(() => refuseOtherFormat(library, alone)).toThrow(/A job of this application/)
})
