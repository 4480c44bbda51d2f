import { beforeEach, describe, expect, test } from 'vitest'
import { GIB, MIB } from '../../engine/base/units'
import type { ExportSnapshot } from '../../electron/contract/exports'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import {
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  settle,
} from './support/mount-window'

const images = [
  overlay('vm', 'vm.add-cow', '/srv/images/base.raw', { virtualSize: 20 * GIB }),
  rawImage('plain', 'plain.raw'),
]
const STOP = 'Stop the export of vm.add-cow'
let bridge: FakeBridge

/** Exports an image, and says more of it. */
async function serve(part: Partial<ExportSnapshot> = {}, imageId = 'vm'): Promise<string> {
  const readOnly = part.readOnly === true
  const request = { imageId, readOnly, place: { kind: 'socket' } } as const
  const reply = await bridge.invoke('export.start', request)
  if (!reply.ok) throw new Error(reply.error.message)
  const { id } = reply.value
  bridge.moveExport(id, part)
  await settle()
  return id
}

beforeEach(async () => {
  bridge = new FakeBridge({ images })
  await mountWindow(bridge)
  await click(byRole('button', /^Exports/))
})

describe('the page of exports', () => {
  test('is empty, and says what an export is for', async () => {
    expect(pageText()).toContain('Nothing is exported')
    await serve()
    expect(pageText()).not.toContain('Nothing is exported')
    expect(allByRole('article', 'vm.add-cow')).toHaveLength(1)
  })

  test('shows who uses it and what it moves, as that changes', async () => {
    const id = await serve({ clients: 1, bytesRead: 3 * GIB, bytesWritten: 5 * MIB })
    expect(pageText()).toContain('one connected')
    expect(pageText()).toContain('3 GiB')
    expect(pageText()).toContain('5 MiB')
    bridge.moveExport(id, { clients: 2, clientsWithOldSize: 2, machines: 1 })
    await settle()
    expect(pageText()).toContain('2 connected')
    expect(pageText()).toContain('2 clients still go by the size that they were told')
    expect(pageText()).toContain('One machine runs')
  })

  test('has a command line for each program, with the address', async () => {
    await serve()
    await click(byRole('button', 'Command lines'))
    for (const program of ['qemu-system-x86_64', 'qemu-img', 'nbdinfo']) {
      expect(allByRole('button', `Copy the command for ${program}`)).toHaveLength(1)
    }
    await click(byRole('button', 'Copy the command for nbdinfo'))
    expect(bridge.requestsOf('app.copyText')).toEqual([
      { text: "nbdinfo 'nbd+unix:///?socket=/run/user/1000/add-cow-x/vm.add-cow.sock'" },
    ])
  })

  test('stops at once what nobody uses, and asks before it takes a disk away', async () => {
    const id = await serve()
    bridge.moveExport(id, { clients: 1 })
    await settle()
    await click(byRole('button', STOP))
    expect(bridge.requestsOf('export.stop')).toEqual([])
    expect(byRole('dialog').textContent).toContain('One client is connected and loses the disk')
    await click(byRole('button', 'Cancel'))
    expect(allByRole('article')).toHaveLength(1)
    bridge.moveExport(id, { clients: 0 })
    await settle()
    await click(byRole('button', STOP))
    expect(bridge.requestsOf('export.stop')).toEqual([{ id }])
    expect(pageText()).toContain('Nothing is exported')
  })

  test('what is read-only takes no snapshot, does not grow, and is not flattened', async () => {
    await serve({ readOnly: true })
    for (const name of ['Snapshot…', 'Grow…']) {
      expect(isDisabled(byRole('button', name))).toBe(true)
    }
    expect(allByRole('group', 'Flatten in the background')).toEqual([])
  })

  test('a plain disk has nothing below it to be flattened', async () => {
    await serve({}, 'plain')
    expect(isDisabled(byRole('button', 'Snapshot…'))).toBe(false)
    expect(allByRole('group', 'Flatten in the background')).toEqual([])
  })

  test('flattens at a pace, shows how far it is, and pauses', async () => {
    const id = await serve()
    await click(byRole('button', 'Flatten'))
    expect(bridge.requestsOf('export.flatten')).toEqual([
      expect.objectContaining({ id, bytesPerSecond: 128 * MIB }),
    ])
    const flatten = { path: '/srv/vm.add-cow', current: 5 * GIB, total: 20 * GIB }
    bridge.moveExport(id, { flatten: { ...flatten, status: 'running' } })
    await settle()
    expect(pageText()).toContain('25% of 20 GiB')
    await click(byRole('button', 'Pause'))
    expect(bridge.requestsOf('export.stopFlatten')).toEqual([{ id }])
    bridge.moveExport(id, { flatten: { ...flatten, status: 'stopped' } })
    await settle()
    expect(allByRole('button', 'Go on')).toHaveLength(1)
  })

  test('one that ended of itself says so until it is taken out', async () => {
    const message = 'The thread of an export ended with exit code 134'
    const id = await serve({
      status: 'failed',
      error: { code: 'internal', message, details: {}, state: 'uncertain' },
    })
    expect(byRole('alert').textContent).toContain('The export of vm.add-cow ended of itself')
    expect(allByRole('button', STOP)).toEqual([])
    await click(byRole('button', 'Take out of the list'))
    expect(bridge.requestsOf('export.stop')).toEqual([{ id }])
  })

  test('tells what the disk could not do, and the last words of a machine', async () => {
    const full = 'Cannot write to /srv/vm.raw: no space left on device'
    const words = 'qemu-system-x86_64: gtk initialization failed'
    await serve({
      failure: { code: 'io/no-space', message: full, details: {}, state: 'unchanged' },
      machineFailure: { code: 'io/failed', message: words, details: {} },
    })
    expect(allByRole('alert')).toHaveLength(2)
    // what is not in the language of the window says in which it is
    const english = [...document.querySelectorAll('p[lang="en"]')].map((e) => e.textContent.trim())
    expect(english).toEqual([full, words])
  })
})
