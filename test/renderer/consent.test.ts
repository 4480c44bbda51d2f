import { describe, expect, test } from 'vitest'
import { EngineError } from '../../engine/base/errors'
import { wantedConsent } from '../../renderer/modules/error/consent'
import { obstacle } from '../../renderer/modules/image/image-actions'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { planOf } from '../support/fake-answers'
import { FakeBridge } from '../support/fake-bridge'
import { FOREIGN_BASE, overlay, problem, rawImage, richLibrary } from '../support/fake-library'
import {
  PLAN_PAUSE,
  allByRole,
  byRole,
  click,
  mountWindow,
  pageText,
  settle,
} from './support/mount-window'

const READ = 120
const asked = {
  ...problem('chain/needs-consent', 'It leads elsewhere', '/srv/vm.qcow2'),
  details: { path: '/srv/vm.qcow2', target: '/etc/shadow' },
}

async function select(id: string, tab?: string): Promise<FakeBridge> {
  const bridge = new FakeBridge({ images: richLibrary() })
  await mountWindow(bridge)
  useView().select(id)
  await settle(READ)
  if (tab !== undefined) {
    byRole('tab', tab).dispatchEvent(new MouseEvent('mousedown', { bubbles: true }))
    await settle(READ)
  }
  return bridge
}

describe('what an image wants opened elsewhere', () => {
  test.each(['Overview', 'Chain'])('is asked for with its whole name in %s', async (tab) => {
    const bridge = await select('elsewhere', tab)
    expect(pageText()).toContain('downloaded.qcow2 names something outside of its own folder')
    expect(pageText()).toContain(`It would connect to ${FOREIGN_BASE} `)
    expect(bridge.requestsOf('library.agree')).toEqual([])
    await click(byRole('button', 'Allow and open'))
    expect(bridge.requestsOf('library.agree')).toEqual([{ name: FOREIGN_BASE }])
  })

  test('is said where the yes could not be kept, and can be tried again', async () => {
    const bridge = await select('elsewhere')
    bridge.answer('library.agree', () => {
      throw new EngineError('io/no-space', 'The disk is full', { path: '/config' })
    })
    await click(byRole('button', 'Allow and open'))
    const dialog = byRole('dialog', 'The yes could not be remembered')
    expect(dialog.textContent).toContain('Try again')
  })

  test('is told apart by kind, and only that error asks', () => {
    const want = (target: string): unknown =>
      wantedConsent({ ...asked, details: { ...asked.details, target } })?.kind
    expect(want('nbd://host/disk')).toBe('network')
    expect(want('nbd+unix:///disk?socket=/run/nbd.sock')).toBe('socket')
    expect(want('/etc/shadow')).toBe('file')
    expect(want('C:\\base.raw')).toBe('file')
    expect(wantedConsent({ ...asked, code: 'file/missing' })).toBeUndefined()
  })

  test('is why nothing else can be done with the image', () => {
    const image = overlay('x', 'x.qcow2', '/b', { state: 'needs-consent', problem: asked })
    expect(obstacle('check', image, undefined)).toBe('needs-consent')
    expect(obstacle('forget', image, undefined)).toBeUndefined()
  })
})

describe('in a dialog', () => {
  test('a plan that waits for a yes is made again after it', async () => {
    const base = rawImage('base', 'base.raw')
    const image = overlay('vm', 'vm.add-cow', base)
    const bridge = new FakeBridge({ images: [base, image] })
    let agreed = false
    bridge.answer('library.agree', () => {
      agreed = true
      return undefined
    })
    bridge.answer('job.plan', (request) => ({
      ...planOf(request, image, bridge.images),
      problems: agreed ? [] : [asked],
    }))
    await mountWindow(bridge)
    useDialogs().show({ kind: 'flatten', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('/etc/shadow')
    await click(byRole('button', 'Allow and open'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).not.toContain('/etc/shadow')
    expect(bridge.requestsOf('job.plan')).toHaveLength(2)
  })

  test('what failed is tried again after the yes; Close has the focus', async () => {
    await mountWindow(new FakeBridge())
    let tries = 0
    useDialogs().fail({ error: asked, title: 'It failed', retry: () => (tries += 1) })
    await settle(READ)
    expect(document.activeElement).toBe(allByRole('button', 'Close').at(-1))
    await click(byRole('button', 'Allow and open'))
    expect(tries).toBe(1)
    expect(allByRole('dialog')).toEqual([])
  })
})

describe('what was allowed', () => {
  const names = ['nbd://host/disk', '/srv/elsewhere/base.img']

  async function openSettings(agreed: readonly string[]): Promise<FakeBridge> {
    const bridge = new FakeBridge()
    bridge.agreedNames = agreed
    await mountWindow(bridge)
    useView().page = 'settings'
    await settle(READ)
    return bridge
  }
  const listed = (): readonly (string | null)[] =>
    [...document.querySelectorAll('ul[aria-label="Allowed names"] .ui-middle-text')].map((name) =>
      name.getAttribute('title'),
    )

  test('is listed, and each can be taken back', async () => {
    const bridge = await openSettings(names)
    expect(listed()).toEqual([...names].sort())
    await click(byRole('button', 'Withdraw /srv/elsewhere/base.img'))
    await settle(READ)
    expect(bridge.requestsOf('library.withdraw')).toEqual([{ name: '/srv/elsewhere/base.img' }])
    expect(listed()).toEqual(['nbd://host/disk'])
    expect(document.activeElement).toBe(byRole('button', 'Withdraw nbd://host/disk'))
    await click(byRole('button', 'Withdraw nbd://host/disk'))
    await settle(READ)
    expect(pageText()).toContain('Nothing elsewhere was allowed.')
  })

  test('is listed a part at a time', async () => {
    await openSettings(Array.from({ length: 150 }, (_, n) => `/srv/${String(n).padStart(3, '0')}`))
    expect(listed()).toHaveLength(100)
    await click(byRole('button', 'Show 50 more'))
    expect(listed()).toHaveLength(150)
    expect(allByRole('button', /^Show /)).toEqual([])
  })

  test('stays where it could not be taken back, and it is said', async () => {
    const bridge = await openSettings(names)
    bridge.answer('library.withdraw', () => {
      throw new EngineError('invalid-argument', 'It was not agreed to', {})
    })
    await click(byRole('button', 'Withdraw nbd://host/disk'))
    expect(byRole('dialog', 'The yes could not be withdrawn')).toBeTruthy()
    expect(listed()).toHaveLength(2)
  })
})
