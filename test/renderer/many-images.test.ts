import { beforeEach, describe, expect, test } from 'vitest'
import type { WindowJobPlan } from '../../electron/contract/jobs'
import { EngineError } from '../../engine/base/errors'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { manyImages, overlay, rawImage } from '../support/fake-library'
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

const base = rawImage('base', 'base.raw', { usedBy: 3 })
const one = overlay('one', 'one.add-cow', base)
const two = overlay('two', 'two.add-cow', base)
const gone = overlay('gone', 'zoo.add-cow', base, { state: 'missing' })

function grid(): HTMLElement {
  return byRole('treegrid', 'Images')
}

function row(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-image-id="${id}"]`)
  if (found === null) throw new Error(`no row ${id}`)
  return found
}

function rowIds(): (string | null)[] {
  return allByRole('row').flatMap((one) => one.dataset['imageId'] ?? [])
}

function selected(): (string | undefined)[] {
  const rows = document.querySelectorAll<HTMLElement>('[role="row"][aria-selected="true"]')
  return [...rows].map((one) => one.dataset['imageId'])
}

async function clickWith(id: string, options: MouseEventInit): Promise<void> {
  row(id).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...options }))
  await settle()
}

let bridge: FakeBridge

beforeEach(async () => {
  bridge = new FakeBridge({ images: [base, one, two, gone] })
  await mountWindow(bridge)
})

describe('several rows are selected', () => {
  test('by Ctrl and Shift with the mouse, as the treegrid says that they can be', async () => {
    expect(grid().getAttribute('aria-multiselectable')).toBe('true')
    await click(row('one'))
    await clickWith('gone', { ctrlKey: true })
    expect(selected()).toEqual(['one', 'gone'])
    await clickWith('one', { ctrlKey: true })
    expect(selected()).toEqual(['gone'])
    await click(row('base'))
    await clickWith('two', { shiftKey: true })
    expect(selected()).toEqual(['base', 'one', 'two'])
    // the other way round from the same place
    await click(row('two'))
    await clickWith('one', { shiftKey: true })
    expect(selected()).toEqual(['one', 'two'])
    await click(row('gone'))
    expect(selected()).toEqual(['gone'])
  })

  test('by keys: Shift adds, Ctrl only goes, Space takes in and out, Ctrl+A all', async () => {
    grid().focus()
    await settle()
    await press('ArrowDown', { shiftKey: true })
    await press('ArrowDown', { shiftKey: true })
    expect(selected()).toEqual(['base', 'one', 'two'])
    await press('ArrowUp', { shiftKey: true })
    expect(selected()).toEqual(['base', 'one'])
    await press('End', { ctrlKey: true })
    expect(selected()).toEqual(['base', 'one'])
    expect(grid().getAttribute('aria-activedescendant')).toBe(row('gone').id)
    await press(' ', { ctrlKey: true })
    expect(selected()).toEqual(['base', 'one', 'gone'])
    await press(' ', { ctrlKey: true })
    expect(selected()).toEqual(['base', 'one'])
    await press('a', { ctrlKey: true })
    expect(selected()).toEqual(['base', 'one', 'two', 'gone'])
    await press('Home')
    expect(selected()).toEqual(['base'])
  })

  test('and stay selected only as long as they can be seen', async () => {
    grid().focus()
    await press('a', { ctrlKey: true })
    expect(useView().marked.size).toBe(4)
    await press('ArrowLeft')
    expect(rowIds()).toEqual(['base'])
    expect([...useView().marked]).toEqual(['base'])
    expect(useView().selectedId).toBe('base')
  })

  test('of ten thousand at once', async () => {
    await mountWindow(new FakeBridge({ images: manyImages(10_000) }))
    grid().focus()
    await press('a', { ctrlKey: true })
    expect(byRole('region', 'Selected images').textContent).toContain('10,000 images selected')
  })
})

describe('with several selected', () => {
  beforeEach(async () => {
    grid().focus()
    await press('a', { ctrlKey: true })
  })

  test('the details say what they come to, and what can be done', async () => {
    const panel = byRole('region', 'Selected images')
    expect(panel.textContent).toContain('4 images selected')
    expect(panel.textContent).toContain('File missing')
    await click(byRole('button', 'Look again'))
    expect(bridge.requestsOf('library.rescan')).toEqual([{ ids: ['base', 'one', 'two', 'gone'] }])
  })

  test('what is for one alone says so', () => {
    const resize = byRole('button', 'Resize')
    expect(isDisabled(resize)).toBe(true)
  })

  test('Delete takes all of them out of the list', async () => {
    await press('Delete')
    expect(bridge.requestsOf('library.forget')).toEqual([{ ids: ['base', 'one', 'two', 'gone'] }])
    expect(pageText()).toContain('4 images are no longer in the list.')
  })

  test('the menu of one of them is for all, that of another row for that row', async () => {
    await click(row('one'))
    await clickWith('two', { ctrlKey: true })
    row('two').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))
    await settle()
    expect(allByRole('menuitem', /^Resize/)).toEqual([])
    await click(byRole('menuitem', 'Copy paths'))
    expect(bridge.requestsOf('app.copyText')).toEqual([
      { text: `${one.directory}/one.add-cow\n${two.directory}/two.add-cow` },
    ])
    row('base').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))
    await settle()
    expect(selected()).toEqual(['base'])
    expect(byRole('menuitem', /^Resize/)).toBeTruthy()
  })

  test('Check is a job for each that can be checked, and tells which cannot', async () => {
    await press('k', { ctrlKey: true })
    await settle(50)
    const dialog = byRole('dialog', 'Check 4 images')
    expect(dialog.textContent).toContain('3 can be done. One is left out.')
    expect(dialog.textContent).toContain('Its file is missing')
    await click(byRole('button', 'Check 3 images'))
    const request = (imageId: string): unknown => ({ kind: 'check', imageId, repair: 'none' })
    expect(bridge.requestsOf('job.start')).toEqual(['base', 'one', 'two'].map(request))
    expect(allByRole('dialog')).toEqual([])
    expect(pageText()).toContain('3 jobs started')
  })

  test('Flatten leaves out what has a problem, and adds up what is needed', async () => {
    bridge.answer('job.plan', (request) => {
      const path = '/srv/two.add-cow'
      if (request.kind !== 'flatten') throw new EngineError('internal', 'not asked for')
      const problem = { code: 'io/no-space', message: 'no room', details: { path } } as const
      return {
        kind: 'flatten',
        problems: request.imageId === 'two' ? [problem] : [],
        ...{ warnings: [], files: [], commandLine: '', bytesToCopy: 2 ** 30 },
        ...{ spaceNeeded: 2 ** 30, spaceFree: 2 ** 20 },
      }
    })
    await press('l', { ctrlKey: true })
    await settle(50)
    const dialog = byRole('dialog', 'Flatten 4 images')
    expect(dialog.textContent).toContain('One can be done. 3 are left out.')
    expect(dialog.textContent).toContain('No space left')
    expect(dialog.textContent).toContain('It is a plain disk, not an overlay')
    expect(dialog.textContent).toContain('may need 1 GiB together, and 1 MiB are free there.')
    await click(byRole('checkbox'))
    await settle(50)
    await click(byRole('button', 'Flatten one image'))
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'flatten', imageId: 'one', verify: false },
    ])
  })

  test('Flatten says where several find no room that fit alone, for each disk', async () => {
    const plans: Readonly<Record<string, Partial<WindowJobPlan>>> = {
      one: { spaceOn: 'a', spaceNeeded: 700, spaceFree: 1000 },
      two: { spaceOn: 'a', spaceNeeded: 700, spaceFree: 1000 },
      three: { spaceOn: 'b', spaceNeeded: 900, spaceFree: 1000 },
    }
    const three = overlay('three', 'three.add-cow', base)
    bridge.emit('library.changed', { changed: [three], removed: [] })
    bridge.answer('job.plan', (request) => ({
      ...{ kind: 'flatten', problems: [], warnings: [], files: [], commandLine: '' },
      ...{ bytesToCopy: 700, spaceNeeded: 700 },
      ...('imageId' in request && plans[request.imageId]),
    }))
    await click(row('base'))
    await press('a', { ctrlKey: true })
    await press('l', { ctrlKey: true })
    await settle(50)
    const said = [...document.querySelectorAll('[role="dialog"] .ui-message')]
    expect(said.map((one) => one.textContent.trim())).toEqual([
      expect.stringMatching(/^Those on the disk of .* may need 1.37 KiB together, and 1000 B are /),
    ])
  })

  test('a job that cannot be started is told, and keeps the dialog open', async () => {
    bridge.answer('job.start', () => {
      throw new EngineError('in-use', 'busy', { path: '/x' })
    })
    await press('k', { ctrlKey: true })
    await settle(50)
    await click(byRole('button', 'Check 3 images'))
    const dialog = byRole('dialog', 'Check 4 images')
    expect(dialog.textContent).toContain('None of them can be done. 4 are left out.')
    expect(dialog.textContent).toContain('In use')
  })
})

describe('the filter by state', () => {
  async function choose(entry: RegExp): Promise<void> {
    byRole('button', /^Show by state/).dispatchEvent(
      new PointerEvent('pointerdown', { bubbles: true, cancelable: true, button: 0 }),
    )
    byRole('button', /^Show by state/).click()
    await settle(20)
    await click(byRole('menuitemradio', entry))
  }

  test('counts, hides, says so, and shows all again', async () => {
    await choose(/^Needs a look ?1$/)
    expect(rowIds()).toEqual(['base', 'gone'])
    expect(row('base').classList.contains('row--way')).toBe(true)
    expect(pageText()).toContain('2 images are hidden')
    expect(pageText()).toContain('Shown is only “Needs a look”.')
    expect(pageText()).toContain('One of 4 images')
    await click(byRole('button', 'Show all'))
    expect(rowIds()).toHaveLength(4)
    expect(pageText()).not.toContain('hidden')
  })

  test('follows a state that changes, and says when nothing is left', async () => {
    await choose(/^File missing/)
    bridge.change({ ...gone, state: 'ok' })
    await settle(20)
    expect(pageText()).toContain('No image is in the state “File missing”.')
    await click(byRole('button', 'Show all'))
    expect(rowIds()).toHaveLength(4)
  })

  test('goes with a search, and gives way to what is to be shown', async () => {
    await choose(/^OK/)
    useView().filter = 'two'
    await settle()
    expect(rowIds()).toEqual(['base', 'two'])
    expect(pageText()).toContain('Shown is what “two” finds, and of it only “OK”.')
    useView().reveal('gone')
    await settle()
    expect(rowIds()).toHaveLength(4)
    expect(selected()).toEqual(['gone'])
  })
})
