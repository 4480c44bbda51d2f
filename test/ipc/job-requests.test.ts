import fc from 'fast-check'
import { join, resolve } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { WindowJobRequest } from '../../electron/contract/jobs'
import { Grants } from '../../electron/main/grants'
import { type ResolvedJob, resolveJob, storedName } from '../../electron/main/jobs/job-requests'
import type { Library } from '../../electron/main/library/library'
import { emptyLibrary } from './support/empty-library'
import { imageFileOf, markOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OVERLAY = '/disks/over.add-cow'

let library: Library
let grants: Grants
let base: string
let overlay: string

beforeEach(() => {
  library = emptyLibrary()
  grants = new Grants()
  base = library.add(BASE, rawScan(BASE))
  overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
})

const resolved = (job: WindowJobRequest): ResolvedJob => resolveJob(job, library, grants)

describe('a job on an image', () => {
  const overlayFiles = [OVERLAY, imageFileOf(OVERLAY)]

  test('gets the path of the image', () => {
    const { request } = resolved({ kind: 'flatten', imageId: overlay, verify: true })
    expect(request).toEqual({ kind: 'flatten', path: OVERLAY, verify: true })
    expect(resolved({ kind: 'resize', imageId: overlay, size: 512, shrink: true }).request).toEqual(
      { kind: 'resize', path: OVERLAY, size: 512, shrink: true },
    )
  })

  test('writes to the files of its layer, and reads what lies below', () => {
    const writing = { writes: overlayFiles, reads: [BASE] }
    expect(resolved({ kind: 'flatten', imageId: overlay, verify: true }).files).toEqual(writing)
    expect(resolved({ kind: 'check', imageId: overlay, repair: 'leaks' }).files).toEqual(writing)
    expect(resolved({ kind: 'check', imageId: overlay, repair: 'none' }).files).toEqual({
      writes: [],
      reads: [...overlayFiles, BASE],
    })
  })

  test('checks the base against what is remembered of it', () => {
    const { request } = resolved({ kind: 'check', imageId: overlay, repair: 'none' })
    expect(request).toMatchObject({ expectedBase: markOf().fingerprint })
    expect(resolved({ kind: 'check', imageId: base, repair: 'none' }).request).not.toHaveProperty(
      'expectedBase',
    )
  })

  test('that the library does not know is refused', () => {
    expect(() => resolved({ kind: 'flatten', imageId: 'other', verify: true })).toThrow(
      expect.objectContaining({ code: 'file/missing' }),
    )
  })
})

describe('an export', () => {
  test('goes to the place that was picked for it', () => {
    const { id } = grants.issue('export-target', '/out/disk.raw')
    const job = resolved({ kind: 'export', imageId: overlay, targetGrant: id, verify: false })
    const target = '/out/disk.raw'
    expect(job.request).toEqual({ kind: 'export', path: OVERLAY, target, verify: false })
    expect(job.files).toMatchObject({ writes: [target] })
  })

  test.each(['/out/disk.raw', '', 'unknown'])('goes nowhere else (%j)', (targetGrant) => {
    expect(() => resolved({ kind: 'export', imageId: base, targetGrant, verify: true })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test('does not go to a place that was picked for something else', () => {
    const { id } = grants.issue('folder-for-overlay', '/out')
    expect(() =>
      resolved({ kind: 'export', imageId: base, targetGrant: id, verify: true }),
    ).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('a new overlay', () => {
  const names = { kind: 'create', name: 'new.add-cow', imageFileName: 'new.raw' } as const

  test('lies beside its base, and names it without a folder', () => {
    const job = resolved({ ...names, baseId: base })
    expect(job.request).toEqual({
      kind: 'create',
      path: '/disks/new.add-cow',
      format: 'add-cow',
      imageFile: 'new.raw',
      backingFile: 'base.raw',
      backingFormat: 'raw',
    })
    expect(job.files).toEqual({ writes: ['/disks/new.add-cow', '/disks/new.raw'], reads: [BASE] })
  })

  test('lies in the folder that was picked, and names its base in full', () => {
    const folderGrant = grants.issue('folder-for-overlay', '/elsewhere').id
    expect(resolved({ ...names, baseId: base, folderGrant, size: 1024 }).request).toMatchObject({
      path: '/elsewhere/new.add-cow',
      imageFile: 'new.raw',
      backingFile: BASE,
      size: 1024,
    })
  })

  test('on an overlay tells that format, and reads all that lies below', () => {
    const job = resolved({ ...names, baseId: overlay, reuseImageFile: true })
    expect(job.request).toMatchObject({ backingFormat: 'add-cow', reuseImageFile: true })
    expect(job.files.reads).toEqual([OVERLAY, imageFileOf(OVERLAY), BASE])
  })

  test('has the layout that was asked for', () => {
    const job = resolved({ ...names, baseId: base, format: 'acow' })
    expect(job.request).toMatchObject({ format: 'acow' })
  })

  test('has the layout that was chosen', () => {
    const job = resolved({ ...names, baseId: base, format: 'acow' })
    expect(job.request).toMatchObject({ format: 'acow', backingFormat: 'raw' })
  })

  test('does not lie in a folder that nobody picked', () => {
    const target = grants.issue('export-target', '/out').id
    for (const folderGrant of ['/etc', target]) {
      expect(() => resolved({ ...names, baseId: base, folderGrant })).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })
})

describe('the name that an overlay stores', () => {
  test.each([
    ['/vms/base.raw', '/vms', 'base.raw'],
    ['/vms/bases/base.raw', '/vms', 'bases/base.raw'],
    ['/base.raw', '/vms', '/base.raw'],
    ['/vms-old/base.raw', '/vms', '/vms-old/base.raw'],
    ['/vms/..base.raw', '/vms', '..base.raw'],
    ['/vms/nbd:x', '/vms', './nbd:x'],
    ['/vms/a/b:c', '/vms', 'a/b:c'],
  ])('for %s in %s is %s', (path, folder, name) => {
    expect(storedName(path, folder)).toBe(name)
  })

  test('leads back to the same file, and never out of the folder by ..', () => {
    const part = fc.constantFrom('a', '..b', '...', 'c d', 'nbd:', 'ü', '-x')
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${join(...parts)}`)
    fc.assert(
      fc.property(path, path, (file, folder) => {
        const name = storedName(file, folder)
        expect(resolve(folder, name)).toBe(file)
        expect(name.split('/')).not.toContain('..')
      }),
    )
  })
})

test('only so many picks are remembered, the latest ones', () => {
  const first = grants.issue('export-target', '/first')
  const others = Array.from({ length: 1000 }, (_, n) => grants.issue('export-target', `/${n}`))
  expect(() => grants.resolve('export-target', first.id)).toThrow('not one that was picked')
  expect(grants.resolve('export-target', others.at(-1)?.id ?? '')).toBe('/999')
  expect(new Set(others.map((grant) => grant.id)).size).toBe(1000)
})
