import { describe, expect, test } from 'vitest'
import { EngineError } from '../../engine/base/errors'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { allByRole, byRole, click, mountWindow, pageText, settle } from './support/mount-window'

const FOLDERS = ['/srv/a', '/srv/b', '/srv/c']

async function openSettings(): Promise<FakeBridge> {
  const bridge = new FakeBridge()
  bridge.folders = [...FOLDERS]
  await mountWindow(bridge)
  useView().page = 'settings'
  await settle()
  return bridge
}

function removeButton(folder: string): HTMLElement {
  return byRole('button', `No longer watch ${folder}`)
}

/** Enter on a button that has the focus is a click to the page. */
async function pressOn(button: HTMLElement): Promise<void> {
  button.focus()
  await click(button)
}

function focusedName(): string | null {
  const focused = document.activeElement
  return focused?.getAttribute('aria-label') ?? focused?.textContent.trim() ?? null
}

describe('a watched folder is taken out by keyboard, and the focus is', () => {
  test('on the next one, or on the one before where there is no next one', async () => {
    await openSettings()
    await pressOn(removeButton('/srv/b'))
    expect(focusedName()).toBe('No longer watch /srv/c')
    await pressOn(removeButton('/srv/c'))
    expect(focusedName()).toBe('No longer watch /srv/a')
  })

  test('on the button that adds one, after the last', async () => {
    const bridge = await openSettings()
    for (const folder of FOLDERS) await pressOn(removeButton(folder))
    expect(bridge.folders).toEqual([])
    expect(pageText()).toContain('No folder is watched.')
    expect(focusedName()).toBe('Add folder…')
  })

  test('in the dialog that says so, where it could not be taken out', async () => {
    const bridge = await openSettings()
    bridge.answer('folders.remove', () => {
      throw new EngineError('io/no-space', 'The disk is full', { path: '/config' })
    })
    await pressOn(removeButton('/srv/b'))
    const [dialog] = allByRole('dialog')
    expect(dialog?.contains(document.activeElement)).toBe(true)
    expect(removeButton('/srv/b').isConnected).toBe(true)
  })
})

test('where nothing comes after the names, the sentence that there are none has it', async () => {
  const bridge = new FakeBridge()
  bridge.agreedNames = ['/etc/shadow']
  await mountWindow(bridge)
  useView().page = 'settings'
  await settle()
  await pressOn(byRole('button', 'Withdraw /etc/shadow'))
  expect(focusedName()).toBe('Nothing elsewhere was allowed.')
})
