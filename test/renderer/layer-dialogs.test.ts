import { afterEach, describe, expect, test, vi } from 'vitest'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import type { WindowJobPlan, WindowJobRequest } from '../../electron/contract/jobs'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, problem, rawImage } from '../support/fake-library'
import {
  PLAN_PAUSE,
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  settle,
} from './support/mount-window'

const base = rawImage('base', 'base.raw', { usedBy: 2 })
const image = overlay('vm', 'vm.add-cow', base)
const sibling = overlay('other', 'other-vm.add-cow', base)
const above = overlay('above', 'on-vm.add-cow', image)
const lost = overlay('lost', 'lost.add-cow', '/gone/base.raw', {
  state: 'base-missing',
  problem: problem('chain/backing-missing', 'missing', '/srv/overlays/lost.add-cow'),
})
let bridge: FakeBridge

async function open(images = [base, image, lost]): Promise<void> {
  bridge = new FakeBridge({ images })
  await mountWindow(bridge)
}

async function show(kind: 'commit' | 'rebase' | 'locate' | 'flatten', imageId: string) {
  useDialogs().show({ kind, imageId })
  await vi.waitFor(() => expect(allByRole('dialog')).not.toHaveLength(0), { timeout: 30_000 })
  await settle(PLAN_PAUSE)
}

/** Lets plans say that a base is another one, until one says "anyway". */
function differs(): void {
  const plan: WindowJobPlan = {
    ...{ kind: 'rebase', problems: [], warnings: [], files: [] },
    ...{ bytesToCopy: 0, spaceNeeded: 0, commandLine: 'add-cow-img rebase -u' },
  }
  const other = problem('chain/base-differs', 'another base', '/srv/overlays/lost.add-cow')
  bridge.answer('job.plan', (request: WindowJobRequest) => {
    const anyway = request.kind === 'rebase' && request.unproven === true
    return anyway ? { ...plan, unproven: true } : { ...plan, problems: [other] }
  })
}

const started = (): unknown[] => bridge.requestsOf('job.start')

describe('committing', () => {
  test('names what is lost, has the focus on Cancel, and verifies by default', async () => {
    await open()
    await show('commit', 'vm')
    const dialog = byRole('dialog', 'Commit vm.add-cow into its base')
    expect(dialog.getAttribute('role')).toBe('alertdialog')
    expect(dialog.textContent).toContain('is overwritten, and cannot be had back')
    expect(dialog.textContent).toContain('No other image in the list reads this base')
    expect(dialog.textContent).toContain('add-cow-img commit --verify')
    expect(dialog.textContent).toContain('Given back: up to')
    expect(document.activeElement).toBe(byRole('button', 'Cancel'))
    await click(byRole('button', 'Commit'))
    expect(started()).toEqual([{ kind: 'commit', imageId: 'vm', verify: true, accepted: [] }])
    expect(allByRole('dialog')).toEqual([])
  })

  test('that breaks others lists them and wants a yes', async () => {
    await open([base, image, sibling])
    await show('commit', 'vm')
    expect(byRole('dialog').textContent).toContain('/srv/overlays/other-vm.add-cow')
    const commit = byRole('button', 'Commit and break one image')
    expect(isDisabled(commit)).toBe(true)
    await click(commit)
    expect(started()).toEqual([])
    await click(byRole('checkbox', 'Break this image'))
    await click(commit)
    expect(started()).toEqual([
      { kind: 'commit', imageId: 'vm', verify: true, accepted: ['other'] },
    ])
  })

  test('asks anew when the images that it would break are others', async () => {
    await open([base, image, sibling])
    await show('commit', 'vm')
    await click(byRole('checkbox', 'Break this image'))
    bridge.change(overlay('third', 'third.add-cow', base))
    await click(byRole('checkbox', 'Verify afterwards'))
    await settle(PLAN_PAUSE)
    expect(isDisabled(byRole('button', 'Commit and break 2 images'))).toBe(true)
  })
})

describe('rebasing', () => {
  test('copies what differs onto an image of the list', async () => {
    await open([base, image, sibling, above, rawImage('new', 'new.raw')])
    await show('rebase', 'vm')
    expect(isDisabled(byRole('button', 'Put on the new base'))).toBe(true)
    const input = byRole('combobox')
    input.focus()
    input.click()
    await settle()
    const options = allByRole('option').map((one) => one.textContent)
    expect(options.some((one) => one.includes('new.raw'))).toBe(true)
    expect(options.filter((one) => one.includes('vm.add-cow'))).toEqual([
      expect.stringContaining('other-vm.add-cow'),
    ])
  })

  test('takes the base away without choosing another', async () => {
    await open()
    await show('rebase', 'vm')
    await click(byRole('radio', 'No base any more'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain("add-cow-img rebase --verify -b ''")
    await click(byRole('button', 'Take the base away'))
    expect(started()).toEqual([
      { kind: 'rebase', imageId: 'vm', base: { kind: 'none' }, namesOnly: false, verify: true },
    ])
  })

  test('by names says whether it is the base, and runs in the dialog', async () => {
    await open()
    await show('rebase', 'vm')
    await click(byRole('radio', 'The base was moved'))
    await click(byRole('button', 'Choose a file…'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('This is the base: its size and samples')
    await click(byRole('button', 'Change the name'))
    const picked = { kind: 'picked', grant: 'grant-3' }
    expect(started()).toEqual([{ kind: 'rebase', imageId: 'vm', base: picked, namesOnly: true }])
    bridge.moveJob('job-1', { status: 'done', result: { kind: 'rebase', path: '/vm' } })
    await settle()
    expect(allByRole('dialog')).toEqual([])
  })
})

describe('locating a base', () => {
  test('begins with the file, and takes one that is proved', async () => {
    await open()
    await show('locate', 'lost')
    const dialog = byRole('dialog', 'Locate the base of lost.add-cow')
    expect(dialog.textContent).toContain('/gone/base.raw')
    expect(document.activeElement).toBe(byRole('button', 'Choose…'))
    expect(isDisabled(byRole('button', 'Use this base'))).toBe(true)
    await click(byRole('button', 'Choose…'))
    await settle(PLAN_PAUSE)
    expect(dialog.textContent).toContain('This is the base')
    await click(byRole('button', 'Use this base'))
    bridge.moveJob('job-1', { status: 'done', result: { kind: 'rebase', path: '/lost' } })
    await settle()
    expect(pageText()).toContain('lost.add-cow stands on windows-2022-base.raw now')
  })

  test('takes another base only after it was said what that means', async () => {
    await open()
    differs()
    await show('locate', 'lost')
    await click(byRole('button', 'Choose…'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('This is not the base that the overlay was last seen on')
    expect(pageText()).toContain('File systems on the disk would most likely be damaged')
    const use = allByRole('button', 'Use it anyway').at(-1) ?? document.body
    expect(isDisabled(use)).toBe(true)
    byRole('dialog').querySelector('form')?.dispatchEvent(new Event('submit'))
    expect(started()).toEqual([])
    await click(byRole('checkbox', 'Use it anyway'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('would most likely be damaged')
    await click(use)
    expect(started()).toMatchObject([{ namesOnly: true, unproven: true }])
  })

  test('forgets the "anyway" with the choice of another file', async () => {
    await open()
    differs()
    await show('locate', 'lost')
    await click(byRole('button', 'Choose…'))
    await settle(PLAN_PAUSE)
    await click(byRole('checkbox', 'Use it anyway'))
    await settle(PLAN_PAUSE)
    bridge.answer('dialog.pickBase', () => ({ id: 'grant-9', path: '/other.raw' }))
    await click(byRole('button', 'Change…'))
    await settle(PLAN_PAUSE)
    expect(byRole('checkbox', 'Use it anyway').getAttribute('aria-checked')).toBe('false')
    expect(bridge.requestsOf('job.plan').at(-1)).not.toHaveProperty('unproven')
  })

  test('says where nothing is remembered to prove it by', async () => {
    await open()
    bridge.answer('job.plan', () => ({
      ...{ kind: 'rebase', problems: [], warnings: [], files: [], unproven: true },
      ...{ bytesToCopy: 0, spaceNeeded: 0, commandLine: '' },
    }))
    await show('locate', 'lost')
    await click(byRole('button', 'Choose…'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('What the base was is not remembered')
    expect(isDisabled(byRole('button', 'Use this base'))).toBe(false)
  })

  test('is offered where the base is missing, for the layer that lost it', async () => {
    const on = overlay('on', 'on-lost.add-cow', lost, {
      state: 'base-missing',
      ...(lost.problem && { problem: lost.problem }),
    })
    await open([lost, on])
    useView().select('on')
    await settle()
    await click(byRole('button', 'Locate the base…'))
    expect(byRole('dialog', 'Locate the base of lost.add-cow')).toBeTruthy()
  })
})

describe('the trash after a flatten', () => {
  test('is asked for only with a tick', async () => {
    await open()
    await show('flatten', 'vm')
    await click(byRole('checkbox', 'Then move vm.add-cow to the trash'))
    await click(allByRole('button', 'Flatten').at(-1) ?? document.body)
    expect(started()).toEqual([
      { kind: 'flatten', imageId: 'vm', verify: true, trashOverlay: true },
    ])
  })

  test('is not offered where others stand on the file', async () => {
    await open([base, image, above])
    await show('flatten', 'vm')
    expect(allByRole('checkbox')).toHaveLength(1)
    expect(pageText()).toContain('One overlay stands on vm.add-cow, so its file has to stay.')
  })
})

test('from each way to bring layers together there is a way to the others', async () => {
  await open()
  await show('flatten', 'vm')
  byRole('button', 'Another way').dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }),
  )
  await settle()
  const entries = allByRole('menuitem').map((one) => one.textContent.trim())
  expect(entries).toEqual([
    'Export to a new raw file…',
    'Export as a qcow2 overlay…',
    'Commit into the base…',
    'Put on another base…',
  ])
  await click(allByRole('menuitem', 'Commit into the base…')[0] ?? document.body)
  await settle(PLAN_PAUSE)
  expect(byRole('dialog', 'Commit vm.add-cow into its base')).toBeTruthy()
  expect(document.activeElement).toBe(byRole('button', 'Cancel'))
})

describe('the history of an image', () => {
  test('says what was done, when, and how it ended, also of what was cleared', async () => {
    await open()
    const common = { path: '/srv/overlays/vm.add-cow', imageId: 'vm', startedAt: 1000 }
    bridge.emit('job.changed', {
      ...common,
      ...{ id: 'a', kind: 'export', status: 'done', createdAt: 1, endedAt: 9000, cleared: true },
      target: '/out.raw',
      result: { kind: 'export', path: '/out.raw', bytesCopied: 1024 },
    })
    bridge.emit('job.changed', {
      ...common,
      ...{ id: 'b', kind: 'flatten', status: 'interrupted', createdAt: 2, canGoOn: true },
    })
    useView().select('vm')
    useView().tab = 'history'
    await settle()
    const list = byRole('list', 'What was done to this image')
    const [first, second] = [...list.querySelectorAll('li')].map((one) => one.textContent)
    expect(first).toContain('Flattened')
    expect(first).toContain('The overlay is whole and usable.')
    expect(second).toContain('Exported')
    expect(second).toContain('to /out.raw')
    expect(second).toContain('1 KiB copied')
    await click(byRole('button', 'Go on: Flatten vm.add-cow'))
    expect(bridge.requestsOf('job.goOn')).toEqual([{ id: 'b' }])
  })
})

describe('what other jobs would take', () => {
  test('is measured on request, and shown until the image changes', async () => {
    await open()
    useView().select('vm')
    await settle()
    await click(byRole('checkbox', 'Also look for what equals the base'))
    await click(byRole('button', 'Measure'))
    expect(started()).toEqual([{ kind: 'measure', imageId: 'vm', compareWithBase: true }])
    const cost = { bytesToCopy: 2048, spaceNeeded: 1024, spaceFreed: 512 }
    const measure = { virtualSize: 4096, flatten: cost, export: cost, equalToBase: 3072 }
    bridge.moveJob('job-1', {
      status: 'done',
      endedAt: Date.now(),
      result: { kind: 'measure', path: '/vm', measure },
    })
    await settle()
    const table = document.querySelector('table')?.textContent ?? ''
    for (const part of ['Flatten', 'Export', '2 KiB', '1 KiB', '512 B'])
      expect(table).toContain(part)
    expect(table).not.toContain('Commit')
    expect(pageText()).toContain('3 KiB')
    expect(pageText()).not.toContain('has changed since')
    bridge.change({ ...image, modifiedAt: Date.now() + 1000 })
    await settle()
    expect(pageText()).toContain('The image has changed since.')
    expect(vi.isFakeTimers()).toBe(false)
  })
})

// a dialog that goes gives the focus back a moment later, which would be outside of the next one
afterEach(() => settle(20))
