import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { app, BrowserWindow, nativeTheme, screen } from 'electron'
import { type EventName, type Events, eventChannel } from '../contract/commands'
import type { Log } from './log'
import type { WindowPlace } from './stored-data'
import { MIN_HEIGHT, MIN_WIDTH, placeWindow } from './window-place'

/** The frame colour of the page, so that nothing flashes before its first paint. */
const BACKGROUND = { light: '#eef0f3', dark: '#15171b' } as const
const EMPTY_PAGE = 'about:blank'
/** A page that crashes again so soon after it was loaded anew would do so for ever. */
const CRASH_LOOP_MS = 10_000

export interface WindowOptions {
  readonly url: string
  readonly title: string
  /** Where it was when it was last open. */
  readonly place: WindowPlace | undefined
  readonly log: Log
}

interface WindowEvents {
  focus: []
  /** The person closes it; may be prevented. */
  close: [event: { preventDefault(): void }]
  place: [place: WindowPlace]
}

/** The application's one window, which on a Mac may be closed while the application goes on. */
export class MainWindow extends EventEmitter<WindowEvents> {
  private window: BrowserWindow | undefined
  private place: WindowPlace | undefined

  constructor(private readonly options: WindowOptions) {
    super()
    this.place = options.place
  }

  get current(): BrowserWindow | undefined {
    return this.window
  }

  /** Brings the window to the front; opens it where there is none. */
  show(): void {
    if (this.window === undefined) {
      this.open()
      return
    }
    if (this.window.isMinimized()) this.window.restore()
    this.window.show()
    this.window.focus()
  }

  /** Tells the page; a page that is not there yet asks for everything when it comes. */
  send<Name extends EventName>(name: Name, event: Events[Name]): void {
    this.window?.webContents.send(eventChannel(name), event)
  }

  /** The window shows itself when there is something to see. */
  private open(): void {
    const { url, title, log } = this.options
    const { place } = this
    const window = createWindow(title, place)
    window.once('ready-to-show', () => {
      if (place?.maximized === true) window.maximize()
      window.show()
    })
    window.on('close', (event) => this.emit('close', event))
    window.on('focus', () => this.emit('focus'))
    window.once('closed', () => {
      this.window = undefined
    })
    this.rememberPlace(window)
    reloadAfterCrash(window, log)
    comeBack(window, url, log)
    window.loadURL(url).catch((error: unknown) => log.error(`Cannot load ${url}`, error))
    this.window = window
  }

  private rememberPlace(window: BrowserWindow): void {
    const tell = (): void => {
      if (window.isMinimized() || window.isFullScreen()) return
      this.place = { ...window.getNormalBounds(), maximized: window.isMaximized() }
      this.emit('place', this.place)
    }
    window.on('resize', tell)
    window.on('move', tell)
    window.on('maximize', tell)
    window.on('unmaximize', tell)
  }
}

function createWindow(title: string, place: WindowPlace | undefined): BrowserWindow {
  const areas = screen.getAllDisplays().map((display) => display.workArea)
  return new BrowserWindow({
    ...placeWindow(place, areas),
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    title,
    show: false,
    backgroundColor: BACKGROUND[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
    webPreferences: {
      preload: join(import.meta.dirname, '../preload/index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      devTools: !app.isPackaged,
      spellcheck: false,
    },
  })
}

/**
 * Shows our page again after the empty one, to which Chromium goes without asking anybody: it has
 * no more rights than ours, but nothing leads back from it. All others are refused by `lockDown`.
 */
function comeBack(window: BrowserWindow, url: string, log: Log): void {
  window.webContents.on('did-navigate', (_event, shown) => {
    if (shown !== EMPTY_PAGE) return
    log.warn(`Denied: navigation to ${shown}`)
    window.loadURL(url).catch((error: unknown) => log.error(`Cannot load ${url}`, error))
  })
}

function reloadAfterCrash(window: BrowserWindow, log: Log): void {
  let reloadedAt = -Infinity
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    log.error(`The page ended: ${reason}, exit code ${exitCode}`)
    if (reason === 'clean-exit' || Date.now() - reloadedAt < CRASH_LOOP_MS) return
    reloadedAt = Date.now()
    window.reload()
  })
}
