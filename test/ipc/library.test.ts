import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Events } from '../../electron/contract/commands'
import type { ImageId, ImageSummary } from '../../electron/contract/library'
import type { ImageRecord } from '../../electron/main/library/image-record'
import { Library } from '../../electron/main/library/library'
import { libraryFile } from '../../electron/main/stored-data'
import type { CheckResult, Finding } from '../../engine'
import { brokenScan, imageFileOf, markOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OVERLAY = '/disks/over.add-cow'

let told: Events['library.changed'][]
const onRecordsChange = vi.fn()
const onFormat = vi.fn()

function libraryOf(records: readonly ImageRecord[] = []): Library {
  return new Library({
    ...{ records, onRecordsChange, onFormat },
    onChange: (event) => told.push(event),
  })
}

function summary(library: Library, id: ImageId): ImageSummary | undefined {
  return library.summaries().find((image) => image.id === id)
}

/** What of a library survives in its file. */
function restarted(library: Library): Library {
  const stored: unknown = JSON.parse(JSON.stringify({ version: 1, images: library.records() }))
  return libraryOf(libraryFile.parse(stored).images)
}

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  onRecordsChange.mockReset()
  return () => vi.useRealTimers()
})

describe('an overlay and its base', () => {
  test('know each other, whoever comes first', () => {
    for (const overlayFirst of [true, false]) {
      const library = libraryOf()
      const add = [
        () => library.add(BASE, rawScan(BASE)),
        () => library.add(OVERLAY, overlayScan(OVERLAY, BASE)),
      ]
      for (const step of overlayFirst ? add.reverse() : add) step()
      const base = library.idOf(BASE) ?? ''
      const overlay = library.idOf(OVERLAY) ?? ''
      expect(summary(library, base)).toMatchObject({ usedBy: 1, state: 'ok' })
      expect(summary(library, overlay)).toMatchObject({ baseId: base, usedBy: 0, state: 'ok' })
    }
  })

  test('are told of when the other comes or goes', () => {
    const library = libraryOf()
    const overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    vi.runAllTimers()
    expect(told.at(-1)?.changed).toHaveLength(1)
    expect(told.at(-1)?.changed[0]).not.toHaveProperty('baseId')

    const base = library.add(BASE, rawScan(BASE))
    vi.runAllTimers()
    expect(told.at(-1)?.changed.find((image) => image.id === overlay)?.baseId).toBe(base)

    library.forget([base])
    vi.runAllTimers()
    expect(told.at(-1)).toMatchObject({ removed: [base], changed: [{ id: overlay }] })
    expect(summary(library, overlay)).not.toHaveProperty('baseId')
  })

  test('are both found by a file of the base, only one by a file of the overlay', () => {
    const library = libraryOf()
    const base = library.add(BASE, rawScan(BASE))
    const overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    expect(library.using([BASE])).toEqual(new Set([base, overlay]))
    expect(library.using([imageFileOf(OVERLAY)])).toEqual(new Set([overlay]))
    expect(library.using(['/disks/other'])).toEqual(new Set())
    expect(library.usingAny(new Set(), new Set(['/disks']))).toEqual(new Set([base, overlay]))
    expect(library.directories()).toEqual(new Set(['/disks']))
    expect(library.isImageFile(imageFileOf(OVERLAY))).toBe(true)
    expect(library.isImageFile(BASE)).toBe(false)
  })
})

describe('many changes at once', () => {
  test('are told together, but not too many', () => {
    const library = libraryOf()
    const paths = Array.from({ length: 1200 }, (_, n) => `/disks/${n}.raw`)
    const ids = paths.map((path) => library.add(path, rawScan(path)))
    vi.runAllTimers()
    expect(told.map((event) => event.changed.length)).toEqual([500, 500, 200])
    expect(told.flatMap((event) => event.changed.map((image) => image.id))).toEqual(ids)
  })
})

describe('after a restart', () => {
  test('everything is there at once, as it was, and waits for a scan', () => {
    const library = libraryOf()
    const id = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    const before = summary(library, id)
    expect(summary(restarted(library), id)).toEqual({ ...before, state: 'scanning' })
  })

  test('a check and what it left open are still known', () => {
    const library = libraryOf()
    const id = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    library.checked(id, 5, checkOf([finding('corruption')]))
    const next = restarted(library)
    next.scanned(id, { found: overlayScan(OVERLAY, BASE) }, false)
    expect(summary(next, id)?.state).toBe('needs-check')
    expect(next.record(id).lastCheck?.result.findings).toHaveLength(1)
  })

  test('a base that changed meanwhile is noticed', () => {
    const library = libraryOf()
    const id = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    const next = restarted(library)
    const changed = overlayScan(OVERLAY, BASE, {}, markOf({ modifiedAt: 2000, sample: 'xyz' }))
    next.scanned(id, { found: changed }, false)
    expect(summary(next, id)).toMatchObject({
      state: 'base-changed',
      problem: { code: 'file/changed', details: { path: BASE } },
    })
  })
})

describe('the state of an image', () => {
  let library: Library
  let id: ImageId
  beforeEach(() => {
    library = libraryOf()
    id = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
  })
  const stateAfter = (...scan: Parameters<typeof overlayScan>): string | undefined => {
    library.scanned(id, { found: overlayScan(...scan) }, false)
    return summary(library, id)?.state
  }

  test.each([
    ['file/missing', 'missing'],
    ['chain/data-missing', 'data-missing'],
    ['in-use', 'in-use'],
    ['chain/needs-consent', 'needs-consent'],
    ['format/corrupt', 'unreadable'],
    ['io/denied', 'unreadable'],
    ['internal', 'unreadable'],
  ] as const)('for the error %s is %s, and the last figures stay', (code, state) => {
    const error = { code, message: 'm', details: {} }
    library.scanned(id, { error }, false)
    expect(summary(library, id)).toMatchObject({ state, problem: error, virtualSize: 67108864 })
  })

  test('says when its base is missing, and when it is back', () => {
    library.scanned(id, { found: brokenScan(OVERLAY, BASE) }, false)
    expect(summary(library, id)).toMatchObject({ state: 'base-missing' })
    expect(stateAfter(OVERLAY, BASE)).toBe('ok')
  })

  test.each([{ size: 512 }, { sample: 'xyz' }, { modifiedAt: 2000 }])(
    'says when the base differs in %j',
    (part) => {
      expect(stateAfter(OVERLAY, BASE, {}, markOf(part))).toBe('base-changed')
      expect(stateAfter(OVERLAY, BASE, {}, markOf(part))).toBe('base-changed')
      expect(stateAfter(OVERLAY, BASE)).toBe('ok')
    },
  )

  test('does not depend on a base of which nothing is read any more', () => {
    const base = markOf({ sample: 'xyz' })
    expect(stateAfter(OVERLAY, BASE, { allocatedBytes: 67108864 }, base)).toBe('ok')
    expect(stateAfter(OVERLAY, BASE, { allAllocated: true }, base)).toBe('ok')
  })

  test('takes a new time of the base from our own jobs, but no new content', () => {
    const later = overlayScan(OVERLAY, BASE, {}, markOf({ modifiedAt: 2000 }))
    library.scanned(id, { found: later }, true)
    expect(summary(library, id)?.state).toBe('ok')
    library.scanned(id, { found: later }, false)
    expect(summary(library, id)?.state).toBe('ok')

    const other = overlayScan(OVERLAY, BASE, {}, markOf({ modifiedAt: 3000, sample: 'xyz' }))
    library.scanned(id, { found: other }, true)
    expect(summary(library, id)?.state).toBe('base-changed')
  })

  test('takes a new time of the base after a check that found its content the same', () => {
    expect(stateAfter(OVERLAY, BASE, {}, markOf({ modifiedAt: 2000 }))).toBe('base-changed')
    library.checked(id, 1500, checkOf([]))
    expect(stateAfter(OVERLAY, BASE, {}, markOf({ modifiedAt: 2000 }))).toBe('base-changed')
    library.checked(id, 2500, checkOf([]))
    expect(stateAfter(OVERLAY, BASE, {}, markOf({ modifiedAt: 2000 }))).toBe('ok')
  })

  test('forbids jobs on a base that turned into another format', () => {
    expect(library.obstacle(id)).toBeUndefined()
    const foreign = { ...markOf(), format: 'add-cow' } as const
    expect(stateAfter(OVERLAY, BASE, {}, foreign)).toBe('base-changed')
    expect(library.obstacle(id)).toMatchObject({ code: 'file/changed' })
    expect(stateAfter(OVERLAY, BASE, {}, markOf({ sample: 'xyz' }))).toBe('base-changed')
    expect(library.obstacle(id)).toBeUndefined()

    library.distrust(id, { code: 'io/failed', message: 'm', details: {} })
    expect(stateAfter(OVERLAY, BASE)).toBe('needs-check')
    expect(stateAfter(OVERLAY, BASE, {}, foreign)).toBe('base-changed')
    expect(library.obstacle(id)).toBeDefined()
  })

  test('is in use while a job writes to it, and as before afterwards', () => {
    vi.runAllTimers()
    library.setBusy(new Set([imageFileOf(OVERLAY)]))
    expect(summary(library, id)?.state).toBe('in-use')
    vi.runAllTimers()
    expect(told.at(-1)?.changed).toMatchObject([{ id, state: 'in-use' }])
    library.setBusy(new Set())
    vi.runAllTimers()
    expect(told.at(-1)?.changed).toMatchObject([{ id, state: 'ok' }])
  })

  test('asks for a check until one finds nothing open', () => {
    const why = { code: 'io/failed', message: 'm', details: {}, state: 'uncertain' } as const
    library.distrust(id, why)
    expect(stateAfter(OVERLAY, BASE)).toBe('needs-check')
    library.checked(id, 5, checkOf([finding('corruption'), finding('leak')]))
    expect(stateAfter(OVERLAY, BASE)).toBe('needs-check')
    library.checked(id, 6, checkOf([finding('leak'), { ...finding('corruption'), repaired: true }]))
    expect(stateAfter(OVERLAY, BASE)).toBe('ok')
  })
})

describe('what must survive a restart', () => {
  test('is announced only when it is different', () => {
    const library = libraryOf()
    const id = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
    onRecordsChange.mockReset()
    library.scanned(id, { found: overlayScan(OVERLAY, BASE) }, false)
    expect(onRecordsChange).not.toHaveBeenCalled()
    library.scanned(id, { found: overlayScan(OVERLAY, BASE, { allocatedBytes: 512 }) }, false)
    expect(onRecordsChange).toHaveBeenCalled()
  })
})

test('a forgotten image is unknown, and a late scan of it is dropped', () => {
  const library = libraryOf()
  const id = library.add(BASE, rawScan(BASE))
  library.forget([id, 'never seen'])
  library.scanned(id, { found: rawScan(BASE) }, false)
  expect(library.summaries()).toEqual([])
  expect(library.idOf(BASE)).toBeUndefined()
  expect(() => library.record(id)).toThrow('no longer in the library')
})

function finding(severity: Finding['severity']): Finding {
  return { code: 'bits-past-end', severity, message: 'm', details: {}, repaired: false }
}

function checkOf(findings: readonly Finding[]): CheckResult {
  return { path: OVERLAY, format: 'add-cow', findings, totalClusters: 1, allocatedClusters: 0 }
}
