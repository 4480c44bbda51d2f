import { describe, expect, test } from 'vitest'
import type { ImageSummary } from '../../electron/contract/library'
import { doubtAbout } from '../../renderer/modules/image/doubtful-format'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import { PLAN_PAUSE, byRole, click, mountWindow, pageText, settle } from './support/mount-window'

const READ = 120
const doubtful = rawImage('base', 'base.img', { looksLike: 'qcow2' })

async function open(...images: ImageSummary[]): Promise<FakeBridge> {
  const bridge = new FakeBridge({ images })
  await mountWindow(bridge)
  return bridge
}

describe('a raw disk that begins as another format does', () => {
  test('says so, and can be read as that instead', async () => {
    const bridge = await open(doubtful)
    useView().select('base')
    await settle(READ)
    expect(pageText()).toContain('It can be read in two ways')
    await click(byRole('button', /^Read it as: qcow2/))
    expect(bridge.requestsOf('library.treatAs')).toEqual([{ id: 'base', format: 'qcow2' }])
  })

  test('stays what it is while overlays stand on it', async () => {
    const bridge = await open({ ...doubtful, usedBy: 1 }, overlay('vm', 'vm.add-cow', doubtful))
    useView().select('base')
    await settle(READ)
    await click(byRole('button', /^Read it as/))
    expect(bridge.requestsOf('library.treatAs')).toEqual([])
  })

  test('gets an overlay of the layout that stores what it is to be read as', async () => {
    const bridge = await open(doubtful)
    useDialogs().show({ kind: 'new-overlay', baseId: 'base' })
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('It can be read in two ways')
    expect(bridge.requestsOf('job.plan').at(-1)).toMatchObject({ kind: 'create', format: 'acow' })
  })
})

test('only a file with two ways to be read is in doubt', () => {
  const raw = rawImage('a', 'a.img')
  expect(doubtAbout(raw)).toBeUndefined()
  expect(doubtAbout({ ...raw, format: 'qcow2' })).toBeUndefined()
  expect(doubtAbout({ ...raw, looksLike: 'luks' })).toMatchObject({ isRaw: true, other: undefined })
  expect(doubtAbout({ ...raw, name: 'a.RAW', format: 'qcow2' })).toEqual({
    ...{ isRaw: false, looksLike: 'qcow2', other: 'raw' },
  })
})
