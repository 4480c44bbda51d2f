/*
 * What the page could be made to do by a text that was not told apart from code: to go elsewhere,
 * to open windows, to run what is not ours, to read files, to ask for what a person would be asked
 * for.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PAGE_ORIGIN, PAGE_URL } from '../../electron/main/page-files'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { startWebServer, type WebServer } from './support/web-server'

describeNeeding(electron, 'the page', () => {
  let profile: string
  let app: RunningApp
  let web: WebServer
  let logFile: string

  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), 'add-cow-page-'))
    web = await startWebServer()
    app = await launchApp({ profile })
    await app.window.getByRole('main').waitFor()
    logFile = await app.electron.evaluate(
      ({ app: running }) => `${running.getPath('logs')}/main.log`,
    )
    await app.window.evaluate(() => Reflect.set(globalThis, 'stillHere', true))
  })

  afterAll(async () => {
    await app.close()
    await web.close()
    await rm(profile, { recursive: true, force: true })
  })

  /** Waits until the main process has said that it denied something. */
  async function denied(what: string): Promise<void> {
    await expect.poll(() => readFile(logFile, 'utf8')).toContain(`Denied: ${what}`)
  }

  /** There is one window, it shows our page, and that was not loaded anew. */
  async function nothingHappened(): Promise<void> {
    const all = await app.electron.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => contents.getURL()),
    )
    expect(all).toEqual([PAGE_URL])
    expect(await app.window.evaluate(() => 'stillHere' in globalThis)).toBe(true)
    expect(web.requests).toEqual([])
  }

  /** Puts a link into the page, on top of everything. */
  async function link(attributes: Readonly<Record<string, string>>): Promise<void> {
    await app.window.evaluate((given) => {
      document.querySelector('#trap')?.remove()
      const anchor = document.createElement('a')
      anchor.id = 'trap'
      anchor.textContent = 'a way out'
      for (const [name, value] of Object.entries(given)) anchor.setAttribute(name, value)
      const { style } = anchor
      style.setProperty('position', 'fixed')
      style.setProperty('inset', '0 auto auto 0')
      style.setProperty('z-index', '1000')
      document.body.append(anchor)
    }, attributes)
  }

  /** Presses it at its place: the driver's own click waits for a navigation that never comes. */
  async function press(button: 'left' | 'middle' = 'left', key?: string): Promise<void> {
    if (key !== undefined) await app.window.keyboard.down(key)
    await app.window.mouse.click(6, 6, { button })
    if (key !== undefined) await app.window.keyboard.up(key)
  }

  async function unlink(): Promise<void> {
    await app.window.evaluate(() => document.querySelector('#trap')?.remove())
  }

  /** Adds a frame, a script, an image... and resolves with the event that its loading ended in. */
  async function embed(tag: string, attributes: Readonly<Record<string, string>>): Promise<string> {
    return await app.window.evaluate(
      async ([name, given]) => {
        const element = document.createElement(name)
        for (const [key, value] of Object.entries(given)) element.setAttribute(key, value)
        const ended = new Promise<string>((resolve) => {
          element.addEventListener('load', () => resolve('load'))
          element.addEventListener('error', () => resolve('error'))
          document.addEventListener('securitypolicyviolation', () => resolve('error'), {
            once: true,
          })
        })
        document.body.append(element)
        const how = await ended
        element.remove()
        return how
      },
      [tag, attributes] as const,
    )
  }

  test.each(['http', 'data', 'app', 'chrome', 'file', 'foreign host of our scheme'])(
    'goes nowhere by a script: %s',
    async (kind) => {
      const urls: Readonly<Record<string, string>> = {
        http: `${web.origin}/by-script`,
        data: 'data:text/html,elsewhere',
        app: `${PAGE_ORIGIN}/assets/other.html`,
        chrome: 'chrome://gpu',
        file: 'file:///etc/passwd',
        'foreign host of our scheme': 'app://evil/index.html',
      }
      const url = urls[kind] ?? ''
      await app.window.evaluate((target) => {
        location.href = target
      }, url)
      // what Chromium itself refuses to a page does not come so far as to be denied by us
      if (kind === 'file' || kind === 'chrome') {
        await expect.poll(() => app.problems.join('\n')).toContain('Not allowed to load local')
      } else if (kind !== 'data') await denied(`navigation to ${url}`)
      await nothingHappened()
    },
  )

  test('goes nowhere by a link, a form or a refresh', async () => {
    await link({ href: `${web.origin}/by-link` })
    await press()
    await denied(`navigation to ${web.origin}/by-link`)
    await unlink()
    await app.window.evaluate(async (origin) => {
      const form = document.createElement('form')
      form.action = `${origin}/by-form`
      form.method = 'post'
      document.body.append(form)
      const violation = new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', resolve, { once: true })
      })
      form.submit()
      await violation
      form.remove()
      const refresh = document.createElement('meta')
      refresh.httpEquiv = 'refresh'
      refresh.content = `0; url=${origin}/by-refresh`
      document.head.append(refresh)
    }, web.origin)
    await denied(`navigation to ${web.origin}/by-refresh`)
    await nothingHappened()
  })

  test('opens no window by a script', async () => {
    for (const [index, url] of [
      `${web.origin}/by-open`,
      'about:blank',
      PAGE_URL,
      'file:///etc/passwd',
      '',
    ].entries()) {
      const opened = await app.window.evaluate(
        ([target, name]) => window.open(target, name, 'width=300,nodeIntegration=yes') !== null,
        [url, index % 2 === 0 ? '_blank' : 'other'] as const,
      )
      expect(opened, url).toBe(false)
    }
    await denied(`window for ${web.origin}/by-open`)
    await nothingHappened()
  })

  test.each([
    ['target=_blank', 'left', undefined, { target: '_blank' }],
    ['the middle button', 'middle', undefined, {}],
    ['Ctrl', 'left', 'Control', {}],
    ['Shift', 'left', 'Shift', {}],
  ] as const)('opens no window by a link with %s', async (how, button, key, attributes) => {
    const url = `${web.origin}/window-by-${encodeURIComponent(how)}`
    await link({ href: url, ...attributes })
    await press(button, key)
    await denied(`window for ${url}`)
    await unlink()
    await nothingHappened()
  })

  test('downloads nothing', async () => {
    await link({ href: 'data:application/octet-stream,stolen', download: 'stolen.bin' })
    await press()
    await denied('download of data:application/octet-stream')
    await unlink()
    await nothingHappened()
  })

  test('runs no script from elsewhere, and none that stands in it', async () => {
    const sources = [
      `${web.origin}/remote.js`,
      'data:text/javascript,globalThis.ranRemotely=true',
      'app://evil/remote.js',
      'file:///tmp/remote.js',
    ]
    for (const src of sources) expect(await embed('script', { src }), src).toBe('error')
    expect(await embed('script', { src: sources[0] ?? '', type: 'module' })).toBe('error')
    const ran = await app.window.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'globalThis.ranRemotely = true'
      document.body.append(script)
      script.remove()
      const box = document.createElement('div')
      box.innerHTML = '<img src="data:," onerror="globalThis.ranRemotely = true">'
      document.body.append(box)
      await new Promise((resolve) => {
        box.firstElementChild?.addEventListener('error', resolve)
      })
      box.remove()
      location.href = 'javascript:globalThis.ranRemotely = true'
      await new Promise((resolve) => setTimeout(resolve))
      return Reflect.get(globalThis, 'ranRemotely') === true
    })
    expect(ran).toBe(false)
    await nothingHappened()
  })

  test('makes no code of text', async () => {
    // in a callback of the page, where no debugger has a say
    const outcomes = await app.window.evaluate(
      () =>
        new Promise<readonly string[]>((resolve) => {
          setTimeout(() => {
            const outcome = (work: () => unknown): string => {
              try {
                return String(work())
              } catch (error) {
                return error instanceof Error ? error.name : 'thrown'
              }
            }
            const made: unknown = Reflect.get(globalThis, 'Function')
            resolve([
              outcome(() => Reflect.apply(Reflect.get(globalThis, 'eval'), undefined, ['1 + 1'])),
              outcome(() => typeof made === 'function' && Reflect.construct(made, ['return 1'])),
              outcome(() => {
                Reflect.apply(setTimeout, undefined, ['globalThis.ranRemotely = true', 0])
                return 'nothing thrown'
              }),
              outcome(() => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))),
            ])
          })
        }),
    )
    expect(outcomes).toEqual(['EvalError', 'EvalError', 'nothing thrown', 'CompileError'])
    expect(await app.window.evaluate(() => 'ranRemotely' in globalThis)).toBe(false)
  })

  test('has no frame, plug-in, style or image from elsewhere', async () => {
    const url = `${web.origin}/embedded`
    // a frame that is refused loads an empty page of an error: what counts is who was asked
    await embed('iframe', { src: url })
    await embed('iframe', { srcdoc: '<script>parent.ranRemotely = true</script>' })
    expect(await app.window.evaluate(() => 'ranRemotely' in globalThis)).toBe(false)
    expect(await embed('object', { data: url })).toBe('error')
    expect(await embed('embed', { src: url })).toBe('error')
    expect(await embed('img', { src: url })).toBe('error')
    expect(await embed('video', { src: url })).toBe('error')
    expect(await embed('link', { rel: 'stylesheet', href: url })).toBe('error')
    const style = await app.window.evaluate(() => {
      const sheet = document.createElement('style')
      sheet.textContent = 'body { opacity: 0.5 }'
      document.head.append(sheet)
      const { opacity } = getComputedStyle(document.body)
      sheet.remove()
      return opacity
    })
    expect(style).toBe('1')
    await nothingHappened()
  })

  test('cannot move its own foundation', async () => {
    const base = await app.window.evaluate((origin) => {
      const element = document.createElement('base')
      element.href = `${origin}/`
      document.head.append(element)
      const { baseURI } = document
      element.remove()
      return baseURI
    }, web.origin)
    expect(base).toBe(PAGE_URL)
  })

  test('has no webview', async () => {
    const made = await app.window.evaluate((url) => {
      const view = document.createElement('webview')
      view.setAttribute('src', url)
      view.setAttribute('nodeintegration', '')
      document.body.append(view)
      const inside = 'loadURL' in view || 'executeJavaScript' in view
      view.remove()
      return inside
    }, `${web.origin}/webview`)
    expect(made).toBe(false)
    await nothingHappened()
  })

  test('talks to nobody but the main process', async () => {
    const reached = await app.window.evaluate(async (origin) => {
      const tries: Readonly<Record<string, () => unknown>> = {
        fetch: () => fetch(`${origin}/fetch`, { mode: 'no-cors' }),
        beacon: () => navigator.sendBeacon(`${origin}/beacon`, 'x') || Promise.reject(new Error()),
        socket: () =>
          new Promise((resolve, reject) => {
            const socket = new WebSocket(origin.replace('http', 'ws'))
            socket.onopen = resolve
            socket.onerror = reject
          }),
        events: () =>
          new Promise((resolve, reject) => {
            const source = new EventSource(`${origin}/events`)
            source.onopen = resolve
            source.onerror = reject
          }),
        worker: () =>
          new Promise((resolve, reject) => {
            const worker = new Worker(URL.createObjectURL(new Blob(['postMessage(1)'])))
            worker.onmessage = resolve
            worker.onerror = reject
          }),
        'service worker': () => navigator.serviceWorker.register('/index.html'),
        file: () => fetch('file:///etc/passwd'),
      }
      const found: string[] = []
      for (const [name, work] of Object.entries(tries)) {
        try {
          await work()
          found.push(name)
        } catch {
          // as it should be
        }
      }
      return found
    }, web.origin)
    // a beacon is taken, and goes nowhere: see below
    expect(reached.filter((name) => name !== 'beacon')).toEqual([])
    await nothingHappened()
  })

  test('reads no file but its own', async () => {
    const paths = [
      'file:///etc/passwd',
      `${PAGE_ORIGIN}/../main/index.js`,
      `${PAGE_ORIGIN}/%2e%2e/main/index.js`,
      `${PAGE_ORIGIN}/..%2fmain%2findex.js`,
      `${PAGE_ORIGIN}/..%5cmain%5cindex.js`,
      `${PAGE_ORIGIN}//etc/passwd`,
      `${PAGE_ORIGIN}/%2fetc%2fpasswd`,
      `${PAGE_ORIGIN}${homedir()}/.bashrc`,
      'app://evil/index.html',
    ]
    const read = await app.window.evaluate(async (all) => {
      const found: string[] = []
      for (const path of all) {
        const response = await fetch(path).catch(() => undefined)
        if (response?.ok === true) found.push(path)
      }
      return found
    }, paths)
    expect(read).toEqual([])
    expect(await embed('img', { src: 'file:///usr/share/pixmaps/debian-logo.png' })).toBe('error')
  })

  test('is given no permission, and can ask for none', async () => {
    const outcomes = await app.window.evaluate(async () => {
      const names = [
        'camera',
        'microphone',
        'geolocation',
        'notifications',
        'clipboard-read',
        'midi',
        'persistent-storage',
        'idle-detection',
        'screen-wake-lock',
        'local-fonts',
        'window-management',
        'storage-access',
      ]
      const granted: string[] = []
      for (const name of names) {
        try {
          const query: unknown = Reflect.apply(
            Reflect.get(navigator.permissions, 'query'),
            navigator.permissions,
            [{ name }],
          )
          const status = await query
          if (status instanceof PermissionStatus && status.state === 'granted') granted.push(name)
        } catch {
          // one that this Chromium does not know
        }
      }
      const got = async (name: string, work: () => Promise<unknown> | undefined): Promise<void> => {
        try {
          const answer = await work()
          const nothing = answer === 'denied' || (Array.isArray(answer) && answer.length === 0)
          if (!nothing) granted.push(`asked: ${name}`)
        } catch {
          // as it should be
        }
      }
      const device = (name: string, method: string, ...given: unknown[]): Promise<unknown> => {
        const api: unknown = Reflect.get(navigator, name)
        if (typeof api !== 'object' || api === null) throw new Error('no such thing')
        const work: unknown = Reflect.get(api, method)
        if (typeof work !== 'function') throw new Error('no such thing')
        return Promise.resolve(Reflect.apply(work, api, given))
      }
      await got('notifications', () => Notification.requestPermission())
      await got('camera', () => navigator.mediaDevices.getUserMedia({ video: true }))
      await got('microphone', () => navigator.mediaDevices.getUserMedia({ audio: true }))
      await got('screen', () => navigator.mediaDevices.getDisplayMedia())
      await got('clipboard-read', () => navigator.clipboard.readText())
      await got('midi', () => navigator.requestMIDIAccess({ sysex: true }))
      await got('geolocation', () => {
        return new Promise((resolve, reject) => {
          navigator.geolocation.getCurrentPosition(resolve, reject)
        })
      })
      await got('usb', () => device('usb', 'requestDevice', { filters: [] }))
      await got('hid', () => device('hid', 'requestDevice', { filters: [] }))
      await got('serial', () => device('serial', 'requestPort'))
      await got('bluetooth', () => device('bluetooth', 'requestDevice', { acceptAllDevices: true }))
      return granted
    })
    expect(outcomes).toEqual([])
    await denied('permission media')
    await denied('permission notifications')
    await denied('permission clipboard-read')
  })

  test('is shut in by what its window was opened with', async () => {
    const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      const found: unknown = contents && Reflect.get(contents, 'getLastWebPreferences')
      const all: unknown = typeof found === 'function' && Reflect.apply(found, contents, [])
      return typeof all === 'object' && all !== null ? Object.fromEntries(Object.entries(all)) : {}
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
    })
    const shared = await app.window.evaluate(() => 'SharedArrayBuffer' in globalThis)
    expect(shared).toBe(false)
  })

  test('comes back from the empty page, to which Chromium lets everybody go', async () => {
    await app.window.evaluate(() => {
      location.href = 'about:blank'
    })
    await denied('navigation to about:blank')
    await app.window.getByRole('main').waitFor()
    await app.window.evaluate(() => Reflect.set(globalThis, 'stillHere', true))
    await nothingHappened()
  })
})
