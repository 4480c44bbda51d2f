import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND_NAMES, type CommandName, type Commands } from '../../electron/contract/commands'
import { requestSchemas } from '../../electron/contract/schemas'

type Requests = { readonly [Name in CommandName]: readonly Commands[Name]['request'][] }

/** Requests as the window makes them, with and without what may be absent. */
const good: Requests = {
  'app.bootstrap': [undefined],
  'app.licences': [undefined],
  'app.showLog': [undefined],
  'app.copyText': [{ text: '' }, { text: 'qemu-img info "a b"' }],
  'library.add': [{ what: 'files' }, { what: 'folder' }],
  'library.forget': [{ ids: [] }, { ids: ['a', 'b'] }],
  'library.rescan': [{}, { ids: ['a'] }],
  'library.agree': [{ name: 'nbd://host/disk' }],
  'library.agreedNames': [undefined],
  'library.withdraw': [{ name: 'nbd://host/disk' }],
  'library.showInFolder': [{ id: 'a' }],
  'library.treatAs': [{ id: 'a', format: 'raw' }],
  'library.createSample': [undefined],
  'folders.list': [undefined],
  'folders.add': [undefined],
  'folders.remove': [{ folder: '/srv/disks' }],
  'image.details': [{ id: 'a' }],
  'map.open': [{ id: 'a' }],
  'map.tile': [
    { id: 'a', cellBytes: 512, first: 0, count: 1 },
    { id: 'a', cellBytes: 2 ** 40, first: 4095, count: 1024 },
  ],
  'map.extents': [{ id: 'a', first: 2 ** 40, count: 512 }],
  'map.extentAt': [{ id: 'a', offset: 0 }],
  'map.bytes': [{ id: 'a', offset: 512, length: 65_536 }],
  'dialog.pickFolder': [undefined],
  'dialog.pickExportTarget': [{ imageId: 'a', format: 'qcow2' }],
  'dialog.pickBase': [{ imageId: 'a' }],
  'job.plan': [{ kind: 'flatten', imageId: 'a', verify: true }],
  'job.start': [
    { kind: 'create', baseId: 'a', name: 'x.add-cow', imageFileName: 'x.raw' },
    {
      kind: 'create',
      baseId: 'a',
      name: 'Ü .add-cow',
      imageFileName: '-x.raw',
      folderGrant: 'g',
      size: 0,
      reuseImageFile: true,
      format: 'acow',
    },
    { kind: 'resize', imageId: 'a', size: 2 ** 52, shrink: false },
    { kind: 'check', imageId: 'a', repair: 'leaks' },
    { kind: 'flatten', imageId: 'a', verify: false },
    { kind: 'flatten', imageId: 'a', verify: false, trashOverlay: true },
    { kind: 'commit', imageId: 'a', verify: true, accepted: ['b'] },
    { kind: 'measure', imageId: 'a', compareWithBase: true },
    { kind: 'rebase', imageId: 'a', base: { kind: 'none' }, namesOnly: false },
    { kind: 'rebase', imageId: 'a', base: { kind: 'image', id: 'b' }, namesOnly: false },
    {
      kind: 'rebase',
      imageId: 'a',
      base: { kind: 'picked', grant: 'g' },
      namesOnly: true,
      unproven: true,
    },
    { kind: 'export', imageId: 'a', targetGrant: 'g', verify: true },
  ],
  'job.cancel': [{ id: 'a' }],
  'job.pause': [{ id: 'a' }],
  'job.resume': [{ id: 'a' }],
  'job.goOn': [{ id: 'a' }],
  'job.clear': [{ ids: ['a'] }],
  'export.list': [undefined],
  'export.start': [
    { imageId: 'a', readOnly: true, place: { kind: 'socket' } },
    { imageId: 'a', readOnly: false, place: { kind: 'tcp', port: 0 } },
    { imageId: 'a', readOnly: false, place: { kind: 'tcp', port: 65_535 } },
  ],
  'export.stop': [{ id: 'a' }],
  'export.planSnapshot': [{ id: 'a', name: 'b.add-cow', imageFileName: 'b.raw' }],
  'export.takeSnapshot': [{ id: 'a', name: 'b.add-cow', imageFileName: 'b.raw' }],
  'export.flatten': [{ id: 'a' }, { id: 'a', bytesPerSecond: 1 }],
  'export.stopFlatten': [{ id: 'a' }],
  'export.grow': [{ id: 'a', size: 1024 }],
  'export.startQemu': [{ id: 'a', throwAway: true }],
  'settings.change': [
    {},
    { theme: 'dark' },
    { theme: 'contrast', units: 'decimal' },
    { simultaneousJobs: 4, verifyByDefault: false },
    { cacheMiB: 64, notify: false },
  ],
}

const accepts = (name: CommandName, request: unknown): boolean =>
  requestSchemas[name].safeParse(request).success

const jobWithName = (name: string): unknown => ({
  kind: 'create',
  baseId: 'a',
  name,
  imageFileName: 'x.raw',
})

describe.each(COMMAND_NAMES)('the request of %s', (name) => {
  test('is accepted as the window makes it', () => {
    for (const request of good[name]) expect(accepts(name, request)).toBe(true)
  })

  test('is refused as anything else', () => {
    const isEmptyRequest = (value: unknown): boolean =>
      ['library.rescan', 'settings.change'].includes(name) &&
      JSON.stringify(value) === '{}' &&
      !Array.isArray(value)
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fc.pre(value !== undefined && !isEmptyRequest(value))
        expect(accepts(name, value)).toBe(false)
      }),
    )
  })

  test('is refused with one key more, one less, or one of another type', () => {
    for (const request of good[name]) {
      if (request === undefined) continue
      expect(accepts(name, { ...request, path: '/etc/passwd' })).toBe(false)
      for (const key of Object.keys(request)) {
        expect(accepts(name, { ...request, [key]: Symbol.iterator })).toBe(false)
        expect(accepts(name, { ...request, [key]: undefined })).toBe(false)
      }
    }
  })
})

describe('the name of a new file', () => {
  test.each([
    '',
    '.',
    '..',
    'a/b',
    '/a',
    '../a',
    'a\\b',
    'a\0b',
    'a'.repeat(256),
    'ü'.repeat(128),
    '\ud800',
  ])('cannot be %j', (name) => {
    expect(accepts('job.start', jobWithName(name))).toBe(false)
  })

  test('can be as long as a file system takes, in bytes', () => {
    for (const name of ['a'.repeat(255), 'ü'.repeat(127), '€'.repeat(85), '😀'.repeat(63)]) {
      expect(accepts('job.start', jobWithName(name))).toBe(true)
      expect(accepts('job.start', jobWithName(`${name}😀`))).toBe(false)
    }
  })

  test('never leads out of its folder, whatever it is', () => {
    const piece = fc.constantFrom('.', '..', '/', '\\', '\0', 'a', ':', ' ', 'ü', '~')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const name = pieces.join('')
        if (!accepts('job.start', jobWithName(name))) return
        expect(name).not.toMatch(/[/\\\0]|^\.{0,2}$/)
      }),
    )
  })
})

test.each([-1, 0.5, 2 ** 53, Number.NaN, Infinity])('a size cannot be %d', (size) => {
  const request = { kind: 'resize', imageId: 'a', size, shrink: false }
  expect(accepts('job.start', request)).toBe(false)
})

test('ids cannot be without end', () => {
  const ids = Array.from({ length: 100_001 }, () => 'a')
  expect(accepts('library.forget', { ids })).toBe(false)
  expect(accepts('library.forget', { ids: ['a'.repeat(65)] })).toBe(false)
  expect(accepts('library.forget', { ids: [''] })).toBe(false)
})

test.each([0, 65, 1.5, '4'])('the memory of a bitmap cannot be %j MiB', (value) => {
  expect(accepts('settings.change', { cacheMiB: value })).toBe(false)
})

test.each([0, 5, 1.5, '1'])('the number of jobs at the same time cannot be %j', (value) => {
  expect(accepts('settings.change', { simultaneousJobs: value })).toBe(false)
})

test.each([-1, 65_536, 1.5, '10809'])('an export cannot listen on port %j', (port) => {
  const place = { kind: 'tcp', port }
  expect(accepts('export.start', { imageId: 'a', readOnly: true, place })).toBe(false)
})

test.each(['', '..', 'a/b', '/etc/passwd'])('a snapshot cannot be called %j', (name) => {
  const request = { id: 'a', name, imageFileName: 'b.raw' }
  expect(accepts('export.takeSnapshot', request)).toBe(false)
  const turned = { id: 'a', name: 'b.add-cow', imageFileName: name }
  expect(accepts('export.takeSnapshot', turned)).toBe(false)
})

test('nobody but the main process says where the socket of an export lies', () => {
  const place = { kind: 'socket', path: '/tmp/x' }
  expect(accepts('export.start', { imageId: 'a', readOnly: true, place })).toBe(false)
})
