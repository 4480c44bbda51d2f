import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type Caller, Dispatcher, type Handlers } from '../../electron/main/ipc-dispatch'
import { EngineError } from '../../engine'
import { silentLog } from './support/silent-log'

const origin = 'app://add-cow'
const ourContents = {}
const page: Caller = { sender: ourContents, senderFrame: { parent: null, origin } }

/** A dispatcher with one command that can be called: `job.cancel`. */
function dispatcher(
  cancel: Handlers['job.cancel'],
  window: () => object | undefined = () => ourContents,
): Dispatcher {
  const no = (): never => {
    throw new Error('This command is not part of the test')
  }
  const handlers: Handlers = {
    'app.bootstrap': no,
    'app.copyText': no,
    'app.licences': no,
    'app.showLog': no,
    'library.add': no,
    'library.forget': no,
    'library.rescan': no,
    'library.agree': no,
    'library.agreedNames': no,
    'library.withdraw': no,
    'library.showInFolder': no,
    'library.treatAs': no,
    'library.createSample': no,
    'folders.list': no,
    'folders.add': no,
    'folders.remove': no,
    'image.details': no,
    'map.open': no,
    'map.tile': no,
    'map.extents': no,
    'map.extentAt': no,
    'map.bytes': no,
    'dialog.pickFolder': no,
    'dialog.pickExportTarget': no,
    'dialog.pickBase': no,
    'job.plan': no,
    'job.start': no,
    'job.cancel': cancel,
    'job.pause': no,
    'job.resume': no,
    'job.goOn': no,
    'job.clear': no,
    'export.list': no,
    'export.start': no,
    'export.stop': no,
    'export.planSnapshot': no,
    'export.takeSnapshot': no,
    'export.flatten': no,
    'export.stopFlatten': no,
    'export.grow': no,
    'export.startQemu': no,
    'settings.change': no,
  }
  return new Dispatcher(handlers, { window, origin }, silentLog)
}

describe('a command', () => {
  test('from our page reaches its handler, and its result the page', async () => {
    const cancel = vi.fn(() => undefined)
    const reply = await dispatcher(cancel).command(page, 'job.cancel', { id: 'a' })
    expect(reply).toEqual({ ok: true, value: undefined })
    expect(cancel).toHaveBeenCalledExactlyOnceWith({ id: 'a' })
  })

  const strangers: Readonly<Record<string, Caller>> = {
    'another window': { ...page, sender: {} },
    'a frame inside of the page': {
      sender: ourContents,
      senderFrame: { parent: {}, origin },
    },
    'another origin': {
      sender: ourContents,
      senderFrame: { parent: null, origin: 'https://example.org' },
    },
    'an origin that only begins like ours': {
      sender: ourContents,
      senderFrame: { parent: null, origin: `${origin}.example.org` },
    },
    'a frame that is gone': { sender: ourContents, senderFrame: null },
  }

  test.each(Object.entries(strangers))('from %s is refused', async (_who, caller) => {
    const cancel = vi.fn(() => undefined)
    const reply = await dispatcher(cancel).command(caller, 'job.cancel', { id: 'a' })
    expect(reply).toMatchObject({ ok: false, error: { code: 'io/denied' } })
    expect(cancel).not.toHaveBeenCalled()
  })

  test('is refused while there is no window', async () => {
    const cancel = vi.fn(() => undefined)
    const closed = dispatcher(cancel, () => undefined)
    const reply = await closed.command(page, 'job.cancel', { id: 'a' })
    expect(reply).toMatchObject({ ok: false, error: { code: 'io/denied' } })
    expect(cancel).not.toHaveBeenCalled()
  })

  test.each(['job.explode', '__proto__', 'constructor', 'toString', '', 7, null, {}])(
    'that does not exist (%j) is refused',
    async (name) => {
      const reply = await dispatcher(() => undefined).command(page, name, undefined)
      expect(reply).toMatchObject({ ok: false, error: { code: 'invalid-argument' } })
    },
  )

  test('with a malformed request is refused, and says what is wrong with it', async () => {
    const cancel = vi.fn(() => undefined)
    const reply = await dispatcher(cancel).command(page, 'job.cancel', { id: 7 })
    expect(reply).toMatchObject({
      ok: false,
      error: { code: 'invalid-argument', details: { field: 'id' }, state: 'unchanged' },
    })
    expect(cancel).not.toHaveBeenCalled()
  })

  test('that fails answers with the error as data', async () => {
    const error = new EngineError('io/no-space', 'Full', { needed: 5 }, { state: 'resumable' })
    const reply = await dispatcher(() => Promise.reject(error)).command(page, 'job.cancel', {
      id: 'a',
    })
    expect(reply).toEqual({ ok: false, error: error.toData() })
  })

  test('that throws anything at all answers too', async () => {
    const broken = dispatcher(() => {
      throw new TypeError('x is not a function')
    })
    expect(await broken.command(page, 'job.cancel', { id: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'internal', message: 'x is not a function' },
    })
  })

  test('from a frame whose look fails is refused', async () => {
    const gone: Caller = {
      sender: ourContents,
      get senderFrame(): never {
        throw new Error('Render frame was disposed')
      },
    }
    const reply = await dispatcher(() => undefined).command(gone, 'job.cancel', { id: 'a' })
    expect(reply.ok).toBe(false)
  })
})

describe('a call that is no command', () => {
  const paths = z.array(z.string())

  test('keeps to the same rules', async () => {
    const handle = vi.fn((value: string[]) => Promise.resolve(value.length))
    const calls = dispatcher(() => undefined)
    const stranger = { ...page, sender: {} }
    expect(await calls.other(page, 'A drop', paths, ['a'], handle)).toEqual({ ok: true, value: 1 })
    expect((await calls.other(stranger, 'A drop', paths, ['a'], handle)).ok).toBe(false)
    expect((await calls.other(page, 'A drop', paths, 'a', handle)).ok).toBe(false)
    expect(handle).toHaveBeenCalledOnce()
  })
})
