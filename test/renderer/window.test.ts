import { beforeEach, describe, expect, test, vi } from 'vitest'
import { SHORTCUTS } from '../../renderer/shortcuts'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, problem, rawImage } from '../support/fake-library'
import {
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  press,
  settle,
} from './support/mount-window'

const base = rawImage('base', 'base.raw')
const vm = overlay('vm', 'vm.add-cow', base)

describe('shortcuts', () => {
  let bridge: FakeBridge

  beforeEach(async () => {
    bridge = new FakeBridge({ images: [base, vm] })
    await mountWindow(bridge)
    useView().select('vm')
    await settle()
  })

  test('are no two alike', () => {
    const keys = Object.values(SHORTCUTS).map((shortcut) => JSON.stringify(shortcut))
    expect(new Set(keys).size).toBe(keys.length)
  })

  test.each([
    ['k', 'Check vm.add-cow'],
    ['r', 'Resize vm.add-cow'],
    ['l', 'Flatten vm.add-cow'],
    ['e', 'Export vm.add-cow'],
    ['n', 'New overlay'],
  ])('Ctrl+%s opens "%s"', async (key, title) => {
    await press(key, { ctrlKey: true })
    expect(byRole('dialog', title)).toBeTruthy()
  })

  test('do nothing while a dialog is open, and the menu neither', async () => {
    await press('k', { ctrlKey: true })
    await press('l', { ctrlKey: true })
    bridge.emit('window.action', { action: 'resize' })
    await settle()
    expect(allByRole('dialog')).toHaveLength(1)
    expect(byRole('dialog', 'Check vm.add-cow')).toBeTruthy()
  })

  test('never do what their button may not', async () => {
    useView().select('base')
    await press('l', { ctrlKey: true })
    expect(allByRole('dialog')).toEqual([])
    expect(pageText()).toContain('Flatten in place… It is a plain disk, not an overlay')
  })

  test('reach the search from every page', async () => {
    useView().page = 'settings'
    await settle()
    await press('f', { ctrlKey: true })
    await settle()
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Search images')
  })

  test('the menu asks for the same', async () => {
    bridge.emit('window.action', { action: 'flatten' })
    await settle()
    expect(byRole('dialog', 'Flatten vm.add-cow')).toBeTruthy()
  })
})

describe('adding', () => {
  let bridge: FakeBridge

  beforeEach(async () => {
    bridge = new FakeBridge({ images: [base, vm] })
    await mountWindow(bridge)
  })

  async function drop(): Promise<void> {
    const event = new Event('drop', { cancelable: true })
    window.dispatchEvent(
      Object.assign(event, { dataTransfer: { types: ['Files'], files: [new File([], 'x.raw')] } }),
    )
    await settle()
  }

  test('shows what was added, and what was there already', async () => {
    bridge.nextAdd = { added: ['vm'], known: ['base'], refused: [] }
    await press('o', { ctrlKey: true })
    expect(bridge.requestsOf('library.add')).toEqual([{ what: 'files' }])
    expect(pageText()).toContain('One image added')
    expect(pageText()).toContain('One was in the list already')
    expect(useView().selectedId).toBe('vm')
  })

  test('lists what was refused, each with its reason', async () => {
    const error = problem('format/unrecognized', 'no image', '/home/notes.txt')
    bridge.nextAdd = { added: [], known: [], refused: [{ path: '/home/notes.txt', error }] }
    await press('o', { ctrlKey: true, shiftKey: true })
    const dialog = byRole('dialog', 'One file was not added')
    expect(dialog.textContent).toContain('notes.txt has no format that is known here.')
  })

  test('of one dropped plain disk offers an overlay on it', async () => {
    bridge.nextAdd = { added: ['base'], known: [], refused: [] }
    await drop()
    await click(byRole('button', 'New overlay on it…'))
    expect(useDialogs().open).toEqual({ kind: 'new-overlay', baseId: 'base' })
  })

  test('of a dropped overlay offers nothing more', async () => {
    bridge.nextAdd = { added: ['vm'], known: [], refused: [] }
    await drop()
    expect(allByRole('button', 'New overlay on it…')).toEqual([])
  })

  test('tells of files that another start handed over', async () => {
    bridge.emit('library.added', { added: [], known: ['vm'], refused: [] })
    await settle()
    expect(pageText()).toContain('One was in the list already')
  })
})

describe('actions', () => {
  test('that cannot be done say why, and do nothing', async () => {
    await mountWindow(new FakeBridge({ images: [{ ...vm, state: 'in-use' }] }))
    expect(isDisabled(byRole('button', 'Check'))).toBe(true)
    useView().select('vm')
    await settle()
    const check = byRole('button', 'Check')
    expect(isDisabled(check)).toBe(true)
    check.focus()
    await settle()
    expect(byRole('tooltip').textContent).toContain('Another program is writing to it')
    await click(check)
    expect(allByRole('dialog')).toEqual([])
  })

  test('that fail say what, why and which file, and try again', async () => {
    const bridge = new FakeBridge({ images: [vm] })
    bridge.answer('library.rescan', () => {
      throw new Error('the scanner is gone')
    })
    await mountWindow(bridge)
    await press('F5')
    const dialog = byRole('dialog', 'The files could not be looked at again')
    expect(dialog.textContent).toContain('the scanner is gone')
    bridge.answer('library.rescan', () => undefined)
    await click(byRole('button', 'Try again'))
    expect(allByRole('dialog')).toEqual([])
    expect(bridge.requestsOf('library.rescan')).toHaveLength(2)
  })
})

describe('settings', () => {
  test('change theme and language of the page', async () => {
    const bridge = new FakeBridge({ images: [vm], settings: { theme: 'dark', language: 'de' } })
    await mountWindow(bridge)
    expect(document.documentElement.dataset['theme']).toBe('dark')
    expect(document.documentElement.lang).toBe('de')
    expect(pageText()).toContain('Neues Overlay')
    bridge.emit('settings.changed', { ...bridge.settings, theme: 'system', language: 'en' })
    await settle()
    expect(document.documentElement.dataset['theme']).toBeUndefined()
    expect(pageText()).toContain('New overlay')
  })

  test('put every size into the units that are set', async () => {
    const big = rawImage('big', 'big.raw', { virtualSize: 20 * 2 ** 30 })
    const bridge = new FakeBridge({ images: [big] })
    await mountWindow(bridge)
    expect(pageText()).toContain('20 GiB')
    useView().page = 'settings'
    await settle()
    await click(byRole('radio', 'Decimal (GB)'))
    expect(bridge.requestsOf('settings.change')).toEqual([{ units: 'decimal' }])
    useView().page = 'images'
    await settle()
    expect(pageText()).toContain('21.5 GB')
    expect(pageText()).not.toContain('GiB')
    bridge.emit('settings.changed', { ...bridge.settings, units: 'bytes' })
    await settle()
    expect(pageText()).toContain('21,474,836,480 B')
  })

  test('have a theme of high contrast, which the system can ask for as well', async () => {
    const bridge = new FakeBridge({ settings: { theme: 'contrast' } })
    await mountWindow(bridge)
    expect(document.documentElement.dataset['theme']).toBe('contrast')
    bridge.emit('settings.changed', { ...bridge.settings, theme: 'system' })
    await settle()
    expect(document.documentElement.dataset['theme']).toBeUndefined()

    const real = window.matchMedia.bind(window)
    vi.spyOn(window, 'matchMedia').mockImplementation((query) => {
      const list = real(query)
      vi.spyOn(list, 'matches', 'get').mockReturnValue(query.includes('contrast'))
      return list
    })
    await mountWindow(new FakeBridge({ settings: { theme: 'system' } }))
    expect(document.documentElement.dataset['theme']).toBe('contrast')
  })

  test('follow the language of the system', async () => {
    await mountWindow(new FakeBridge({ locale: 'de-AT' }))
    expect(document.documentElement.lang).toBe('de')
  })

  test('are saved at once, and say so where they cannot be', async () => {
    const bridge = new FakeBridge()
    await mountWindow(bridge)
    useView().page = 'settings'
    await settle()
    await click(byRole('checkbox'))
    expect(bridge.requestsOf('settings.change')).toEqual([{ verifyByDefault: false }])
    bridge.answer('settings.change', () => {
      throw new Error('read-only')
    })
    await click(byRole('checkbox'))
    expect(byRole('dialog', 'The settings could not be saved')).toBeTruthy()
    expect(byRole('checkbox').getAttribute('aria-checked')).toBe('false')
  })
})
