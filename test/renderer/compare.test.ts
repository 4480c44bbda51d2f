import { afterEach, describe, expect, test, vi } from 'vitest'
import type { JobSnapshot } from '../../electron/contract/jobs'
import { KIB, MIB } from '../../engine/base/units'
import type { CompareResult } from '../../engine/model/job'
import { bothLines } from '../../renderer/modules/compare/both-lines'
import {
  BEYOND,
  DIFFERS,
  DifferenceMap,
  NOT_LISTED,
} from '../../renderer/modules/compare/difference-map'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import { Random } from '../support/random'
import {
  PLAN_PAUSE,
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  press,
  settle,
} from './support/mount-window'

function found(part: Partial<CompareResult> = {}): CompareResult {
  const ranges = [
    { offset: 4 * KIB, length: 512 },
    { offset: 64 * KIB, length: 96 * KIB },
    { offset: 700 * KIB, length: KIB },
  ]
  const differingBytes = ranges.reduce((sum, { length }) => sum + length, 0)
  const sizes = [MIB, MIB] as const
  const where = { ranges, firstDifference: 4 * KIB + 3 }
  return { identical: false, sizes, ...where, differingBytes, more: false, ...part }
}

describe('the map of a comparison', () => {
  /** Bytes of each kind in a part of the disk, one after the other. */
  function count(result: CompareResult, offset: number, length: number): number[] {
    const counts = new DifferenceMap(result).count(offset, length, 1)
    return [DIFFERS * 2, BEYOND * 2 + 1, NOT_LISTED * 2 + 1].map((slot) => counts[slot] ?? 0)
  }

  test('counts what differs in cells of any size', () => {
    expect(count(found(), 0, MIB)).toEqual([512 + 97 * KIB, 0, 0])
    expect(count(found(), 4 * KIB, 512)).toEqual([512, 0, 0])
    expect(count(found(), 128 * KIB, 64 * KIB)).toEqual([32 * KIB, 0, 0])
    expect(count(found(), 256 * KIB, 64 * KIB)).toEqual([0, 0, 0])
  })

  test('tells the end of the smaller disk, but for what differs there', () => {
    const result = found({ sizes: [512 * KIB, MIB] })
    expect(count(result, 512 * KIB, 512 * KIB)).toEqual([KIB, 511 * KIB, 0])
    expect(count(result, 0, 512 * KIB)).toEqual([512 + 96 * KIB, 0, 0])
  })

  test('does not call the same what is behind the last range that is listed', () => {
    const result = found({ more: true, sizes: [512 * KIB, MIB] })
    expect(count(result, 0, 512 * KIB)).toEqual([512 + 96 * KIB, 0, 0])
    expect(count(result, 512 * KIB, 512 * KIB)).toEqual([KIB, 188 * KIB, 323 * KIB])
  })

  test('has the same sums in every level, for many ranges as for few', () => {
    const random = new Random(1)
    const ranges: { offset: number; length: number }[] = []
    for (let at = 0; ranges.length < 5000;) {
      const length = 512 * random.between(1, 40)
      ranges.push({ offset: at, length })
      at += length + 512 * random.between(1, 4000)
    }
    const last = ranges.at(-1)
    const size = (last?.offset ?? 0) + (last?.length ?? 0) + 512
    const { map } = new DifferenceMap(found({ ranges, sizes: [size, size] }))
    const whole = ranges.reduce((sum, { length }) => sum + length, 0)
    expect(map.levels.length).toBeGreaterThan(4)
    for (const level of map.levels) {
      let sum = 0
      for (let slot = DIFFERS * 2; slot < level.length; slot += 6) sum += level[slot] ?? 0
      expect(sum).toBe(whole)
    }
  })

  test('finds ranges by place, and the next one before and behind', () => {
    const map = new DifferenceMap(found())
    expect(map.within(0, 128 * KIB)).toEqual({ count: 2, first: 0, bytes: 512 + 64 * KIB })
    expect(map.within(4 * KIB + 512, 512)).toEqual({ count: 0, first: 1, bytes: 0 })
    expect([0, 4 * KIB, 5 * KIB, 160 * KIB, 701 * KIB].map((at) => map.rangeFrom(at))).toEqual([
      0, 0, 1, 2, -1,
    ])
    expect([0, 4 * KIB, 4 * KIB + 1, 64 * KIB, MIB].map((at) => map.rangeBefore(at))).toEqual([
      -1, -1, 0, 0, 2,
    ])
  })
})

test('bytes of two disks stand side by side, and only what differs is marked', () => {
  const one = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0xab)
  const other = Uint8Array.of(1, 2, 9, 4, 5, 6, 7, 8, 0)
  const [first, second, ...rest] = bothLines(one, other, 0x1000)
  expect(rest).toEqual([])
  expect(first?.offset).toBe('1000')
  expect(first?.one.map(({ hex }) => hex).join(' ')).toBe('01 02 03 04 05 06 07 08')
  expect(first?.other.flatMap(({ differs }, n) => (differs ? [n] : []))).toEqual([2])
  expect(second?.other.map(({ hex }) => hex)).toEqual(['00', '  '])
  expect(second?.one.map(({ differs }) => differs)).toEqual([false, true])
})

const base = rawImage('base', 'base.raw', { virtualSize: MIB })
const image = overlay('vm', 'vm.add-cow', base)
const third = rawImage('third', 'third.raw')
let bridge: FakeBridge

async function open(show = true): Promise<void> {
  bridge = new FakeBridge({ images: [base, image, third] })
  await mountWindow(bridge)
  if (!show) return
  useDialogs().show({ kind: 'compare', imageId: 'vm', otherId: 'base' })
  await vi.waitFor(() => expect(allByRole('dialog')).not.toHaveLength(0), { timeout: 30_000 })
  await settle(PLAN_PAUSE)
}

async function end(part: Partial<JobSnapshot>): Promise<void> {
  bridge.moveJob('job-1', { endedAt: Date.now(), ...part })
  await settle()
}

async function endWith(compare: CompareResult): Promise<void> {
  await end({ status: 'done', result: { kind: 'compare', path: '/vm', compare } })
}

// a dialog that goes gives the focus back a moment later, which would be outside of the next one
afterEach(() => settle(2 * PLAN_PAUSE))

describe('comparing', () => {
  test('asks for the other image first, and never offers the image itself', async () => {
    await open(false)
    useDialogs().show({ kind: 'compare', imageId: 'vm' })
    await vi.waitFor(() => expect(allByRole('dialog')).not.toHaveLength(0), { timeout: 30_000 })
    await settle(PLAN_PAUSE)
    expect(isDisabled(byRole('button', 'Compare'))).toBe(true)
    const input = byRole('combobox')
    input.focus()
    input.click()
    await settle()
    const options = allByRole('option').map((one) => one.textContent)
    expect(options.some((one) => one.includes('third.raw'))).toBe(true)
    expect(options.some((one) => one.includes('vm.add-cow'))).toBe(false)
  })

  test('shows the command, runs in the dialog, and says that both are the same', async () => {
    await open()
    expect(byRole('dialog').textContent).toContain('add-cow-img compare /srv/overlays/vm.add-cow')
    await click(byRole('button', 'Compare'))
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'compare', imageId: 'vm', otherId: 'base' },
    ])
    await end({ status: 'running', progress: { phase: 'verifying', current: 1, total: 4 } })
    expect(allByRole('progressbar')).not.toHaveLength(0)
    const same = { identical: true, ranges: [], differingBytes: 0 }
    await endWith({ ...same, sizes: [MIB, 2 * MIB], more: false })
    const { textContent } = byRole('dialog')
    expect(textContent).toContain('vm.add-cow and base.raw read the same')
    expect(textContent).toContain('base.raw is longer by 1 MiB, which are all zeros')
    expect(allByRole('tab', 'Ranges')).toEqual([])
  })

  test('says where both differ first, and how much, and walks the ranges by keyboard', async () => {
    await open()
    await click(byRole('button', 'Compare'))
    await endWith(found())
    const dialog = byRole('dialog')
    expect(dialog.textContent).toContain('The first difference is at byte 4,099')
    expect(dialog.textContent).toContain('97.5 KiB differ, in 3 ranges')
    expect(dialog.textContent).toContain('Range 1 of 3: 512 B from byte 4,096')
    const tab = byRole('tab', 'Ranges')
    tab.focus()
    await settle()
    byRole('grid', 'Ranges').focus()
    await press('ArrowDown')
    expect(dialog.textContent).toContain('Range 2 of 3: 96 KiB from byte 65,536')
    await press('End')
    expect(dialog.textContent).toContain('Range 3 of 3')
    expect(isDisabled(byRole('button', 'Next difference'))).toBe(true)
    await click(byRole('button', 'Previous difference'))
    expect(dialog.textContent).toContain('Range 2 of 3')
    const rows = allByRole('row').filter((row) => row.getAttribute('aria-selected') === 'true')
    expect(rows.map((row) => row.getAttribute('aria-rowindex'))).toContain('3')
  })

  test('reads the bytes of both at a place', async () => {
    await open()
    bridge.answer('map.bytes', ({ id, length }) =>
      new Uint8Array(length).fill(0).map((_zero, n) => (n === 5 && id === 'vm' ? 0xee : 0)),
    )
    await click(byRole('button', 'Compare'))
    await endWith(found())
    byRole('tab', 'Bytes').focus()
    await settle()
    expect(bridge.requestsOf('map.bytes')).toEqual([
      { id: 'vm', offset: 4 * KIB, length: 512 },
      { id: 'base', offset: 4 * KIB, length: 512 },
    ])
    expect(pageText()).toContain('Sector 8: one byte differs')
    expect([...document.querySelectorAll('mark')].map((one) => one.textContent)).toEqual([
      'ee',
      '00',
    ])
    byRole('button', 'Next sector').focus()
    await press('PageDown')
    expect(pageText()).toContain('Sector 9:')
    await click(byRole('button', 'Previous sector'))
    expect(pageText()).toContain('Sector 8:')
  })

  test('tells of ranges that are not listed, and shows a result again from the list', async () => {
    await open()
    await click(byRole('button', 'Compare'))
    await endWith(found({ more: true }))
    expect(pageText()).toContain('The first 3 ranges are listed here')
    expect(pageText()).toContain('Differs in places that are not listed')
    await click(byRole('button', 'Close'))
    expect(allByRole('dialog')).toEqual([])
    useView().page = 'jobs'
    await settle(2 * PLAN_PAUSE)
    await click(byRole('button', 'Show what differs'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('The first 3 ranges are listed here')
  })

  test('of one that ended at an earlier start, only the verdict is left', async () => {
    await open(false)
    const ended = { status: 'done', createdAt: 1, endedAt: 2 } as const
    const compare = found({ ranges: [], more: true })
    bridge.jobs.set('old', {
      ...{ id: 'old', kind: 'compare', imageId: 'vm', otherId: 'base', path: '/vm' },
      ...{ target: '/srv/base.raw', result: { kind: 'compare', path: '/vm', compare } },
      ...ended,
    })
    bridge.moveJob('old', {})
    useView().page = 'jobs'
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('with /srv/base.raw')
    expect(pageText()).toContain('97.5 KiB differ')
    expect(allByRole('button', 'Show what differs')).toEqual([])
  })

  test('compares two that are selected, and no more than two', async () => {
    await open(false)
    const view = useView()
    view.marked = new Set(['vm', 'base'])
    await settle()
    await click(byRole('button', 'Compare both…'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('add-cow-img compare /srv/overlays/vm.add-cow')
    useDialogs().close()
    view.marked = new Set(['vm', 'base', 'third'])
    await settle()
    expect(isDisabled(byRole('button', 'Compare both…'))).toBe(true)
  })
})
