import { beforeEach, describe, expect, test } from 'vitest'
import type { ImportRequest } from '../../electron/contract/jobs'
import { requestSchemas } from '../../electron/contract/schemas'
import { Grants } from '../../electron/main/grants'
import { afterJob } from '../../electron/main/jobs/after-job'
import { type ResolvedJob, resolveJob } from '../../electron/main/jobs/job-requests'
import type { Library } from '../../electron/main/library/library'
import { emptyLibrary } from './support/empty-library'
import { jobEnd, jobEndParts } from './support/job-end'
import { imageFileOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const SOURCE = '/disks/vm.qcow2'
const OVERLAY = '/disks/over.add-cow'

let library: Library
let grants: Grants
let source: string
let overlay: string

beforeEach(() => {
  library = emptyLibrary()
  grants = new Grants()
  library.add(BASE, rawScan(BASE))
  const { imagePath: none, ...scan } = overlayScan(SOURCE, BASE, { format: 'qcow2' })
  expect(none).toBeDefined()
  source = library.add(SOURCE, scan)
  overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
})

const names = { name: 'vm.add-cow', imageFileName: 'vm.raw' }
const wanted = { kind: 'import-overlay', ...names, format: 'acow', verify: true } as const

function importOf(part: Partial<ImportRequest> = {}): ResolvedJob {
  return resolveJob({ ...wanted, imageId: source, ...part }, library, grants)
}

describe('an import', () => {
  test('lies beside the qcow2 image, and only reads that and its base', () => {
    expect(importOf()).toEqual({
      request: {
        ...{ kind: 'import-overlay', path: SOURCE, target: '/disks/vm.add-cow' },
        ...{ imageFile: 'vm.raw', format: 'acow', verify: true },
      },
      imageId: source,
      files: { writes: ['/disks/vm.add-cow', '/disks/vm.raw'], reads: [SOURCE, BASE] },
    })
  })

  test('lies in the folder that was picked, and in no other', () => {
    const { id } = grants.issue('folder-for-overlay', '/picked')
    const { request, files } = importOf({ folderGrant: id })
    expect(request).toMatchObject({ target: '/picked/vm.add-cow', imageFile: 'vm.raw' })
    expect(files.writes).toEqual(['/picked/vm.add-cow', '/picked/vm.raw'])
    for (const folderGrant of ['/picked', grants.issue('export-target', '/picked').id]) {
      expect(() => importOf({ folderGrant })).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })

  test('of an image that the library does not know is refused', () => {
    expect(() => importOf({ imageId: 'other' })).toThrow(
      expect.objectContaining({ code: 'file/missing' }),
    )
  })

  test.each(['../out.add-cow', 'a/b', '..', ''])('takes no way for a name (%j)', (name) => {
    const schema = requestSchemas['job.start']
    const good = { ...wanted, imageId: 'a' }
    expect(schema.safeParse(good).success).toBe(true)
    expect(schema.safeParse({ ...good, name }).success).toBe(false)
    expect(schema.safeParse({ ...good, imageFileName: name }).success).toBe(false)
    expect(schema.safeParse({ ...good, format: 'qcow2' }).success).toBe(false)
    expect(schema.safeParse({ ...good, path: '/etc/passwd' }).success).toBe(false)
  })
})

describe('an export as qcow2', () => {
  test('goes to the place that was picked for it, and nowhere else', () => {
    const { id } = grants.issue('export-target', '/out/disk.qcow2')
    const request = { kind: 'export-overlay', imageId: overlay, verify: false } as const
    expect(resolveJob({ ...request, targetGrant: id }, library, grants)).toEqual({
      request: { kind: 'export-overlay', path: OVERLAY, target: '/out/disk.qcow2', verify: false },
      imageId: overlay,
      files: { writes: ['/out/disk.qcow2'], reads: [OVERLAY, imageFileOf(OVERLAY), BASE] },
    })
    expect(() =>
      resolveJob({ ...request, targetGrant: '/out/disk.qcow2' }, library, grants),
    ).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('names an image and a grant, and no path', () => {
    const schema = requestSchemas['job.start']
    const job = { kind: 'export-overlay', imageId: 'a', targetGrant: 'g', verify: true }
    expect(schema.safeParse(job).success).toBe(true)
    expect(schema.safeParse({ ...job, target: '/etc/passwd' }).success).toBe(false)
    expect(schema.safeParse({ ...job, verify: undefined }).success).toBe(false)
  })
})

describe('what was made', () => {
  const parts = (made: string) =>
    jobEndParts(
      library,
      (file) => Promise.resolve(overlayScan(file, BASE)),
      (path) => path === made,
    )

  test('by an import is in the list, and the import is part of its history', async () => {
    const all = parts('/disks/vm.add-cow')
    await afterJob(importOf(), jobEnd(importOf()), all)
    const made = library.idOf('/disks/vm.add-cow')
    expect(made).toBeDefined()
    expect(all.queue.setImage.mock.calls).toEqual([['job', made]])
  })

  test('by an import that did not come to its end is nothing', async () => {
    const all = parts('/disks/vm.add-cow')
    await afterJob(importOf(), jobEnd(importOf(), { status: 'cancelled' }), all)
    expect(library.idOf('/disks/vm.add-cow')).toBeUndefined()
    expect(all.queue.setImage).not.toHaveBeenCalled()
  })

  test('by an export is in the list, and the export in the history of its source', async () => {
    const { id } = grants.issue('export-target', '/out/disk.qcow2')
    const request = { kind: 'export-overlay', imageId: overlay, verify: false } as const
    const job = resolveJob({ ...request, targetGrant: id }, library, grants)
    const all = parts('/out/disk.qcow2')
    await afterJob(job, jobEnd(job), all)
    expect(library.idOf('/out/disk.qcow2')).toBeDefined()
    expect(all.queue.setImage).not.toHaveBeenCalled()
  })
})
