import { afterEach, describe, expect, test, vi } from 'vitest'
import { obstacle, type ImageAction } from '../../renderer/modules/image/image-actions'
import { overlayNameFor } from '../../renderer/modules/import/names'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useLibrary } from '../../renderer/stores/library.store'
import { useNotices } from '../../renderer/stores/notices.store'
import { useView } from '../../renderer/stores/view.store'
import { detailsOf } from '../support/fake-answers'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import { qcow2Image, RICH_QCOW2_INFO, withQcow2 } from '../support/fake-qcow2'
import {
  PLAN_PAUSE,
  allByRole,
  byLabel,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  settle,
  type,
} from './support/mount-window'

const base = rawImage('base', 'base.raw', { usedBy: 2 })
const image = qcow2Image('q', 'web.qcow2', base)
const cloud = qcow2Image('cloud', 'cloud.qcow2')
const vm = overlay('vm', 'vm.add-cow', base)
let bridge: FakeBridge

async function open(images = [base, image, cloud, vm]): Promise<void> {
  bridge = new FakeBridge({ images })
  await mountWindow(bridge)
}

async function show(
  kind: 'import-overlay' | 'export-overlay' | 'serve' | 'check',
  imageId: string,
): Promise<HTMLElement> {
  useDialogs().show({ kind, imageId })
  await vi.waitFor(() => expect(allByRole('dialog')).not.toHaveLength(0), { timeout: 30_000 })
  await settle(PLAN_PAUSE)
  return byRole('dialog')
}

/** Selects an image, and waits until its header has been read. */
async function select(imageId: string): Promise<void> {
  useView().select(imageId)
  await vi.waitFor(() => expect(pageText()).toContain('Compression type'), { timeout: 30_000 })
}

const started = (): unknown[] => bridge.requestsOf('job.start')

// a dialog that goes gives the focus back a moment later, which would be outside of the next one
afterEach(() => settle(2 * PLAN_PAUSE))

describe('the import dialog', () => {
  test('proposes names, shows the plan and the command, and starts what it shows', async () => {
    await open()
    const dialog = await show('import-overlay', 'q')
    expect(dialog.textContent).toContain('Stands on base.raw')
    expect(dialog.textContent).toContain('Beside the qcow2 image')
    expect(document.activeElement).toBe(byLabel('Name'))
    expect(byLabel('Name').value).toBe('web.add-cow')
    expect(byLabel('Image file').value).toBe('web.raw')
    expect(dialog.textContent).toContain('/srv/images/web.add-cow')
    expect(dialog.textContent).toContain('To copy: up to 1.3 GiB')
    expect(dialog.textContent).toContain('add-cow-img import --verify -f add-cow')
    await click(byRole('checkbox', 'Verify afterwards'))
    await click(byRole('radio', 'add-cow v20 (cluster bitmap)'))
    await settle(PLAN_PAUSE)
    await click(byRole('button', 'Import'))
    const names = { name: 'web.add-cow', imageFileName: 'web.raw' }
    expect(started()).toEqual([
      { kind: 'import-overlay', imageId: 'q', ...names, format: 'acow', verify: false },
    ])
    expect(allByRole('dialog')).toEqual([])
  })

  test('and what was imported is selected when the list has it', async () => {
    await open()
    await show('import-overlay', 'q')
    await click(byRole('button', 'Import'))
    expect(useView().selectedId).toBeUndefined()
    bridge.change(overlay('new', 'web.add-cow', base, { directory: '/srv/images' }))
    await settle()
    expect(useView().selectedId).toBe('new')
  })

  test('puts both files where one says', async () => {
    await open()
    await show('import-overlay', 'cloud')
    expect(byRole('dialog').textContent).toContain('the overlay will hold the whole disk itself')
    bridge.answer('dialog.pickFolder', () => ({ id: 'grant-7', path: '/srv/picked' }))
    await click(byRole('button', 'Change…'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('/srv/picked/cloud.add-cow')
    await click(byRole('button', 'Import'))
    expect(started()).toMatchObject([{ imageId: 'cloud', folderGrant: 'grant-7' }])
  })

  test('says beside its field what is wrong, and does not begin', async () => {
    await open()
    await show('import-overlay', 'q')
    await type(byLabel('Name'), 'a/b')
    expect(byRole('dialog').textContent).toContain('A name only, without a folder.')
    await type(byLabel('Name'), 'mine.add-cow')
    expect(byLabel('Image file').value).toBe('mine.raw')
    bridge.answer('job.plan', () => ({
      ...{ kind: 'import-overlay', warnings: [], files: [], bytesToCopy: 0, spaceNeeded: 0 },
      commandLine: '',
      problems: [
        { code: 'file/exists', message: 'no', details: { path: '/srv/images/mine2.raw' } },
      ],
    }))
    await type(byLabel('Image file'), 'mine2.raw')
    const field = byLabel('Image file')
    expect(field.getAttribute('aria-invalid')).toBe('true')
    const hint = document.getElementById(field.getAttribute('aria-describedby') ?? '')
    expect(hint?.textContent).toContain('mine2.raw exists already and is not overwritten.')
    expect(isDisabled(byRole('button', 'Import'))).toBe(true)
    await click(byRole('button', 'Import'))
    expect(started()).toEqual([])
  })

  test('takes a file that is not in the list yet, but only a qcow2 image', async () => {
    await open()
    await show('import-overlay', 'vm')
    expect(isDisabled(byRole('button', 'Import'))).toBe(true)
    // no folder is known yet: nothing is said of where it lies
    expect(byRole('dialog').textContent).not.toContain('Beside the qcow2 image')
    bridge.nextAdd = { added: [], known: ['base'], refused: [] }
    await click(byRole('button', 'Choose a file…'))
    expect(byRole('dialog').textContent).toContain('base.raw is no qcow2 image')
    bridge.nextAdd = { added: ['q'], known: [], refused: [] }
    await click(byRole('button', 'Choose a file…'))
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).not.toContain('is no qcow2 image')
    expect(byLabel('Name').value).toBe('web.add-cow')
    await click(byRole('button', 'Import'))
    expect(started()).toMatchObject([{ kind: 'import-overlay', imageId: 'q' }])
  })
})

test('an export as qcow2 asks for a file of that kind, and says what it makes', async () => {
  await open()
  const dialog = await show('export-overlay', 'vm')
  expect(isDisabled(byRole('button', 'Export as qcow2'))).toBe(true)
  await click(byRole('button', 'Choose…'))
  await settle(PLAN_PAUSE)
  const asked = bridge.requestsOf('dialog.pickExportTarget')
  expect(asked).toEqual([{ imageId: 'vm', format: 'qcow2' }])
  expect(dialog.textContent).toContain('as a qcow2 overlay on the same base')
  expect(dialog.textContent).toContain('add-cow-img convert -O qcow2')
  await click(byRole('button', 'Export as qcow2'))
  const request = { kind: 'export-overlay', imageId: 'vm', targetGrant: 'grant-2', verify: true }
  expect(started()).toEqual([request])
  expect(allByRole('dialog')).toEqual([])
})

test('a check says who repairs a qcow2 image, and of another image nothing of that', async () => {
  await open()
  const qcow2 = await show('check', 'q')
  expect(qcow2.textContent).toContain('repaired by qemu-img check -r all')
  const overlayDialog = await show('check', 'vm')
  expect(overlayDialog.textContent).not.toContain('qemu-img check')
})

describe('the overview of a qcow2 image', () => {
  test('calls its file what it is: a disk of its own, or an overlay', async () => {
    await open()
    await select('cloud')
    expect(pageText()).toContain('Disk file')
    expect(pageText()).not.toContain('Overlay file')
    await select('q')
    await vi.waitFor(() => expect(pageText()).toContain('Overlay file'), { timeout: 30_000 })
  })

  test('tells what its header says, and its snapshots', async () => {
    await open()
    bridge.details.set('q', withQcow2(detailsOf(bridge.images, 'q'), RICH_QCOW2_INFO))
    await select('q')
    const text = pageText().replace(/\s+/g, ' ')
    for (const said of [
      ...['It is marked as damaged', 'It was not closed in order', 'Version 3'],
      ...['64 KiB, each of 32 subclusters', 'Compression type zstd', '64 bits each, written late'],
      ...['Base format raw', '/srv/images/appliance.data', 'Alone it reads as the disk'],
      ...['3 internal snapshots', 'fresh install', '812 MiB', 'none 20 GiB'],
    ])
      expect(text).toContain(said)
    const named = [...document.querySelectorAll('.snapshots th[scope="row"]')]
    expect(named.map((one) => one.textContent.trim()).at(-1)).toContain('3')
  })

  test('of tens of thousands of snapshots shows some, and more when asked', async () => {
    await open()
    const [first] = RICH_QCOW2_INFO.snapshots
    if (first === undefined) throw new Error('no snapshot')
    const snapshots = Array.from({ length: 65_536 }, (_, index) => ({ ...first, id: `${index}` }))
    const details = detailsOf(bridge.images, 'q')
    bridge.details.set('q', withQcow2(details, { ...RICH_QCOW2_INFO, snapshots }))
    await select('q')
    const shown = (): number => document.querySelectorAll('.snapshots tbody tr').length
    expect(shown()).toBe(50)
    await click(byRole('button', /^Show .* more$/))
    expect(shown()).toBe(100)
  })

  test('leads to an import, and to an overlay on it', async () => {
    await open()
    await select('q')
    expect(pageText()).toContain('No internal snapshots')
    await click(byRole('button', 'Import as an overlay…'))
    expect(useDialogs().open).toEqual({ kind: 'import-overlay', imageId: 'q' })
    useDialogs().close()
    await settle()
    await click(byRole('button', 'New overlay on it…'))
    expect(useDialogs().open).toEqual({ kind: 'new-overlay', baseId: 'q' })
  })
})

describe('what is only read', () => {
  const vmdk = { ...rawImage('v', 'v.vmdk'), format: 'vmdk' } as const
  const writing: readonly ImageAction[] = ['resize', 'flatten', 'commit', 'rebase', 'move']

  test.each(writing)('says why not, and what to do instead: %s', (action) => {
    expect(obstacle(action, image, undefined)).toBe('read-only-qcow2')
    expect(obstacle(action, vmdk, undefined)).toBe('read-only-format')
    expect(obstacle(action, base, undefined)).toBe(action === 'resize' ? undefined : 'not-overlay')
    expect(obstacle(action, vm, undefined, undefined, base)).toBeUndefined()
  })

  test('is looked at, stood on, and imported as every other image', () => {
    for (const action of ['check', 'new-overlay', 'export', 'serve'] as const)
      for (const one of [image, vmdk]) expect(obstacle(action, one, undefined)).toBeUndefined()
    expect(obstacle('import-overlay', image, undefined)).toBeUndefined()
    expect(obstacle('import-overlay', vmdk, undefined)).toBe('not-qcow2')
    expect(obstacle('import-overlay', vm, undefined)).toBe('not-qcow2')
    expect(obstacle('export-overlay', image, undefined)).toBe('is-qcow2')
  })

  test('takes no commit as a base, and an add-cow base keeps an overlay from being qcow2', () => {
    expect(obstacle('commit', vm, undefined, undefined, image)).toBe('base-only-read')
    expect(obstacle('flatten', vm, undefined, undefined, image)).toBeUndefined()
    expect(obstacle('export-overlay', vm, undefined, undefined, image)).toBeUndefined()
    expect(obstacle('export-overlay', vm, undefined, undefined, vm)).toBe('base-is-overlay')
  })

  test('is served for reading unless one insists, which is refused with the reason', async () => {
    await open()
    const dialog = await show('serve', 'q')
    expect(byRole('radio', 'Only read').getAttribute('data-state')).toBe('checked')
    await click(byRole('radio', 'Read and write'))
    expect(dialog.textContent).toContain('serve a new overlay on it')
    expect(bridge.requestsOf('export.start')).toEqual([])
  })
})

describe('dropped on the window', () => {
  async function drop(id: string): Promise<string | undefined> {
    await open()
    bridge.nextAdd = { added: [id], known: [], refused: [] }
    const dataTransfer = new DataTransfer()
    const event = new DragEvent('drop', { cancelable: true, bubbles: true })
    Object.defineProperty(event, 'dataTransfer', { value: dataTransfer })
    dataTransfer.items.add(new File([''], 'image'))
    window.dispatchEvent(event)
    await settle()
    const action = useNotices().notices.at(-1)?.action
    action?.run()
    return action?.label
  }

  test('a qcow2 overlay offers its import', async () => {
    expect(await drop('q')).toBe('Import it as an overlay…')
    expect(useDialogs().open).toEqual({ kind: 'import-overlay', imageId: 'q' })
  })

  test('a qcow2 image on nothing offers an overlay, as a raw disk does', async () => {
    expect(await drop('cloud')).toBe('New overlay on it…')
    expect(useDialogs().open).toEqual({ kind: 'new-overlay', baseId: 'cloud' })
  })

  test('an overlay offers nothing', async () => {
    expect(await drop('vm')).toBeUndefined()
    expect(useLibrary().get('vm')).toBeDefined()
  })
})

test('names of an import avoid those that are taken', () => {
  expect(overlayNameFor('web.qcow2', new Set())).toBe('web.add-cow')
  expect(overlayNameFor('web.qcow2', new Set(['web.raw']))).toBe('web-2.add-cow')
  expect(overlayNameFor('web', new Set(['web.add-cow', 'web-2.raw']))).toBe('web-3.add-cow')
})
