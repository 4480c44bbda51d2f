/*
 * What a page could try that is not ours, or ours no longer: every call it can make is made here
 * against the real main process, and must come to nothing.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMAND_CHANNEL, DROP_CHANNEL } from '../../electron/contract/commands'
import { PAGE_URL } from '../../electron/main/page-files'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { malformedCalls } from './support/malformed'
import { makeOverlay } from './support/overlay'
import { startWebServer, type WebServer } from './support/web-server'
import { addFiles, row } from './support/window'

/** The bridge as whoever does not keep to its types has it. */
interface UntypedBridge {
  invoke(name: unknown, request: unknown): Promise<Answer>
  addDropped(files: unknown): Promise<Answer>
}

interface Answer {
  readonly ok: boolean
  readonly error?: { readonly code: string; readonly message: string }
}

const REFUSED = { ok: false, error: { code: 'invalid-argument' } }
const DENIED = { ok: false, error: { code: 'io/denied' } }

describeNeeding(electron, 'calls to the main process', () => {
  let directory: string
  let app: RunningApp
  let web: WebServer

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-calls-'))
    web = await startWebServer()
    await writeFile(join(directory, 'base.img'), new Uint8Array(65_536))
    await makeOverlay(join(directory, 'work.add-cow'), 'base.img')
    app = await launchApp()
    await addFiles(app, [join(directory, 'base.img'), join(directory, 'work.add-cow')])
    await row(app, 'work.add-cow').getByText('OK').waitFor()
  })

  afterAll(async () => {
    await app.close()
    await web.close()
    await rm(directory, { recursive: true, force: true })
  })

  /** Through the preload, as whatever runs in the page would. */
  async function call(name: string, request: unknown): Promise<Answer> {
    return await app.window.evaluate(
      async ([command, payload]) => {
        const bridge: UntypedBridge = window.addCow
        return await bridge.invoke(command, payload)
      },
      [name, request] as const,
    )
  }

  /**
   * Past the preload, with a request in the words of JSON, which alone can say `__proto__`: what
   * the main process says to what no preload would let through.
   */
  async function callPastPreload(
    name: string,
    where: 'page' | 'frame',
    request = 'null',
  ): Promise<unknown> {
    return await app.electron.evaluate(
      async ({ BrowserWindow, ipcMain }, given) => {
        const [window] = BrowserWindow.getAllWindows()
        const handlers: unknown = Reflect.get(ipcMain, '_invokeHandlers')
        const sender = window?.webContents
        if (!(handlers instanceof Map) || sender === undefined) throw new Error('No handlers')
        const senderFrame = given.where === 'page' ? sender.mainFrame : sender.mainFrame.frames[0]
        if (senderFrame === undefined) throw new Error('No frame')
        const handle: unknown = handlers.get(given.channel)
        if (typeof handle !== 'function') throw new Error('No handler')
        const answer: unknown = await Reflect.apply(handle, undefined, [
          { sender, senderFrame },
          given.name,
          JSON.parse(given.request) ?? undefined,
        ])
        return answer
      },
      { name, where, request, channel: COMMAND_CHANNEL },
    )
  }

  /** The id that the window knows an image by. */
  async function idOf(name: string): Promise<string> {
    return await app.window.evaluate(async (wanted) => {
      const reply = await window.addCow.invoke('app.bootstrap', undefined)
      const images = reply.ok ? reply.value.images : []
      return images.find((image) => image.name === wanted)?.id ?? ''
    }, name)
  }

  test('come by two channels, and nobody listens to another', async () => {
    const channels = await app.electron.evaluate(({ ipcMain }) => {
      const handlers: unknown = Reflect.get(ipcMain, '_invokeHandlers')
      if (!(handlers instanceof Map)) throw new Error('Electron keeps its handlers elsewhere')
      // Electron itself listens to errors of its own
      const events = ipcMain.eventNames().filter((name) => name !== 'error')
      return [...handlers.keys(), ...events].map(String)
    })
    expect(channels.sort()).toEqual([COMMAND_CHANNEL, DROP_CHANNEL].sort())
  })

  test.each(['job.explode', '__proto__', 'constructor', 'hasOwnProperty', ''])(
    'of a name that is no command (%j) do not leave the page',
    async (name) => {
      await expect(call(name, undefined)).rejects.toThrow(`There is no command ${name}`)
    },
  )

  test.each(['job.explode', '__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'of a name that is no command (%j) are refused behind the preload too',
    async (name) => {
      expect(await callPastPreload(name, 'page')).toMatchObject(REFUSED)
    },
  )

  test('are refused with every request that the contract does not know', async () => {
    const calls = malformedCalls()
    const accepted = await app.window.evaluate(async (all) => {
      const bridge: UntypedBridge = window.addCow
      const found: string[] = []
      for (const { name, fault, request } of all) {
        const { ok, error } = await bridge.invoke(name, request)
        if (ok || error?.code !== 'invalid-argument') found.push(`${name}: ${fault}`)
      }
      return found
    }, calls)
    expect(accepted).toEqual([])
    expect(calls.length).toBeGreaterThan(500)
  })

  test('cannot lead out of a folder by a name', async () => {
    const baseId = await idOf('base.img')
    for (const name of ['../evil.add-cow', '/tmp/evil.add-cow', '..', 'a\\b', 'a\0b']) {
      const request = { kind: 'create', baseId, name, imageFileName: 'evil.raw' }
      expect(await call('job.start', request)).toMatchObject(REFUSED)
      const turned = { ...request, name: 'evil.add-cow', imageFileName: name }
      expect(await call('job.start', turned)).toMatchObject(REFUSED)
    }
  })

  test('reach no path that was not granted', async () => {
    const imageId = await idOf('work.add-cow')
    const target = join(directory, 'stolen.raw')
    const job = { kind: 'export', imageId, verify: false }
    for (const targetGrant of [target, '/etc/passwd', '../stolen.raw', 'constructor', '0']) {
      expect(await call('job.start', { ...job, targetGrant })).toMatchObject(REFUSED)
    }
    const base = { kind: 'rebase', imageId, namesOnly: true }
    for (const grant of ['/etc/shadow', 'a']) {
      const request = { ...base, base: { kind: 'picked', grant } }
      expect(await call('job.start', request)).toMatchObject(REFUSED)
    }
    for (const id of ['/etc/passwd', 'file:///etc/passwd', '__proto__', 'constructor']) {
      expect(await call('image.details', { id })).toMatchObject({ ok: false })
      expect(await call('map.bytes', { id, offset: 0, length: 512 })).toMatchObject({ ok: false })
      expect(await call('library.showInFolder', { id })).toMatchObject({ ok: false })
    }
    await expect(stat(target)).rejects.toThrow('ENOENT')
  })

  test('do not use a place for another purpose than it was picked for', async () => {
    await app.electron.evaluate(({ dialog }, folder) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [folder] })
    }, directory)
    const picked = await app.window.evaluate(() =>
      window.addCow.invoke('dialog.pickFolder', undefined),
    )
    if (!picked.ok || picked.value === undefined) throw new Error('Nothing was picked')
    const imageId = await idOf('work.add-cow')
    const job = { kind: 'export', imageId, verify: false, targetGrant: picked.value.id }
    expect(await call('job.start', job)).toMatchObject(REFUSED)
    const base = { kind: 'picked', grant: picked.value.id }
    const rebase = { kind: 'rebase', imageId, namesOnly: true, base }
    expect(await call('job.start', rebase)).toMatchObject(REFUSED)
  })

  test('agree to no name that no image has asked for', async () => {
    for (const name of ['/etc/shadow', 'nbd://example.org/disk']) {
      expect(await call('library.agree', { name })).toMatchObject(REFUSED)
      expect(await call('library.withdraw', { name })).toMatchObject(REFUSED)
    }
  })

  test('make no file up by a drop', async () => {
    const added = await app.window.evaluate(async () => {
      const made = new File(['x'], '/etc/passwd')
      Object.defineProperty(made, 'path', { value: '/etc/passwd' })
      return await window.addCow.addDropped([made])
    })
    expect(added).toMatchObject({ ok: true, value: { added: [], known: [] } })
    const tried = app.window.evaluate(async () => {
      const bridge: UntypedBridge = window.addCow
      return await bridge.addDropped([{ path: '/etc/passwd' }])
    })
    await expect(tried).rejects.toThrow()
    expect(await idOf('passwd')).toBe('')
  })

  test('pollute no prototype', async () => {
    const requests = [
      ['settings.change', '{"__proto__": {"polluted": true}}'],
      ['settings.change', '{"theme": "dark", "__proto__": {"polluted": true}}'],
      ['settings.change', '{"constructor": {"prototype": {"polluted": true}}}'],
      ['job.start', '{"__proto__": {"kind": "flatten"}, "imageId": "a", "verify": true}'],
      ['library.rescan', '{"__proto__": {"ids": ["a"], "polluted": true}}'],
    ] as const
    for (const [name, words] of requests) {
      expect(await callPastPreload(name, 'page', words)).toMatchObject(REFUSED)
      await app.window.evaluate(
        async ([command, request]) => {
          const bridge: UntypedBridge = window.addCow
          await bridge.invoke(command, JSON.parse(request))
        },
        [name, words.replace('"theme": "dark", ', '')] as const,
      )
    }
    const found = await app.electron.evaluate(() => 'polluted' in {} || 'theme' in {})
    expect(found).toBe(false)
    expect(await app.window.evaluate(() => 'polluted' in {})).toBe(false)
  })

  test('cannot be listened in on, nor the bridge bent', async () => {
    const bent = await app.window.evaluate(() => {
      const tries = [
        Reflect.set(window.addCow, 'invoke', () => 'mine'),
        Reflect.defineProperty(window.addCow, 'spy', { value: 1 }),
        Reflect.deleteProperty(window.addCow, 'on'),
        Reflect.set(window, 'addCow', {}),
        Reflect.setPrototypeOf(window.addCow, Array.prototype),
      ]
      return tries.filter(Boolean).length
    })
    expect(bent).toBe(0)
    const foreign = app.window.evaluate(() => {
      const on: unknown = Reflect.get(window.addCow, 'on')
      if (typeof on !== 'function') throw new Error('gone')
      Reflect.apply(on, undefined, ['ELECTRON_RENDERER_INVOKE', () => undefined])
    })
    await expect(foreign).rejects.toThrow('There is no event')
  })

  test('from a frame inside of the page do not exist, and would be refused', async () => {
    const has = await app.window.evaluate(() => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      const inner = frame.contentWindow
      return inner !== null && 'addCow' in inner
    })
    expect(has).toBe(false)
    expect(await callPastPreload('app.bootstrap', 'page')).toMatchObject({ ok: true })
    expect(await callPastPreload('app.bootstrap', 'frame')).toMatchObject(DENIED)
    await app.window.evaluate(() => document.querySelector('iframe')?.remove())
  })

  test('from another window are refused, even with our page and our preload in it', async () => {
    const answer = await app.electron.evaluate(async ({ BrowserWindow, app: application }, url) => {
      const preload = `${application.getAppPath()}/out/preload/index.cjs`
      const other = new BrowserWindow({ show: false, webPreferences: { preload } })
      await other.loadURL(url)
      const script = `addCow.invoke('app.bootstrap', undefined)`
      const told: unknown = await other.webContents.executeJavaScript(script)
      other.destroy()
      return told
    }, PAGE_URL)
    expect(answer).toMatchObject(DENIED)
  })

  test('from another page in our window are refused', async () => {
    await app.electron.evaluate(async ({ BrowserWindow }, url) => {
      await BrowserWindow.getAllWindows()[0]?.loadURL(url)
    }, `${web.origin}/page`)
    expect(await app.window.title()).toBe('elsewhere')
    expect(await call('app.bootstrap', undefined)).toMatchObject(DENIED)
    await app.electron.evaluate(async ({ BrowserWindow }, url) => {
      await BrowserWindow.getAllWindows()[0]?.loadURL(url)
    }, PAGE_URL)
    await row(app, 'work.add-cow').waitFor()
    expect(await call('app.bootstrap', undefined)).toMatchObject({ ok: true })
  })
})
