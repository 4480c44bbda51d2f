/*
 * Puts the parts of the main process together. Data goes one way round: the window asks through the
 * dispatcher, handlers change library, jobs or settings, and these tell the window, the files and
 * the desktop what is different now.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { app, clipboard, nativeTheme, session, shell } from 'electron'
import type { Bootstrap } from '../contract/commands'
import type { HostSettings } from '../worker/calls'
import { AgreedNames } from './agreed-names'
import { type Fact, commandHandlers } from './command-handlers'
import { Dialogs } from './dialogs'
import { EngineThreads } from './engine-threads'
import { Exports } from './exports/exports'
import { Grants } from './grants'
import { HandedFiles, handOverSchema } from './handed-files'
import { listenToWindow } from './ipc'
import { Dispatcher } from './ipc-dispatch'
import { type JobParts, createJobs } from './jobs'
import type { StoredJob } from './jobs/job-queue'
import { KeptFiles, type Remembered } from './kept-files'
import { type LibraryParts, createLibrary } from './library'
import { readLicences } from './licences'
import { type Log, openLog } from './log'
import { MapReader } from './map-reader'
import { setMenu } from './menu'
import { Presence } from './presence'
import { providePage } from './protocol'
import { QuitGuard } from './quit-guard'
import { lockDown } from './security'
import { SettingsStore } from './settings'
import { type Texts, textsFor } from './texts'
import { TrustLog } from './trust-log'
import { MainWindow } from './window'

/** What a page needs to draw the list, with time to spare. */
const FIRST_PAINT_MS = 250

/** What all parts stand on. */
interface Frame {
  readonly log: Log
  readonly kept: KeptFiles
  readonly agreed: AgreedNames
  readonly trust: TrustLog
  readonly hostSettings: () => () => HostSettings
  readonly engine: EngineThreads
  readonly window: MainWindow
  readonly dialogs: Dialogs
  readonly settings: SettingsStore
  readonly texts: () => Texts
}

/** From "Electron is ready" to "the window shows what was remembered, and scans are under way". */
export async function runApplication(files: readonly string[]): Promise<void> {
  const logFile = join(app.getPath('logs'), 'main.log')
  const log = openLog(logFile, app.getName(), !app.isPackaged)
  log.info(`${app.getName()} ${app.getVersion()}, Electron ${process.versions.electron}`)
  // Going on is safe: this thread writes to no image. Electron itself would show a stack trace.
  process.on('uncaughtException', (error) => log.error('Uncaught', error))
  process.on('unhandledRejection', (error) => log.error('Unhandled', error))
  lockDown(session.defaultSession, log)
  const page = providePage()

  const kept = new KeptFiles(app.getPath('userData'), log)
  const remembered = await kept.load()
  const settings = new SettingsStore(remembered.settings)
  const trust = new TrustLog()
  trust.setAgreed(remembered.agreedNames)
  const agreed = new AgreedNames(remembered.agreedNames, (names) => {
    trust.setAgreed(names)
    kept.agreedNames.schedule(() => ({ version: 1, names }))
  })
  const hostSettings = (): (() => HostSettings) => {
    const news = trust.reader()
    return () => ({ cacheBytes: settings.cacheBytes, trust: news() })
  }
  const engine = new EngineThreads(() => newThread('worker.js'), log, hostSettings)
  const window = new MainWindow({
    url: page.url,
    title: app.getName(),
    place: remembered.place,
    log,
  })
  const texts = (): Texts => textsFor(settings.current.language, app.getLocale())
  const dialogs = new Dialogs(() => window.current, texts)
  const frame: Frame = {
    ...{ log, kept, agreed, trust, hostSettings, engine, window, dialogs, settings, texts },
  }

  const images = startLibrary(frame, remembered)
  const { jobs, exports } = startWork(frame, images, remembered.jobs)
  const handed = new HandedFiles((paths) => void addHanded(frame, images, paths))
  const scanOnce = scanAfterPaint(images, log)
  const handlers = commandHandlers({
    ...{ ...images, ...jobs, exports, agreed, settings, dialogs, engine },
    facts: facts(),
    grants: new Grants(),
    maps: new MapReader({
      ...{ library: images.library, engine },
      onProgress: (progress) => window.send('map.progress', progress),
    }),
    desktop: {
      copyText: (text) => clipboard.writeText(text),
      showInFolder: (path) => shell.showItemInFolder(path),
      showLog: () => shell.showItemInFolder(logFile),
    },
    licences: () => readLicences(app.getAppPath()),
    sampleFolder: join(app.getPath('userData'), 'samples'),
    onBootstrap: () => {
      handed.pageIsThere()
      scanOnce()
    },
  })
  const callers = { window: () => window.current?.webContents, origin: page.origin }
  listenToWindow(new Dispatcher(handlers, callers, log), (paths) => images.adder.add(paths))

  followSettings(frame, jobs, logFile)
  guardQuit(frame, jobs, exports)
  takeHandedFiles(frame, handed, files)
  keepPlace(frame)
  lookAgainOnFocus(frame, images)
  window.show()
  tellTrouble(frame, remembered.setAside)
}

/**
 * A thread for the engine. Its young generation is kept small: left alone it grows by some 25 MiB
 * with the number of requests, more than all that the engine itself holds.
 */
function newThread(entry: string): Worker {
  const resourceLimits = { maxYoungGenerationSizeMb: 12 }
  return new Worker(join(import.meta.dirname, entry), { resourceLimits })
}

function facts(): Pick<Bootstrap, Fact> {
  const { platform } = process
  const known = platform === 'linux' || platform === 'darwin' || platform === 'win32'
  return {
    version: app.getVersion(),
    electron: process.versions.electron,
    chromium: process.versions.chrome,
    node: process.versions.node,
    platform: known ? platform : 'other',
    locale: app.getLocale(),
  }
}

function startLibrary(
  { log, kept, agreed, trust, engine, window }: Frame,
  { images: records, folders }: Remembered,
): LibraryParts {
  const parts = createLibrary({
    ...{ records, folders, agreed, trust, engine, log },
    onChange: (event) => window.send('library.changed', event),
    onRecordsChange: (library) => {
      kept.library.schedule(() => ({ version: 1, images: library.records() }))
    },
    onFoldersChange: (state) => kept.folders.schedule(() => ({ version: 1, ...state })),
  })
  parts.follow()
  return parts
}

/**
 * To be called when the page has what is remembered: looks at all images, a moment after the first
 * call, so that the page has the processor for its first paint.
 */
function scanAfterPaint({ library, scanner, folders }: LibraryParts, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    timer ??= setTimeout(() => {
      scanner.request(library.ids())
      folders.look().catch((error: unknown) => log.error('Cannot look for new images', error))
    }, FIRST_PAINT_MS)
  }
}

/** Jobs and exports, each of which keeps files from the other. */
function startWork(
  frame: Frame,
  images: LibraryParts,
  history: readonly StoredJob[],
): { readonly jobs: JobParts; readonly exports: Exports } {
  const tellBusy = (): void => {
    images.library.setBusy(new Set([...jobs.queue.filesWritten(), ...exports.filesWritten()]))
  }
  const jobs = startJobs(frame, images, history, tellBusy)
  const exports = new Exports({
    libraryParts: images,
    claims: jobs.claims,
    spawn: () => newThread('export-worker.js'),
    hostSettings: frame.hostSettings,
    onChange: (snapshot) => frame.window.send('export.changed', snapshot),
    onRemoved: (id) => frame.window.send('export.removed', { id }),
    onFiles: tellBusy,
    log: frame.log,
  })
  return { jobs, exports }
}

function startJobs(
  { log, kept, agreed, engine, window, settings, texts }: Frame,
  libraryParts: LibraryParts,
  history: readonly StoredJob[],
  tellBusy: () => void,
): JobParts {
  const presence = new Presence(
    () => window.current,
    texts,
    () => settings.current.notify,
  )
  const parts = createJobs({
    ...{ history, agreed, engine, libraryParts, log },
    limit: () => settings.current.simultaneousJobs,
    onChange: (job) => {
      window.send('job.changed', job)
      presence.update(parts.queue.active())
    },
    onRemoved: (ids) => window.send('job.removed', { ids }),
    onTurn: (queue) => {
      tellBusy()
      kept.jobs.schedule(() => ({ version: 1, jobs: queue.stored() }))
    },
    onEnded: (job) => presence.ended(job),
    trash: (path) => shell.trashItem(path),
  })
  return parts
}

async function addHanded(
  { log, window }: Frame,
  { adder }: LibraryParts,
  paths: readonly string[],
): Promise<void> {
  try {
    window.send('library.added', await adder.add(paths))
  } catch (error) {
    log.error('Cannot add the files that were handed over', error)
  }
}

/** What is set takes effect at once, in all its places. */
function followSettings(
  { kept, window, settings, texts }: Frame,
  { queue }: JobParts,
  logFile: string,
): void {
  const apply = (): void => {
    const { theme } = settings.current
    nativeTheme.themeSource = theme === 'contrast' ? 'dark' : theme
    setMenu({
      texts: texts().menu,
      onAction: (action) => window.send('window.action', { action }),
      showLog: () => shell.showItemInFolder(logFile),
    })
  }
  apply()
  settings.on('change', () => {
    apply()
    kept.settings.schedule(() => settings.current)
    window.send('settings.changed', settings.current)
    queue.startWhatCan()
  })
}

/** On a Mac an application goes on without its window; everywhere else that is its end. */
function guardQuit(
  { kept, engine, window, dialogs, log }: Frame,
  { queue }: JobParts,
  exports: Exports,
): void {
  const guard = new QuitGuard({
    underWay: () => ({ jobs: queue.active().length, ...exports.inUse() }),
    ask: (work) => dialogs.confirmQuit(work),
    stop: async () => {
      queue.cancelAll()
      await Promise.all([queue.whenIdle(), exports.closeAll()])
    },
    save: async () => {
      await kept.save()
      await engine.close()
    },
    quit: () => app.quit(),
  })
  app.on('before-quit', (event) => {
    guard.hold(event).catch((error: unknown) => {
      log.error('Cannot quit in good order', error)
      app.exit(1)
    })
  })
  if (process.platform === 'darwin') {
    app.on('window-all-closed', () => undefined)
    app.on('activate', () => window.show())
    return
  }
  window.on('close', (event) => {
    if (guard.passed) return
    event.preventDefault()
    app.quit()
  })
}

function takeHandedFiles(
  { window, log }: Frame,
  handed: HandedFiles,
  files: readonly string[],
): void {
  handed.take(files)
  app.on('open-file', (event, path) => {
    event.preventDefault()
    handed.take([path])
  })
  app.on('second-instance', (_event, _argv, _folder, data) => {
    window.show()
    const given = handOverSchema.safeParse(data)
    if (given.success) handed.take(given.data.files)
    else log.warn('A second start handed over what is not understood')
  })
}

function keepPlace({ kept, window }: Frame): void {
  window.on('place', (place) => kept.window.schedule(() => place))
}

/** Watching misses what the system does not tell, such as changes on some network file systems. */
function lookAgainOnFocus(
  { window, log }: Frame,
  { library, scanner, folders, follow }: LibraryParts,
): void {
  window.on('focus', () => {
    follow()
    const looks = Promise.all([scanner.requestChanged(library.ids()), folders.look()])
    looks.catch((error: unknown) => log.error('Cannot look again', error))
  })
}

/** What the application could not read or write of its own files, a message each. */
function tellTrouble({ kept, dialogs, texts }: Frame, setAside: Remembered['setAside']): void {
  const told = new Set<string>()
  kept.on('saveFailed', (path, error) => {
    if (told.has(path)) return
    told.add(path)
    void dialogs.warn(texts().trouble.notSaved(path, error.message))
  })
  for (const { path, kept: name } of setAside)
    void dialogs.warn(texts().trouble.setAside(path, name))
}
