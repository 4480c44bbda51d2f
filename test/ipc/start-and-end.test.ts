import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HandedFiles, handOverSchema, handedFiles } from '../../electron/main/handed-files'
import { QuitGuard } from '../../electron/main/quit-guard'
import { SettingsStore } from '../../electron/main/settings'
import { textsFor } from '../../electron/main/texts'
import { placeWindow } from '../../electron/main/window-place'

describe('the files of a start', () => {
  test.each([
    [['/opt/add-cow', 'a.raw', '/b.raw'], false, ['/here/a.raw', '/b.raw']],
    [['electron', '/the/app', 'a.raw'], true, ['/here/a.raw']],
    [['electron', '--no-sandbox', '/the/app', '--x', 'a.raw'], true, ['/here/a.raw']],
    [['electron', '/the/app'], true, []],
    [['/opt/add-cow', ''], false, []],
    [['/opt/add-cow', 'file:///srv/my%20disk.add-cow'], false, ['/srv/my disk.add-cow']],
    [['/opt/add-cow', 'file://elsewhere/a.raw'], false, ['file://elsewhere/a.raw']],
    [['/opt/add-cow', 'file:///srv/a%2Fb'], false, ['file:///srv/a%2Fb']],
  ])('are the words of %j that are neither program nor switch', (argv, hasAppPath, files) => {
    expect(handedFiles(argv, hasAppPath, '/here')).toEqual(files)
  })

  test('wait for a page, and go on at once when there is one', () => {
    const add = vi.fn()
    const handed = new HandedFiles(add)
    handed.take(['/a'])
    handed.take(['/b'])
    expect(add).not.toHaveBeenCalled()
    handed.pageIsThere()
    expect(add).toHaveBeenCalledExactlyOnceWith(['/a', '/b'])
    handed.pageIsThere()
    handed.take([])
    handed.take(['/c'])
    expect(add).toHaveBeenCalledTimes(2)
    expect(add).toHaveBeenLastCalledWith(['/c'])
  })

  test('from another start are taken only as a list of names', () => {
    expect(handOverSchema.safeParse({ files: ['/a'] }).success).toBe(true)
    for (const data of [undefined, null, ['/a'], { files: '/a' }, { files: [1] }]) {
      expect(handOverSchema.safeParse(data).success).toBe(false)
    }
  })
})

const NOTHING = { jobs: 0, exports: 0, clients: 0 }

describe('the wish to quit', () => {
  const event = { preventDefault: vi.fn() }
  const options = {
    underWay: vi.fn(() => NOTHING),
    ask: vi.fn(() => Promise.resolve(true)),
    stop: vi.fn(() => Promise.resolve()),
    save: vi.fn(() => Promise.resolve()),
    quit: vi.fn(),
  }
  beforeEach(() => {
    vi.clearAllMocks()
    options.underWay.mockReturnValue(NOTHING)
    options.ask.mockResolvedValue(true)
    options.stop.mockResolvedValue()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is granted without a question while nothing runs, after saving', async () => {
    const guard = new QuitGuard(options)
    await guard.hold(event)
    expect(options.ask).not.toHaveBeenCalled()
    expect(options.save).toHaveBeenCalledBefore(options.quit)
    expect(guard.passed).toBe(true)
    expect(event.preventDefault).toHaveBeenCalledOnce()
    await guard.hold(event)
    expect(event.preventDefault).toHaveBeenCalledOnce()
  })

  test('is not granted where the person stays; jobs go on', async () => {
    options.underWay.mockReturnValue({ ...NOTHING, jobs: 2 })
    options.ask.mockResolvedValue(false)
    const guard = new QuitGuard(options)
    await guard.hold(event)
    expect(options.ask).toHaveBeenCalledExactlyOnceWith({ ...NOTHING, jobs: 2 })
    for (const never of [options.stop, options.save, options.quit]) {
      expect(never).not.toHaveBeenCalled()
    }
    options.ask.mockResolvedValue(true)
    await guard.hold(event)
    expect(options.quit).toHaveBeenCalledOnce()
  })

  test('asks once, however often it comes', async () => {
    options.underWay.mockReturnValue({ ...NOTHING, jobs: 1 })
    const guard = new QuitGuard(options)
    await Promise.all([guard.hold(event), guard.hold(event), guard.hold(event)])
    expect(options.ask).toHaveBeenCalledOnce()
    expect(options.quit).toHaveBeenCalledOnce()
    expect(event.preventDefault).toHaveBeenCalledTimes(3)
  })

  test('waits for jobs to stop before it saves, but not for ever', async () => {
    vi.useFakeTimers()
    options.underWay.mockReturnValue({ ...NOTHING, jobs: 1 })
    options.stop.mockReturnValue(new Promise(() => undefined))
    const held = new QuitGuard(options).hold(event)
    await vi.advanceTimersByTimeAsync(14_000)
    expect(options.stop).toHaveBeenCalledOnce()
    expect(options.save).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2000)
    await held
    expect(options.save).toHaveBeenCalledBefore(options.quit)
  })
})

describe('the place of the window', () => {
  const screen = { x: 0, y: 0, width: 1920, height: 1040 }
  const second = { x: 1920, y: 0, width: 1280, height: 1024 }
  const place = { x: 100, y: 50, width: 1000, height: 700, maximized: false }

  test('is the one that is remembered', () => {
    const { x, y, width, height } = place
    const bounds = { x, y, width, height }
    expect(placeWindow(place, [screen])).toEqual(bounds)
    expect(placeWindow({ ...place, x: 2000 }, [screen, second])).toEqual({ ...bounds, x: 2000 })
  })

  test.each([
    ['its display is gone', { ...place, x: 2000 }],
    ['it is below the display', { ...place, y: 1030 }],
    ['its title bar is above the display', { ...place, y: -200 }],
    ['it is left of the display', { ...place, x: -950 }],
  ])('is for the system to find where %s', (_why, remembered) => {
    expect(placeWindow(remembered, [screen])).toEqual({ width: 1280, height: 800 })
  })

  test('is no larger than the display, and no smaller than the window can be', () => {
    const small = { x: 0, y: 0, width: 1024, height: 740 }
    expect(placeWindow(undefined, [small])).toEqual({ width: 1024, height: 740 })
    expect(placeWindow({ ...place, width: 5000 }, [screen]).width).toBe(1920)
    expect(placeWindow({ ...place, width: 300 }, [screen]).width).toBe(900)
    expect(placeWindow(undefined, [])).toEqual({ width: 1280, height: 800 })
  })
})

describe('settings', () => {
  test('are the defaults but for what is kept, and tell of a change', () => {
    const settings = new SettingsStore({ theme: 'dark' })
    const onChange = vi.fn()
    settings.on('change', onChange)
    expect(settings.current).toEqual({
      ...{ theme: 'dark', language: 'system', verifyByDefault: true, simultaneousJobs: 1 },
      ...{ cacheMiB: 4, units: 'binary', notify: true },
    })
    expect(settings.change({ language: 'de' })).toMatchObject({ theme: 'dark', language: 'de' })
    expect(onChange).toHaveBeenCalledOnce()
  })

  test('decide the language, or leave it to the system', () => {
    const language = (setting: 'system' | 'de' | 'en', locale: string): string =>
      textsFor(setting, locale).menu.quit
    expect(language('system', 'de-AT')).toBe('Beenden')
    expect(language('system', 'en-GB')).toBe('Quit')
    expect(language('system', 'fr')).toBe('Quit')
    expect(language('de', 'en-GB')).toBe('Beenden')
    expect(language('en', 'de')).toBe('Quit')
  })
})
