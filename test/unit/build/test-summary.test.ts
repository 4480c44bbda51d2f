import { expect, test } from 'vitest'
import { closingLine, flakyLines, notSelected, skipLines } from '../../../build/lib/test-summary'

const summary = {
  passed: 12,
  failed: 0,
  skipped: 4,
  skips: [
    { test: 'interop: a', reason: 'fio is not installed' },
    { test: 'unit: b', reason: notSelected },
    { test: 'interop: c', reason: 'fio is not installed' },
    { test: 'unit: d', reason: notSelected },
  ],
  flaky: ['e2e: e'],
}

test('the last line of a run counts its tests', () => {
  expect(closingLine(summary)).toBe('12 passed, 0 failed, 4 skipped')
})

test('each reason to skip is told once, with the tests it kept from running', () => {
  expect(skipLines(summary)).toEqual([
    'Skipped, because fio is not installed:',
    '  interop: a',
    '  interop: c',
    'Skipped, because it was not selected:',
    '  2 tests',
  ])
})

test('tests that passed only when run again are named', () => {
  expect(flakyLines(summary)).toEqual(['Passed only when run again:', '  e2e: e'])
  expect(flakyLines({ ...summary, flaky: [] })).toEqual([])
})
