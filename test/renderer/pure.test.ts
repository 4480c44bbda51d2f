import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../engine/base/errors'
import { GIB, MIB } from '../../engine/base/units'
import { errorPath, errorReport, fileName } from '../../renderer/composables/use-error-text'
import { createFormat } from '../../renderer/format'
import { imageNameFor, nameProblem, proposeName, stem } from '../../renderer/modules/create/names'
import { fieldOf } from '../../renderer/modules/create/problem-fields'
import { HELP_ELSEWHERE, helpFor } from '../../renderer/modules/error/error-help'
import { obstacle } from '../../renderer/modules/image/image-actions'
import { fittingColumns } from '../../renderer/modules/library/columns'
import {
  ariaKeys,
  keyLabel,
  shortcutOf,
  SHORTCUTS,
  type ShortcutName,
} from '../../renderer/shortcuts'
import { messages } from '../../renderer/locales'
import { pathOf } from '../../renderer/stores/library.store'
import { splitText } from '../../renderer/ui/middle-text'
import { overlay, rawImage, richJobs } from '../support/fake-library'

describe('numbers', () => {
  const english = createFormat('en-GB')
  const german = createFormat('de-DE')

  test('are written as the language does', () => {
    expect(english.size(1.5 * GIB)).toBe('1.5 GiB')
    expect(german.size(1.5 * GIB)).toBe('1,5 GiB')
    expect(english.count(41_943_040)).toBe('41,943,040')
    expect(german.count(41_943_040)).toBe('41.943.040')
    expect(english.speed(210 * MIB)).toBe('210 MiB/s')
  })

  test('of bytes come in the units that are set, and never as a thousand of one', () => {
    const decimal = createFormat('de-DE', 'decimal')
    expect(decimal.size(20 * GIB)).toBe('21,5 GB')
    expect(decimal.size(999)).toBe('999 B')
    expect(decimal.size(999_499)).toBe('999 kB')
    expect(decimal.size(999_500)).toBe('1 MB')
    expect(decimal.size(4096 * 1024 * GIB)).toBe('4,5 PB')
    expect(decimal.speed(1_500_000)).toBe('1,5 MB/s')
    const exact = createFormat('en-GB', 'bytes')
    expect(exact.size(1.5 * GIB)).toBe('1,610,612,736 B')
    expect(exact.size(0)).toBe('0 B')
  })

  test('never say 0 or 100 percent where it is not so', () => {
    expect(english.percent(0, GIB)).toBe('0%')
    expect(english.percent(1, GIB)).toBe('< 0.1%')
    expect(english.percent(GIB - 1, GIB)).toBe('99.9%')
    expect(english.percent(GIB, GIB)).toBe('100%')
    expect(english.percent(0, 0)).toBe('0%')
  })

  test('say times in the units that matter', () => {
    expect(english.duration(0)).toBe('1 sec')
    expect(english.duration(59_400)).toBe('59 secs')
    expect(english.duration(60_000)).toBe('1 min')
    expect(english.duration(3_600_000)).toBe('1 hr')
    expect(english.duration(5_400_000)).toBe('1 hr 30 mins')
  })
})

describe('names of new files', () => {
  test('are counted in bytes', () => {
    expect(nameProblem('a'.repeat(255))).toBeUndefined()
    expect(nameProblem('a'.repeat(256))).toEqual({ kind: 'long', bytes: 256, limit: 255 })
    expect(nameProblem('ä'.repeat(128))).toEqual({ kind: 'long', bytes: 256, limit: 255 })
    expect(nameProblem('a\\b')).toEqual({ kind: 'separator' })
    expect(nameProblem('.')).toEqual({ kind: 'reserved' })
  })

  test('are proposed free of what is taken', () => {
    expect(proposeName('debian.raw', new Set())).toBe('debian-overlay.add-cow')
    const taken = new Set(['debian-overlay.add-cow', 'debian-overlay-2.raw'])
    expect(proposeName('debian.raw', taken)).toBe('debian-overlay-3.add-cow')
  })

  test('keep what is no suffix', () => {
    expect(stem('.hidden')).toBe('.hidden')
    expect(stem('a.tar.gz')).toBe('a.tar')
    expect(imageNameFor('disk')).toBe('disk.raw')
    expect(imageNameFor('')).toBe('')
  })
})

test('problems of a plan find their field', () => {
  const names = { name: 'vm.add-cow', imageFileName: 'vm.raw' }
  const field = (code: (typeof ERROR_CODES)[number], details: Record<string, string>): string =>
    fieldOf({ code, message: '', details }, names)
  expect(field('file/exists', { path: '/srv/vm.add-cow' })).toBe('name')
  expect(field('file/exists', { path: '/srv/vm.raw' })).toBe('imageFile')
  expect(field('file/not-a-file', { path: '/srv/vm.raw' })).toBe('imageFile')
  expect(field('chain/same-file', { path: '/srv/vm.add-cow', twice: '/srv/vm.raw' })).toBe(
    'imageFile',
  )
  expect(field('invalid-argument', { field: 'size' })).toBe('size')
  expect(field('invalid-argument', { field: 'image file name' })).toBe('imageFile')
  expect(field('file/missing', { path: '/srv' })).toBe('folder')
  expect(field('io/no-space', { path: '/srv' })).toBe('folder')
  expect(field('chain/backing-missing', { path: '/srv/base.add-cow' })).toBe('base')
  expect(field('internal', {})).toBe('general')
})

describe('errors', () => {
  test('name the file that is to blame', () => {
    const details = { path: '/srv/top.add-cow', backing: '/srv/base.raw' }
    expect(errorPath({ code: 'chain/backing-missing', message: '', details })).toBe('/srv/base.raw')
    expect(errorPath({ code: 'internal', message: '', details: {} })).toBeUndefined()
    expect(fileName('C:\\disks\\a.raw')).toBe('a.raw')
    expect(fileName('/srv/folder/')).toBe('folder')
  })

  test('are reported with all that is known', () => {
    const details = { path: '/x', needed: 5 }
    expect(errorReport({ code: 'io/no-space', message: 'Full', details, state: 'resumable' })).toBe(
      'Full\ncode: io/no-space\npath: /x\nneeded: 5\nstate: resumable',
    )
  })

  test.each(ERROR_CODES)('%s has one or two buttons that help, or help elsewhere', (code) => {
    expect(helpFor(code).length).toBeLessThanOrEqual(2)
    expect(helpFor(code).length === 0).toBe(HELP_ELSEWHERE[code] !== undefined)
  })
})

describe('what is in the way of an action', () => {
  const vm = overlay('vm', 'vm.add-cow', 'base.raw')
  const base = rawImage('base', 'base.raw')
  const [job] = richJobs()

  test('is named', () => {
    expect(obstacle('check', undefined, undefined)).toBe('select-first')
    expect(obstacle('new-overlay', undefined, undefined)).toBeUndefined()
    expect(obstacle('flatten', vm, undefined)).toBeUndefined()
    expect(obstacle('flatten', base, undefined)).toBe('not-overlay')
    expect(obstacle('resize', vm, job)).toBe('job-running')
    expect(obstacle('forget', vm, job)).toBe('job-running')
    expect(obstacle('show-in-folder', vm, job)).toBeUndefined()
    expect(obstacle('export', { ...vm, state: 'base-missing' }, undefined)).toBe('base-missing')
    expect(obstacle('check', { ...vm, state: 'base-missing' }, undefined)).toBeUndefined()
    expect(obstacle('new-overlay', { ...base, state: 'in-use' }, undefined)).toBe('in-use')
    expect(obstacle('forget', { ...base, state: 'missing' }, undefined)).toBeUndefined()
  })
})

test('columns give way in the order of need, name and state never', () => {
  const ids = (width: number): string[] => fittingColumns(width).map((column) => column.id)
  expect(ids(0)).toEqual(['name', 'state'])
  expect(ids(500)).toEqual(['name', 'state', 'allocated'])
  expect(ids(2000)).toHaveLength(8)
  for (let width = 0; width < 1200; width += 50)
    expect(ids(width + 50).length).toBeGreaterThanOrEqual(ids(width).length)
})

describe('long texts', () => {
  test('lose nothing when they are split', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const { head, tail } = splitText(text)
        return head + tail === text
      }),
    )
  })

  test('are not split inside of what people see as one character', () => {
    const family = '👨‍👩‍👧'
    const { tail } = splitText('a'.repeat(40) + family.repeat(12))
    expect(tail).toBe(family.repeat(tail.length / family.length))
  })
})

describe('keys', () => {
  const event = (key: string, part: Partial<KeyboardEventInit> = {}): KeyboardEvent =>
    new KeyboardEvent('keydown', { key, ...part })

  test('mean a shortcut only with just its modifiers', () => {
    expect(shortcutOf(event('k', { ctrlKey: true }), false)).toBe('check')
    expect(shortcutOf(event('k'), false)).toBeUndefined()
    expect(shortcutOf(event('k', { ctrlKey: true, altKey: true }), false)).toBeUndefined()
    expect(shortcutOf(event('k', { ctrlKey: true, shiftKey: true }), false)).toBeUndefined()
    expect(shortcutOf(event('O', { ctrlKey: true, shiftKey: true }), false)).toBe('add-folder')
    expect(shortcutOf(event('k', { metaKey: true }), true)).toBe('check')
    expect(shortcutOf(event('k', { ctrlKey: true }), true)).toBeUndefined()
    expect(shortcutOf(event('Delete'), false)).toBeUndefined()
  })

  test('are written as they stand on the keyboard', () => {
    const label = (name: ShortcutName, mac: boolean, language: 'en' | 'de'): string =>
      keyLabel(SHORTCUTS[name], mac, (word) => messages[language].keys.caps[word])
    expect(label('add-folder', false, 'en')).toBe('Ctrl+Shift+O')
    expect(label('add-folder', false, 'de')).toBe('Strg+Umschalt+O')
    expect(label('add-folder', true, 'en')).toBe('⇧⌘O')
    expect(label('forget', false, 'en')).toBe('Del')
    expect(label('rescan', false, 'de')).toBe('F5')
    expect(ariaKeys('search', false)).toBe('Control+F')
    expect(ariaKeys('search', true)).toBe('Meta+F')
  })
})

test('paths are written as their system does', () => {
  const image = rawImage('a', 'a.raw')
  expect(pathOf(image)).toBe('/srv/images/a.raw')
  expect(pathOf({ ...image, directory: '/' })).toBe('/a.raw')
  expect(pathOf({ ...image, directory: 'C:\\disks' })).toBe('C:\\disks\\a.raw')
})
