import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Adder } from '../../electron/main/library/adder'
import { Library } from '../../electron/main/library/library'
import { type ScanImage, Scanner } from '../../electron/main/library/scanner'
import {
  type DirectoryWatch,
  type OnDirectoryChange,
  Watcher,
} from '../../electron/main/library/watcher'
import type { FoundFiles, ScannedImage } from '../../electron/worker/calls'
import { EngineError } from '../../engine'
import { emptyLibrary } from './support/empty-library'
import { silentLog } from './support/silent-log'
import { imageFileOf, overlayScan, rawScan } from './support/scans'

const BASE = '/disks/base.raw'
const OVERLAY = '/disks/over.add-cow'
const NOT_AN_IMAGE = new EngineError('format/unrecognized', 'not an image')

/** What lies on the disk of these tests; what is missing here is no image. */
let files: Map<string, ScannedImage>
let library: Library
const scan = vi.fn<ScanImage>()
const nothing = (): void => undefined

beforeEach(() => {
  files = new Map([
    [BASE, rawScan(BASE)],
    [OVERLAY, overlayScan(OVERLAY, BASE)],
  ])
  library = emptyLibrary()
  scan.mockReset().mockImplementation((path) => {
    const found = files.get(path)
    return found === undefined ? Promise.reject(NOT_AN_IMAGE) : Promise.resolve(found)
  })
})

describe('adding', () => {
  const rescan = vi.fn()
  const inFolder = (...paths: string[]): FoundFiles => ({
    files: paths.map((path) => ({ path, inFolder: true })),
    refused: [],
  })
  const pointedAt = (...paths: string[]): FoundFiles => ({
    files: paths.map((path) => ({ path, inFolder: false })),
    refused: [],
  })
  const add = (found: FoundFiles): ReturnType<Adder['add']> =>
    new Adder({ library, find: () => Promise.resolve(found), scan, rescan }).add(['whatever'])

  test('takes each image once, and says what it knows already', async () => {
    const first = await add(pointedAt(BASE, OVERLAY))
    expect(first).toEqual({
      added: [library.idOf(BASE), library.idOf(OVERLAY)],
      known: [],
      refused: [],
    })
    expect(await add(pointedAt(BASE))).toEqual({ added: [], known: [first.added[0]], refused: [] })
    expect(library.ids()).toHaveLength(2)
  })

  test('takes an image once that is added twice at the same time', async () => {
    const results = await Promise.all([add(pointedAt(BASE)), add(pointedAt(BASE))])
    expect(results.flatMap((result) => result.added)).toHaveLength(1)
    expect(results.flatMap((result) => result.known)).toHaveLength(1)
  })

  test('refuses what is no image, and goes on with the rest', async () => {
    const refusedBefore = { path: '/gone', error: NOT_AN_IMAGE.toData() }
    const found = { ...pointedAt('/disks/text.txt', BASE), refused: [refusedBefore] }
    expect(await add(found)).toEqual({
      added: [library.idOf(BASE)],
      known: [],
      refused: [refusedBefore, { path: '/disks/text.txt', error: NOT_AN_IMAGE.toData() }],
    })
  })

  test('adds what waited for a yes after it, and nothing else', async () => {
    const waits = (target: string): EngineError =>
      new EngineError('chain/needs-consent', 'It leads elsewhere', { path: OVERLAY, target })
    scan.mockRejectedValueOnce(waits('/a')).mockRejectedValueOnce(waits('/b'))
    const adder = new Adder({
      ...{ library, scan, rescan },
      find: (paths) => Promise.resolve(pointedAt(...paths)),
    })
    expect((await adder.add([OVERLAY, BASE])).refused).toHaveLength(2)
    await adder.addWaiting('/a')
    expect(library.records().map(({ path }) => path)).toEqual([OVERLAY])
    await adder.addWaiting('/a')
    expect(scan).toHaveBeenCalledTimes(3)
  })

  test('looks again at who waits for a yes to what is added now', async () => {
    const problem = new EngineError('chain/needs-consent', 'It leads elsewhere', { target: BASE })
    const { chain, ...found } = overlayScan(OVERLAY, BASE)
    const waits = { layers: chain.layers.slice(0, 1), problem: problem.toData() }
    scan.mockResolvedValueOnce({ ...found, chain: waits })
    await add(pointedAt(OVERLAY))
    expect(rescan).toHaveBeenLastCalledWith([])
    await add(pointedAt(BASE))
    expect(rescan).toHaveBeenLastCalledWith([library.idOf(OVERLAY)])
  })

  test('takes what calls itself raw for raw, whatever it begins with', async () => {
    const settle = vi.spyOn(library, 'settle')
    const [top] = rawScan(BASE).chain.layers
    if (top === undefined) throw new Error('no layer')
    const guessed = { ...rawScan(BASE), chain: { layers: [{ ...top, format: 'qcow2' } as const] } }
    scan.mockResolvedValueOnce(guessed)
    await add(pointedAt(BASE))
    expect(settle).toHaveBeenCalledExactlyOnceWith(BASE, 'raw')
    expect(library.summaries()[0]?.format).toBe('raw')
  })

  test('leaves out the data of overlays in a folder, but not where it is pointed at', async () => {
    const data = imageFileOf(OVERLAY)
    files.set(data, rawScan(data))
    expect((await add(inFolder(BASE, OVERLAY, data))).added).toHaveLength(2)
    scan.mockClear()
    expect((await add(inFolder(data))).added).toEqual([])
    expect(scan, 'whose data it is was known').not.toHaveBeenCalled()
    expect((await add(pointedAt(data))).added).toHaveLength(1)
  })
})

describe('scanning', () => {
  const signatures = vi.fn<(lists: readonly (readonly string[])[]) => Promise<string[]>>()
  let scanner: Scanner
  let base: string
  let overlay: string
  beforeEach(() => {
    signatures.mockReset()
    scanner = new Scanner({ library, scan, signatures })
    base = library.add(BASE, rawScan(BASE))
    overlay = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
  })
  const states = (): string[] => library.summaries().map((image) => image.state)
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

  test('brings in what it finds, and why it finds nothing', async () => {
    files.delete(BASE)
    scanner.request([base, overlay])
    await settle()
    expect(states()).toEqual(['unreadable', 'ok'])
  })

  test('looks once at what was asked for twice, and again at what changed meanwhile', async () => {
    scanner.request([base])
    scanner.request([base])
    await Promise.resolve()
    await Promise.resolve()
    scanner.request([base])
    await settle()
    expect(scan).toHaveBeenCalledTimes(2)
  })

  test('looks at a few images at a time', async () => {
    let running = 0
    let most = 0
    scan.mockImplementation(async (path) => {
      running += 1
      most = Math.max(most, running)
      await settle()
      running -= 1
      return rawScan(path)
    })
    const ids = Array.from({ length: 20 }, (_, n) => library.add(`/d/${n}`, rawScan(`/d/${n}`)))
    scanner.request(ids)
    await vi.waitFor(() => expect(scan).toHaveBeenCalledTimes(20))
    expect(most).toBe(4)
  })

  test('leaves images alone that a job writes to, and those that stand on them', async () => {
    library.setBusy(new Set([BASE]))
    scanner.request([base, overlay])
    await settle()
    expect(scan).not.toHaveBeenCalled()
  })

  test('of what changed looks at nothing else', async () => {
    scanner.request([base, overlay])
    await settle()
    scan.mockClear()
    signatures.mockResolvedValue([BASE, 'something else'])
    await scanner.requestChanged(library.ids())
    await settle()
    expect(signatures).toHaveBeenCalledWith([[BASE], [OVERLAY, imageFileOf(OVERLAY), BASE]])
    expect(scan.mock.calls.map(([path]) => path)).toEqual([OVERLAY])
  })

  test('knows what was seen when an image was added', async () => {
    signatures.mockResolvedValue([OVERLAY])
    await scanner.requestChanged([overlay])
    signatures.mockResolvedValue(['-'])
    await scanner.requestChanged([base])
    await settle()
    expect(scan.mock.calls.map(([path]) => path)).toEqual([BASE])
  })

  test('of what changed looks again at what could not be read', async () => {
    scanner.request([base, overlay])
    await settle()
    files.delete(BASE)
    scanner.request([base])
    await settle()
    scan.mockClear()
    signatures.mockResolvedValue([BASE, OVERLAY])
    await scanner.requestChanged(library.ids())
    await settle()
    expect(scan.mock.calls.map(([path]) => path)).toEqual([BASE])
  })

  test('asks nothing of what waits for its first look since the start', async () => {
    const records = library.records()
    library = new Library({
      records,
      ...{ onChange: nothing, onRecordsChange: nothing, onFormat: nothing },
    })
    scanner = new Scanner({ library, scan, signatures })
    await scanner.requestChanged(library.ids())
    await settle()
    expect(signatures).not.toHaveBeenCalled()
    expect(scan).not.toHaveBeenCalled()
  })

  test('an image is to be looked after once, and again when it stands on other files', async () => {
    expect(library.takeUnfollowed()).toEqual([base, overlay])
    expect(library.takeUnfollowed()).toEqual([])
    scanner.request([base, overlay])
    await settle()
    expect(library.takeUnfollowed()).toEqual([])
    files.set(OVERLAY, overlayScan(OVERLAY, '/elsewhere/base.img'))
    scanner.request([overlay])
    await settle()
    expect(library.takeUnfollowed()).toEqual([overlay])
  })
})

describe('watching', () => {
  const open = new Map<string, { change: OnDirectoryChange; fail: (error: Error) => void }>()
  const denied = new Set<string>()
  const onChange = vi.fn()
  let watcher: Watcher

  function watch(directory: string, change: OnDirectoryChange): DirectoryWatch {
    if (denied.has(directory)) throw new Error('EACCES')
    const watch = { change, fail: (error: Error): void => expect.fail(error.message) }
    open.set(directory, watch)
    return {
      on: (_event, listener) => (watch.fail = listener),
      close: () => open.delete(directory),
    }
  }

  beforeEach(() => {
    vi.useFakeTimers()
    open.clear()
    denied.clear()
    onChange.mockReset()
    watcher = new Watcher({ watch, onChange, log: silentLog })
    return () => vi.useRealTimers()
  })

  test('follows the directories that it is given, and no others', () => {
    watcher.follow(new Set(['/a', '/b']))
    watcher.follow(new Set(['/b', '/c']))
    expect([...open.keys()]).toEqual(['/b', '/c'])
    watcher.close()
    expect([...open.keys()]).toEqual([])
    vi.runAllTimers()
    expect(onChange).not.toHaveBeenCalled()
  })

  test('gathers what happens in a moment', () => {
    watcher.follow(new Set(['/a', '/b']))
    open.get('/a')?.change('change', 'x')
    vi.advanceTimersByTime(300)
    open.get('/a')?.change('change', 'x')
    open.get('/b')?.change('rename', 'y')
    open.get('/b')?.change('change', null)
    vi.runAllTimers()
    expect(onChange).toHaveBeenCalledExactlyOnceWith(new Set(['/a/x', '/b/y']), new Set(['/b']))
    open.get('/a')?.change('change', 'z')
    vi.runAllTimers()
    expect(onChange).toHaveBeenLastCalledWith(new Set(['/a/z']), new Set())
  })

  test('goes on without a directory that cannot be watched, and tries it again', () => {
    denied.add('/denied')
    watcher.follow(new Set(['/denied', '/a']))
    expect([...open.keys()]).toEqual(['/a'])
    watcher.follow(new Set(['/denied', '/a']))
    vi.runAllTimers()
    expect(onChange).not.toHaveBeenCalled()
    denied.clear()
    watcher.follow(new Set(['/denied', '/a']))
    vi.runAllTimers()
    expect(onChange).toHaveBeenCalledExactlyOnceWith(new Set(), new Set(['/denied']))
  })

  test('tells that anything may have happened in one that it lost', () => {
    watcher.follow(new Set(['/a']))
    open.get('/a')?.fail(new Error('gone'))
    expect([...open.keys()]).toEqual([])
    vi.runAllTimers()
    expect(onChange).toHaveBeenCalledExactlyOnceWith(new Set(), new Set(['/a']))
    watcher.follow(new Set(['/a']))
    expect([...open.keys()]).toEqual(['/a'])
  })

  test('watches what is there now in the place of a directory that was removed or renamed', () => {
    watcher.follow(new Set(['/disks/a']))
    const before = open.get('/disks/a')
    before?.change('rename', 'a')
    vi.runAllTimers()
    expect(onChange).toHaveBeenCalledExactlyOnceWith(new Set(['/disks/a/a']), new Set(['/disks/a']))
    expect(open.get('/disks/a')).not.toBe(before)
    denied.add('/disks/a')
    open.get('/disks/a')?.change('rename', 'a')
    vi.runAllTimers()
    expect([...open.keys()]).toEqual([])
    expect(onChange).toHaveBeenCalledTimes(2)
  })
})
