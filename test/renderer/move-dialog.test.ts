import { afterEach, describe, expect, test } from 'vitest'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useLibrary } from '../../renderer/stores/library.store'
import { copyNames, imageNameBeside } from '../../renderer/modules/move/names'
import { obstacle } from '../../renderer/modules/image/image-actions'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import {
  PLAN_PAUSE,
  allByRole,
  byLabel,
  byRole,
  click,
  isDisabled,
  mountWindow,
  settle,
  type,
} from './support/mount-window'

const base = rawImage('base', 'base.raw', { usedBy: 2 })
const image = overlay('vm', 'vm.add-cow', base, { imageName: 'vm-data.img' })
const above = overlay('above', 'on-vm.add-cow', image)
let bridge: FakeBridge

async function open(images = [base, image]): Promise<void> {
  bridge = new FakeBridge({ images })
  await mountWindow(bridge)
  useDialogs().show({ kind: 'move', imageId: 'vm' })
  await settle(PLAN_PAUSE)
}

async function press(button: string): Promise<void> {
  await click(byRole('button', button))
  await settle(PLAN_PAUSE)
}

async function choose(option: string): Promise<void> {
  await click(byRole('radio', option))
  await settle(PLAN_PAUSE)
}

const started = (): unknown[] => bridge.requestsOf('job.start')
const common = { kind: 'move', imageId: 'vm', accepted: [] }
const present = { name: 'vm.add-cow', imageFileName: 'vm-data.img' }

// a dialog that goes gives the focus back a moment later, which would be outside of the next one
afterEach(() => settle(2 * PLAN_PAUSE))

describe('moving', () => {
  test('keeps the names, and takes both files to the folder that was picked', async () => {
    await open()
    const dialog = byRole('dialog', 'Move or copy vm.add-cow')
    expect(document.activeElement).toBe(byRole('button', 'Change…'))
    bridge.answer('dialog.pickFolder', () => ({ id: 'grant-7', path: '/srv/picked' }))
    await press('Change…')
    expect(dialog.textContent).toContain('add-cow-img move /srv/overlays/vm.add-cow /srv/picked/')
    await press('Move overlay')
    const request = { ...common, ...present, copy: false, names: 'relative' }
    expect(started()).toEqual([{ ...request, folderGrant: 'grant-7' }])
    expect(allByRole('dialog')).toEqual([])
  })

  test('to nowhere changes only how names are stored, and says so', async () => {
    await open()
    await choose('Absolute')
    expect(byRole('dialog').textContent).toContain('the overlay file alone can be moved')
    await press('Change the names')
    expect(started()).toEqual([{ ...common, ...present, copy: false, names: 'absolute' }])
  })

  test('names who would lose its base, and wants a yes', async () => {
    await open([base, image, above])
    await press('Change…')
    await type(byLabel('Name'), 'web.add-cow')
    expect(byRole('dialog').textContent).toContain('/srv/overlays/on-vm.add-cow')
    const move = byRole('button', 'Move away from one overlay')
    expect(isDisabled(move)).toBe(true)
    byRole('dialog').querySelector('form')?.dispatchEvent(new Event('submit'))
    await click(move)
    expect(started()).toEqual([])
    await click(byRole('checkbox', 'Leave this overlay without its base'))
    await click(move)
    expect(started()).toMatchObject([{ name: 'web.add-cow', accepted: ['above'] }])
  })

  test('does not begin with a name that cannot be one', async () => {
    await open()
    await type(byLabel('Name'), 'a/b')
    expect(byRole('dialog').textContent).toContain('A name only, without a folder.')
    await type(byLabel('Name'), 'web.add-cow')
    expect(byLabel('Image file').value).toBe('web.img')
    await type(byLabel('Image file'), 'web.add-cow')
    expect(byRole('dialog').textContent).toContain('Both files need a name of their own.')
    expect(isDisabled(byRole('button', 'Move overlay'))).toBe(true)
    await click(byRole('button', 'Move overlay'))
    expect(started()).toEqual([])
  })
})

describe('copying', () => {
  test('proposes names that are free beside the original, and breaks nobody', async () => {
    await open([base, image, above, overlay('c', 'vm-copy.add-cow', base)])
    await choose('Copy')
    expect(byLabel('Name').value).toBe('vm-copy-2.add-cow')
    expect(byLabel('Image file').value).toBe('vm-data-copy-2.img')
    expect(allByRole('checkbox')).toEqual([])
    await press('Copy overlay')
    expect(started()).toMatchObject([{ copy: true, name: 'vm-copy-2.add-cow', accepted: [] }])
  })

  test('leaves a name alone that was typed', async () => {
    await open()
    await type(byLabel('Name'), 'mine.add-cow')
    await choose('Copy')
    expect(byLabel('Name').value).toBe('mine.add-cow')
    expect(byLabel('Image file').value).toBe('mine.img')
  })
})

test('an overlay is moved whether its base is there or not, a plain disk is not', async () => {
  await open()
  const lost = { ...image, state: 'base-missing' } as const
  expect(obstacle('move', lost, undefined)).toBeUndefined()
  expect(obstacle('move', { ...image, state: 'data-missing' }, undefined)).toBe('data-missing')
  expect(obstacle('move', useLibrary().get('base'), undefined)).toBe('not-overlay')
})

test('names of copies keep their suffixes, or have none', () => {
  const names = { name: 'vm', imageName: 'vm.raw' }
  expect(copyNames(names, new Set())).toEqual({ name: 'vm-copy', imageName: 'vm-copy.raw' })
  expect(copyNames(names, new Set(['vm-copy.raw']))).toMatchObject({ name: 'vm-copy-2' })
  expect(imageNameBeside('web.add-cow', names)).toBe('web.raw')
  expect(imageNameBeside('vm', names)).toBe('vm.raw')
})
