import { beforeEach, describe, expect, test, vi } from 'vitest'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { manyImages, overlay, rawImage, richLibrary } from '../support/fake-library'
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

const base = rawImage('base', 'base.raw', { usedBy: 2 })
const one = overlay('one', 'one.add-cow', base, { usedBy: 1 })
const two = overlay('two', 'two.add-cow', base)
const top = overlay('top', 'top.add-cow', one)

function grid(): HTMLElement {
  return byRole('treegrid', 'Images')
}

function rowIds(): (string | null)[] {
  return allByRole('row').flatMap((row) => row.dataset['imageId'] ?? [])
}

function row(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-image-id="${id}"]`)
  if (found === null) throw new Error(`no row ${id} among ${rowIds().join(', ')}`)
  return found
}

function selected(): string | undefined {
  return document.querySelector<HTMLElement>('[aria-selected="true"]')?.dataset['imageId']
}

describe('the list', () => {
  let bridge: FakeBridge

  beforeEach(async () => {
    bridge = new FakeBridge({ images: [base, one, two, top] })
    await mountWindow(bridge)
  })

  test('is a treegrid that tells levels, places and open branches', () => {
    expect(rowIds()).toEqual(['base', 'one', 'top', 'two'])
    expect(grid().getAttribute('aria-rowcount')).toBe('5')
    const place = (id: string): (string | null)[] =>
      ['aria-level', 'aria-posinset', 'aria-setsize', 'aria-expanded', 'aria-rowindex'].map(
        (name) => row(id).getAttribute(name),
      )
    expect(place('base')).toEqual(['1', '1', '1', 'true', '2'])
    expect(place('two')).toEqual(['2', '2', '2', null, '5'])
  })

  test('goes up and down, to the ends, and says which row is current', async () => {
    grid().focus()
    await settle()
    expect(selected()).toBe('base')
    await press('ArrowDown')
    await press('ArrowDown')
    expect(selected()).toBe('top')
    expect(grid().getAttribute('aria-activedescendant')).toBe(row('top').id)
    await press('End')
    expect(selected()).toBe('two')
    await press('ArrowDown')
    expect(selected()).toBe('two')
    await press('Home')
    expect(selected()).toBe('base')
  })

  test('closes and opens branches, and goes to parent and first child', async () => {
    await click(row('top'))
    grid().focus()
    await press('ArrowLeft')
    expect(selected()).toBe('one')
    await press('ArrowLeft')
    expect(rowIds()).toEqual(['base', 'one', 'two'])
    await press('ArrowRight')
    expect(rowIds()).toEqual(['base', 'one', 'top', 'two'])
    await press('ArrowRight')
    expect(selected()).toBe('top')
  })

  test('finds by the first letters of a name', async () => {
    grid().focus()
    // both letters at the same moment: a pause between them begins another name
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    await press('t')
    expect(selected()).toBe('top')
    await press('w')
    expect(selected()).toBe('two')
    now.mockReturnValue(2000)
    await press('o')
    expect(selected()).toBe('one')
  })

  test('sorts by a column, then the other way round', async () => {
    const header = (): HTMLElement => byRole('columnheader', /On disk/)
    bridge.change({ ...two, sizeOnDisk: 1 }, { ...one, sizeOnDisk: 2 })
    await click(byRole('button', 'On disk'))
    expect(header().getAttribute('aria-sort')).toBe('ascending')
    expect(rowIds()).toEqual(['base', 'two', 'one', 'top'])
    await click(byRole('button', 'On disk'))
    expect(header().getAttribute('aria-sort')).toBe('descending')
    expect(rowIds()).toEqual(['base', 'one', 'top', 'two'])
  })

  test('keeps the selection to its image while the list changes around it', async () => {
    await click(row('two'))
    bridge.change(rawImage('another', 'a-new-one.raw'))
    await settle()
    expect(rowIds()[0]).toBe('another')
    expect(selected()).toBe('two')
  })

  test('opens the menu of the current row by key, and acts on that image', async () => {
    await click(row('one'))
    grid().focus()
    await press('F10', { shiftKey: true })
    const menu = byRole('menu')
    useView().select('two')
    bridge.change(rawImage('zero', '0.raw'))
    await settle()
    expect(menu.isConnected).toBe(true)
    await click(byRole('menuitem', /^Look again/))
    expect(bridge.requestsOf('library.rescan')).toEqual([{ ids: ['one'] }])
  })

  test('says in the menu why something cannot be done, and does not do it', async () => {
    row('base').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))
    await settle()
    const item = byRole('menuitem', /^Flatten/)
    const reason = 'It is a plain disk, not an overlay'
    expect(isDisabled(item)).toBe(true)
    // many entries have it: it is said once, above them
    expect(byRole('menu').textContent.split(reason)).toHaveLength(2)
    expect(document.getElementById(item.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
      reason,
    )
    expect(isDisabled(byRole('menuitem', /^Copy path/))).toBe(false)
    await click(item)
    expect(allByRole('dialog')).toEqual([])
  })

  test('has no menu beside the rows', async () => {
    const event = new MouseEvent('contextmenu', { bubbles: true, cancelable: true })
    grid().dispatchEvent(event)
    await settle()
    expect(allByRole('menu')).toEqual([])
  })

  test('takes an image out of the list with Delete, and touches no file', async () => {
    await click(row('top'))
    grid().focus()
    await press('Delete')
    expect(bridge.requestsOf('library.forget')).toEqual([{ ids: ['top'] }])
    expect(rowIds()).toEqual(['base', 'one', 'two'])
    expect(pageText()).toContain('Its files are where they were')
    expect(selected()).toBe('two')
    await press('Delete')
    expect(selected()).toBe('one')
  })

  test('narrows to a search, says how many there are, and clears it again', async () => {
    const field = document.querySelector('input')
    if (field === null) throw new Error('no search field')
    field.value = 'top'
    field.dispatchEvent(new Event('input'))
    await settle()
    expect(rowIds()).toEqual(['base', 'one', 'top'])
    expect(byRole('button', 'Clear the search')).toBeTruthy()
    expect(pageText()).toContain('One of 4 images')

    field.value = 'xyz'
    field.dispatchEvent(new Event('input'))
    await settle()
    expect(pageText()).toContain('No image has “xyz” in its name or folder.')
    await click(allByRole('button', 'Clear the search').at(-1) ?? document.body)
    expect(rowIds()).toHaveLength(4)
  })
})

test('ten thousand images are few rows in the page, the current one among them', async () => {
  await mountWindow(new FakeBridge({ images: manyImages(10_000) }))
  expect(grid().getAttribute('aria-rowcount')).toBe('10001')
  expect(rowIds().length).toBeGreaterThan(10)
  expect(rowIds().length).toBeLessThan(60)

  grid().focus()
  await press('End')
  const last = grid().getAttribute('aria-activedescendant')
  expect(document.getElementById(last ?? '')?.getAttribute('aria-rowindex')).toBe('10001')
})

test('every state is an icon and a word', async () => {
  await mountWindow(new FakeBridge({ images: richLibrary() }))
  const words = allByRole('row')
    .filter((one) => one.dataset['imageId'] !== undefined)
    .map((one) => {
      const cell = one.children[1]
      expect(cell?.querySelector('svg')).not.toBeNull()
      return cell?.textContent.trim()
    })
  expect(new Set(words)).toEqual(
    new Set([
      'OK',
      'Base missing',
      'Data missing',
      'Base changed',
      'Needs check',
      'In use',
      'File missing',
      'Unreadable',
      'Asks first',
      'Reading…',
    ]),
  )
})

test('without images it says what to do, and makes the sample', async () => {
  const bridge = new FakeBridge()
  await mountWindow(bridge)
  expect(allByRole('treegrid')).toEqual([])
  expect(pageText()).toContain('An overlay is a thin layer on a base disk')
  bridge.answer('library.createSample', () => {
    bridge.change(base, one)
    return { id: 'one' }
  })
  await click(byRole('button', 'Try it with a sample disk'))
  expect(selected()).toBe('one')
})

test('while it waits for the main process, it says so', async () => {
  const bridge = new FakeBridge()
  bridge.answer('app.bootstrap', () => new Promise<never>(() => undefined))
  await mountWindow(bridge)
  expect(pageText()).toContain('Reading the list of images…')
})

test('where it cannot be filled, it says why and tries again', async () => {
  const bridge = new FakeBridge({ images: [base] })
  let fail = true
  bridge.answer('app.bootstrap', () => {
    if (fail) throw new Error('the library is not readable')
    return new FakeBridge({ images: [base] }).invoke('app.bootstrap', undefined).then((reply) => {
      if (!reply.ok) throw new Error(reply.error.message)
      return reply.value
    })
  })
  await mountWindow(bridge)
  expect(pageText()).toContain('The window could not be filled')
  fail = false
  await click(byRole('button', 'Try again'))
  expect(rowIds()).toEqual(['base'])
})
