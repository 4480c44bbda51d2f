import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Adder } from '../../electron/main/library/adder'
import type { Library } from '../../electron/main/library/library'
import { type FoldersState, WatchedFolders } from '../../electron/main/library/watched-folders'
import { emptyLibrary } from './support/empty-library'
import { rawScan } from './support/scans'

const nothing = (): void => undefined
const A = '/disks/a.img'
const B = '/disks/b.img'
const BELOW = '/disks/more/c.img'

/** The files on disk. */
let files: string[]
let library: Library
let states: FoldersState[]
const find = vi.fn((paths: readonly string[]) =>
  Promise.resolve({
    files: files
      .filter((file) => paths.some((path) => file.lastIndexOf('/') === path.length))
      .map((path) => ({ path, inFolder: true })),
    refused: [],
  }),
)

beforeEach(() => {
  files = [A, B, BELOW]
  states = []
  find.mockClear()
  library = emptyLibrary()
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

function watched(stored: FoldersState = { folders: [], leftOut: [] }): WatchedFolders {
  const scan = (path: string) => Promise.resolve(rawScan(path))
  const adder = new Adder({ library, find, scan, rescan: nothing })
  const onChange = (state: FoldersState): void => void states.push(state)
  return new WatchedFolders({ stored, library, adder, onChange, onFailure: nothing })
}

const listed = (): string[] =>
  library
    .records()
    .map(({ path }) => path)
    .sort()

describe('a folder that is watched', () => {
  test('brings what is in it at once, and is kept', async () => {
    const folders = watched()
    expect((await folders.add('/disks')).added).toHaveLength(2)
    expect(listed()).toEqual([A, B])
    expect(states.at(-1)).toEqual({ folders: ['/disks'], leftOut: [] })
  })

  test('brings what comes later, once, whatever else is written to meanwhile', async () => {
    files = [A]
    const folders = watched()
    await folders.add('/disks')
    files.push(B)
    folders.noticed(new Set([A]), new Set())
    await vi.runAllTimersAsync()
    expect(find).toHaveBeenCalledTimes(1)
    folders.noticed(new Set([A, B]), new Set())
    folders.noticed(new Set([B]), new Set())
    await vi.runAllTimersAsync()
    expect(find).toHaveBeenCalledTimes(2)
    await vi.waitFor(() => expect(listed()).toEqual([A, B]))
    folders.noticed(new Set(), new Set(['/disks']))
    await vi.runAllTimersAsync()
    expect(find).toHaveBeenCalledTimes(3)
  })

  test('brings nothing from folders below or beside it', async () => {
    const folders = watched()
    await folders.add('/disks')
    folders.noticed(new Set([BELOW, '/other/d.img']), new Set(['/other']))
    await vi.runAllTimersAsync()
    expect(find).toHaveBeenCalledTimes(1)
  })

  test('does not bring back what was taken out, until it is chosen anew', async () => {
    const folders = watched()
    const { added } = await folders.add('/disks')
    folders.leaveOut([B, BELOW])
    library.forget(added)
    await folders.look()
    expect(listed()).toEqual([A])
    expect(states.at(-1)).toEqual({ folders: ['/disks'], leftOut: [B] })

    const again = watched(states.at(-1))
    await again.look()
    expect(listed()).toEqual([A])
    again.remove('/disks')
    expect(states.at(-1)).toEqual({ folders: [], leftOut: [] })
    await again.add('/disks')
    expect(listed()).toEqual([A, B])
  })

  test('keeps only so many of those that were taken out, the latest', () => {
    const folders = watched({ folders: ['/disks'], leftOut: [] })
    folders.leaveOut(Array.from({ length: 10_001 }, (_, index) => `/disks/${String(index)}.img`))
    expect(states.at(-1)?.leftOut).toHaveLength(10_000)
    expect(states.at(-1)?.leftOut.at(-1)).toBe('/disks/10000.img')
  })

  test('that is watched no longer brings nothing more, and loses nothing', async () => {
    const folders = watched()
    await folders.add('/disks')
    folders.remove('/disks')
    expect(listed()).toEqual([A, B])
    files.push('/disks/new.img')
    folders.noticed(new Set(['/disks/new.img']), new Set())
    await vi.runAllTimersAsync()
    await folders.look()
    expect(find).toHaveBeenCalledTimes(1)
    expect(() => folders.remove('/disks')).toThrow(/not watched/)
  })
})
