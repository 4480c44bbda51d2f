import { beforeEach, describe, expect, test } from 'vitest'
import { GIB } from '../../engine/base/units'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay } from '../support/fake-library'
import {
  allByRole,
  byLabel,
  byRole,
  click,
  isDisabled,
  mountWindow,
  PLAN_PAUSE,
  pageText,
  settle,
  type,
} from './support/mount-window'

const image = overlay('vm', 'vm.add-cow', '/srv/images/base.raw', { virtualSize: 20 * GIB })
let bridge: FakeBridge

beforeEach(async () => {
  bridge = new FakeBridge({ images: [image] })
  await mountWindow(bridge)
  useView().select('vm')
  await settle()
  await click(byRole('button', 'Resize'))
})

describe('growing', () => {
  test('takes a size or a change, and names both sizes', async () => {
    await type(byLabel('New virtual size'), '+5 GiB')
    expect(bridge.requestsOf('job.plan').at(-1)).toEqual({
      kind: 'resize',
      imageId: 'vm',
      size: 25 * GIB,
      shrink: false,
    })
    expect(pageText()).toContain('Virtual size: 20 GiB → 25 GiB')
    const grow = byRole('button', 'Grow to 25 GiB')
    expect(isDisabled(grow)).toBe(false)
  })

  test.each([
    ['12G', 'To cut off data, use “Cut off data…”.'],
    ['20G', 'This is the present size.'],
    ['large', 'Not a size.'],
    ['-30G', 'Not a size.'],
  ])('does not take %s', async (typed, words) => {
    await type(byLabel('New virtual size'), typed)
    expect(pageText()).toContain(words)
    expect(isDisabled(byRole('button', 'Grow'))).toBe(true)
    expect(bridge.requestsOf('job.plan')).toEqual([])
  })

  test('closes when it is done', async () => {
    await type(byLabel('New virtual size'), '30G')
    await click(byRole('button', 'Grow to 30 GiB'))
    expect(byRole('button', 'Resizing…')).toBeTruthy()
    bridge.moveJob('job-1', { status: 'done' })
    await settle()
    expect(allByRole('dialog')).toEqual([])
  })
})

describe('cutting off', () => {
  beforeEach(async () => {
    await click(byRole('button', 'Cut off data…'))
    await settle(PLAN_PAUSE)
  })

  test('has the focus on Cancel, and tells where the last data is', () => {
    expect(byRole('dialog').getAttribute('role')).toBe('alertdialog')
    expect(document.activeElement).toBe(byRole('button', 'Cancel'))
    expect(pageText()).toContain('Last allocated byte 16 GiB')
  })

  test('names the loss and wants the new size typed again', async () => {
    await type(byLabel('New virtual size'), '10G')
    expect(pageText()).toContain(
      '6 GiB of allocated data behind the new end will be lost for good.',
    )
    const cut = byRole('button', 'Cut off 10 GiB')
    expect(isDisabled(cut)).toBe(true)
    await click(cut)
    expect(bridge.requestsOf('job.start')).toEqual([])

    await type(byLabel('Type the new size again to confirm'), '11G')
    expect(isDisabled(cut)).toBe(true)
    await type(byLabel('Type the new size again to confirm'), '10 GiB')
    expect(isDisabled(cut)).toBe(false)
    await click(cut)
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'resize', imageId: 'vm', size: 10 * GIB, shrink: true },
    ])
  })

  test('wants it typed anew after the size was changed', async () => {
    await type(byLabel('New virtual size'), '10G')
    await type(byLabel('Type the new size again to confirm'), '10G')
    await type(byLabel('New virtual size'), '9G')
    expect(byLabel('Type the new size again to confirm').value).toBe('')
    expect(isDisabled(byRole('button', 'Cut off 11 GiB'))).toBe(true)
  })

  test('is never done by Enter in a field', async () => {
    await type(byLabel('New virtual size'), '10G')
    await type(byLabel('Type the new size again to confirm'), '10G')
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(bridge.requestsOf('job.start')).toEqual([])
  })

  test('says so where nothing is lost', async () => {
    await type(byLabel('New virtual size'), '17G')
    expect(pageText()).toContain('No allocated data lies behind the new end.')
  })

  test('leads back to growing', async () => {
    await click(byRole('button', 'Back to growing'))
    expect(byRole('dialog', 'Resize vm.add-cow')).toBeTruthy()
  })
})
