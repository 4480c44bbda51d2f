import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { menuTemplate } from '../../electron/main/menu-template'
import { textsFor } from '../../electron/main/texts'
import type { WindowAction } from '../../electron/contract/commands'
import { EngineError } from '../../engine/base/errors'
import { type KeyUse, MAP_KEYS } from '../../renderer/modules/help/key-use'
import { LIST_KEYS, treeMove } from '../../renderer/modules/library/tree-keys'
import { type Shortcut, SHORTCUT_NAMES, shortcutOf, SHORTCUTS } from '../../renderer/shortcuts'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import {
  allByRole,
  byLabel,
  byRole,
  click,
  mountWindow,
  press,
  settle,
  type,
} from './support/mount-window'

const base = rawImage('base', 'base.raw')
const vm = overlay('vm', 'vm.add-cow', base)

const SYSTEMS = [
  { mac: false, packaged: true },
  { mac: false, packaged: false },
  { mac: true, packaged: true },
] as const

function itemsOf(
  language: 'en' | 'de',
  system: (typeof SYSTEMS)[number],
  onAction: (action: WindowAction) => void = vi.fn(),
): MenuItemConstructorOptions[] {
  const { menu: texts } = textsFor(language, language)
  const found = [...menuTemplate({ texts, onAction, showLog: vi.fn() }, system)]
  for (const { submenu } of found) if (Array.isArray(submenu)) found.push(...submenu)
  return found
}

/** What Electron calls a key. */
function accelerator({ key, mod, shift }: Shortcut): string {
  const cap = key === 'delete' ? 'Delete' : key.toUpperCase()
  return [mod && 'CmdOrCtrl', shift && 'Shift', cap].filter(Boolean).join('+')
}

describe('the menu', () => {
  test.each(SYSTEMS)('shows the keys that the window obeys: %j', (system) => {
    const shown = itemsOf('en', system).filter((item) => item.registerAccelerator === false)
    expect(shown.length).toBeGreaterThan(12)
    for (const { id, accelerator: keys } of shown) {
      const name = SHORTCUT_NAMES.find((one) => one === id)
      expect([id, name && accelerator(SHORTCUTS[name])]).toEqual([id, keys])
    }
  })

  test('has everything that has a key, but for the second way to the settings', () => {
    const ids = new Set(itemsOf('en', SYSTEMS[0]).map(({ id }) => id))
    expect(SHORTCUT_NAMES.filter((name) => !ids.has(name))).toEqual(['page-settings'])
  })

  test.each(['en', 'de'] as const)('names every entry once: %s', (language) => {
    for (const { submenu } of menuTemplate(
      { texts: textsFor(language, language).menu, onAction: vi.fn(), showLog: vi.fn() },
      SYSTEMS[0],
    )) {
      const labels = Array.isArray(submenu) ? submenu.flatMap((item) => item.label ?? []) : []
      expect(new Set(labels).size).toBe(labels.length)
      for (const label of labels) expect(label).not.toBe('')
    }
  })

  test('asks the window for what it names, and the window knows it', async () => {
    const asked: WindowAction[] = []
    const items = itemsOf('en', SYSTEMS[0], (action) => asked.push(action))
    const own = items.filter(({ id }) => id !== undefined)
    for (const item of own) {
      const pressed: unknown = Object.getOwnPropertyDescriptor(item, 'click')?.value
      if (typeof pressed === 'function') Reflect.apply(pressed, undefined, [])
    }
    expect(asked).toEqual(own.map(({ id }) => id))

    const opens: Partial<Record<WindowAction, string>> = {
      serve: 'serve',
      commit: 'commit',
      rebase: 'rebase',
      move: 'move',
      about: 'about',
      shortcuts: 'shortcuts',
    }
    const bridge = new FakeBridge({ images: [base, vm] })
    await mountWindow(bridge)
    for (const action of asked.filter((one) => opens[one] !== undefined)) {
      useView().select('vm')
      bridge.emit('window.action', { action })
      await settle()
      expect(useDialogs().open?.kind).toBe(opens[action])
      useDialogs().close()
      await settle()
    }
    bridge.emit('window.action', { action: 'rescan-image' })
    bridge.emit('window.action', { action: 'show-in-folder' })
    bridge.emit('window.action', { action: 'copy-path' })
    await settle()
    expect(bridge.requestsOf('library.rescan')).toEqual([{ ids: ['vm'] }])
    expect(bridge.requestsOf('library.showInFolder')).toEqual([{ id: 'vm' }])
    expect(bridge.requestsOf('app.copyText')).toHaveLength(1)
  })
})

function keyPress({ key, mod, shift }: Shortcut): KeyboardEvent {
  return new KeyboardEvent('keydown', { key, ctrlKey: mod === true, shiftKey: shift === true })
}

describe('the sheet of shortcuts', () => {
  beforeEach(async () => {
    await mountWindow(new FakeBridge({ images: [base, vm] }))
  })

  test('opens by its key, also where that needs Shift, and has every shortcut', async () => {
    expect(shortcutOf(keyPress({ key: '/', mod: true, shift: true }), false)).toBe('shortcuts')
    await press('/', { ctrlKey: true })
    const sheet = byRole('dialog', 'Keyboard shortcuts')
    const lines = [...sheet.querySelectorAll('dl > div')]
    expect(lines).toHaveLength(SHORTCUT_NAMES.length - 1 + LIST_KEYS.length + MAP_KEYS.length)
    expect(sheet.textContent).toContain('Add a folderCtrl+Shift+O')
  })

  test('finds by what is done and by the key', async () => {
    await press('/', { ctrlKey: true })
    const sheet = byRole('dialog', 'Keyboard shortcuts')
    const lines = (): string[] =>
      [...sheet.querySelectorAll('dl > div')].map((line) => line.textContent)
    await type(byLabel('Search keys'), 'ctrl+shift')
    expect(lines()).toContain('Add a folderCtrl+Shift+O')
    expect(lines()).not.toContain('CheckCtrl+K')
    await type(byLabel('Search keys'), 'flatten')
    expect(lines()).toEqual(['Flatten in placeCtrl+L'])
    await type(byLabel('Search keys'), 'make coffee')
    expect(sheet.textContent).toContain('No key does that.')
  })

  test.each(LIST_KEYS.flatMap(({ name, keys }) => keys.map((key) => [name, key] as const)))(
    'tells the truth of the list: %s %j',
    (_name, keys) => {
      const rows = [...document.querySelectorAll('[role="row"]')]
      expect(rows.length).toBeGreaterThan(1)
      const row = {
        ...{ image: base, level: 1, position: 1, siblings: 1, parentId: undefined },
        ...{ hasChildren: true, matches: true },
      }
      const moves = [true, false].map((expanded) =>
        treeMove(keyPress(keys), [{ ...row, expanded }], 'base', 10),
      )
      expect(moves.some((move) => move !== undefined)).toBe(true)
    },
  )

  test('tells the truth of the map', () => {
    const file = join(import.meta.dirname, '../../renderer/modules/map/use-grid-input.ts')
    const source = readFileSync(file, 'utf8')
    const uses: readonly KeyUse[] = MAP_KEYS
    for (const { key } of uses.flatMap(({ keys }) => keys))
      expect(source.includes(` ${key}: () =>`) || source.includes(` '${key}': () =>`)).toBe(true)
  })
})

describe('the program', () => {
  test('says what it is, what it runs on, and on what terms', async () => {
    const bridge = new FakeBridge({ images: [vm] })
    await mountWindow(bridge)
    bridge.emit('window.action', { action: 'about' })
    await settle()
    const about = byRole('dialog', 'add-cow Manager')
    for (const word of ['0.1.0', '45.4.1', '150.0.7871.12', '24.18.0', 'MIT License'])
      expect(about.textContent).toContain(word)
    await click(byRole('button', 'Copy the versions'))
    const [copied] = bridge.requestsOf('app.copyText')
    expect(JSON.stringify(copied)).toContain('Electron: 45.4.1')
    await click(byRole('button', 'Show the log file'))
    expect(bridge.requestsOf('app.showLog')).toHaveLength(1)
  })

  test('names every library with its licence', async () => {
    const bridge = new FakeBridge({ images: [vm] })
    await mountWindow(bridge)
    bridge.emit('window.action', { action: 'about' })
    await settle()
    await click(byRole('button', 'Libraries and their licences…'))
    const list = byRole('list', 'Libraries and their licences')
    expect(list.querySelectorAll('li')).toHaveLength(3)
    await click(byRole('button', /^koffi/))
    expect(list.textContent).toContain('Permission is hereby granted')
    await click(byRole('button', /^silent/))
    expect(list.textContent).toContain('It has no licence text of its own.')
    await click(byRole('button', 'Back'))
    expect(byRole('dialog', 'add-cow Manager')).toBeTruthy()
  })

  test('says so where the licences cannot be read', async () => {
    const bridge = new FakeBridge({ images: [vm] })
    bridge.answer('app.licences', () => {
      throw new EngineError('file/missing', 'not built', { path: '/opt/licences.json' })
    })
    await mountWindow(bridge)
    bridge.emit('window.action', { action: 'about' })
    await settle()
    await click(byRole('button', 'Libraries and their licences…'))
    expect(allByRole('dialog', 'The licences could not be shown')).toHaveLength(1)
  })
})
