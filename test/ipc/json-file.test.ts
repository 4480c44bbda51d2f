import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { JsonFile } from '../../electron/main/json-file'
import { KeptFiles } from '../../electron/main/kept-files'
import { temporaryFolder } from '../support/temporary-folder'
import { silentLog } from './support/silent-log'

const schema = z.object({ count: z.number() })
type Value = z.infer<typeof schema>

let path: string
const onSaveFailed = vi.fn()

function fileAt(where: string): JsonFile<Value> {
  return new JsonFile({ path: where, schema, log: silentLog, onSaveFailed })
}

beforeEach(() => {
  path = join(temporaryFolder(), 'kept', 'value.json')
  onSaveFailed.mockReset()
})

describe('a value in a file', () => {
  test('is not there before the first save', async () => {
    expect(await fileAt(path).load()).toEqual({ value: undefined })
  })

  test('comes back as it was saved', async () => {
    const file = fileAt(path)
    await file.load()
    file.schedule(() => ({ count: 1 }))
    file.schedule(() => ({ count: 2 }))
    await file.flush()
    expect(await fileAt(path).load()).toEqual({ value: { count: 2 } })
    expect(readdirSync(join(path, '..'))).toEqual(['value.json'])
  })

  test('is taken at the time of the write, and not before', async () => {
    const file = fileAt(path)
    await file.load()
    const value = { count: 1 }
    file.schedule(() => value)
    value.count = 9
    await file.flush()
    expect((await fileAt(path).load()).value).toEqual({ count: 9 })
  })

  test('is saved by itself after a moment', async () => {
    const file = fileAt(path)
    await file.load()
    file.schedule(() => ({ count: 3 }))
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('3'), 5000)
  })

  test.each(['', '{', '{"count":"many"}', '[]', '\0\0\0\0', '{"count":1}trailing'])(
    'that cannot be used (%j) is put aside, whole',
    async (text) => {
      mkdirSync(join(path, '..'), { recursive: true })
      writeFileSync(path, text)
      const loaded = await fileAt(path).load()
      expect(loaded.value).toBeUndefined()
      expect(readFileSync(loaded.setAside ?? '', 'utf8')).toBe(text)

      const file = fileAt(path)
      await file.load()
      file.schedule(() => ({ count: 1 }))
      await file.flush()
      expect(readFileSync(loaded.setAside ?? '', 'utf8')).toBe(text)
    },
  )

  test('that could not be saved is told of, and goes out with the next save', async () => {
    const file = fileAt(path)
    await file.load()
    mkdirSync(path)
    file.schedule(() => ({ count: 4 }))
    await file.flush()
    expect(onSaveFailed).toHaveBeenCalledExactlyOnceWith(path, expect.any(Error))

    rmdirSync(path)
    await file.flush()
    expect((await fileAt(path).load()).value).toEqual({ count: 4 })
  })
})

describe('what is kept between two starts', () => {
  const folder = (): string => join(path, '..')

  test('is empty at the first start', async () => {
    expect(await new KeptFiles(folder(), silentLog).load()).toEqual({
      settings: undefined,
      images: [],
      agreedNames: [],
      folders: { folders: [], leftOut: [] },
      jobs: [],
      place: undefined,
      setAside: [],
    })
  })

  test('loses no file that a broken neighbour lies beside', async () => {
    const first = new KeptFiles(folder(), silentLog)
    await first.load()
    first.settings.schedule(() => ({ theme: 'dark' }))
    await first.save()
    writeFileSync(join(folder(), 'library.json'), '{"version":2,"images":[]}')

    const second = await new KeptFiles(folder(), silentLog).load()
    expect(second.settings).toEqual({ theme: 'dark' })
    expect(second.setAside.map((file) => file.path)).toEqual([join(folder(), 'library.json')])
    expect(readFileSync(second.setAside[0]?.kept ?? '', 'utf8')).toContain('"version":2')
  })

  test('may have settings of a later version, and lack some', async () => {
    mkdirSync(folder(), { recursive: true })
    writeFileSync(join(folder(), 'settings.json'), '{"theme":"light","sounds":"loud"}')
    const { settings, setAside } = await new KeptFiles(folder(), silentLog).load()
    expect(settings).toEqual({ theme: 'light' })
    expect(setAside).toEqual([])
  })
})
