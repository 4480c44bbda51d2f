/*
 * Hosts that lack what Linux has: old kernels, file systems without holes or in-kernel copies,
 * other systems. The calls that are missing are taken away below the engine; the files are real.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { ENDLESS, type HostFile } from '../../../engine/host/host'
import type { LinuxCalls } from '../../../engine/host/linux-calls'
import { nodeHost } from '../../../engine/host/node-host'
import { Random } from '../../support/random'
import { temporaryFolder } from '../../support/temporary-folder'

/** What the engine finds in the place of Linux's calls. */
const here = vi.hoisted((): { calls: LinuxCalls | undefined } => ({ calls: undefined }))

vi.mock('../../../engine/host/linux-calls', () => ({ linuxCalls: () => here.calls }))

const MISSING = ['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'EXDEV', 'EBADF', 'ENODEV']

type Asked = Partial<Record<keyof LinuxCalls, number>>

/** Calls that all fail with the same error, and how often each was asked. */
function failing(code: string): { calls: LinuxCalls; asked: Asked } {
  const asked: Asked = {}
  const fail = (name: keyof LinuxCalls) => (): never => {
    asked[name] = (asked[name] ?? 0) + 1
    throw Object.assign(new Error(code), { code })
  }
  const calls: LinuxCalls = {
    seekData: fail('seekData'),
    seekHole: fail('seekHole'),
    tellsExtents: () => true,
    fileExtents: fail('fileExtents'),
    fileExtentsLater: fail('fileExtentsLater'),
    punchHole: fail('punchHole'),
    copiesWithin: () => true,
    copyRange: fail('copyRange'),
    readCached: () => undefined,
    prefetch: () => undefined,
    giveName: fail('giveName'),
    renameNew: fail('renameNew'),
    addressOf: () => 0n,
    setByteLock: fail('setByteLock'),
    testByteLock: fail('testByteLock'),
  }
  return { calls, asked }
}

async function opened(content: Uint8Array): Promise<{ file: HostFile; path: string }> {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  return { file: await nodeHost.open(path, { access: 'write' }), path }
}

/** Does the three calls that have a portable way, and looks at what they left. */
async function useAll(): Promise<void> {
  const bytes = new Random(1).bytes(3 * MIB + 17)
  const source = await opened(bytes)
  const target = await opened(new Uint8Array(5 * MIB).fill(9))
  try {
    const copy = (sourceOffset: number, offset: number, length: number): Promise<void> =>
      target.file.copyFrom([{ source: source.file, sourceOffset, offset, length }])
    await copy(100, 1000, 4 * MIB)
    await copy(0, 0, 10)
    const expected = Buffer.alloc(5 * MIB, 9)
    expected.fill(0, 1000, 1000 + 4 * MIB)
    expected.set(bytes.subarray(100), 1000)
    expected.set(bytes.subarray(0, 10), 0)
    expect(readFileSync(target.path).equals(expected), 'a copy').toBe(true)

    await source.file.punchHole({ offset: 1001, length: 2 * MIB })
    await source.file.punchHole({ offset: 3 * MIB, length: 9 * MIB })
    const punched = Buffer.from(bytes)
    punched.fill(0, 1001, 1001 + 2 * MIB)
    punched.fill(0, 3 * MIB)
    expect(readFileSync(source.path).equals(punched), 'a hole').toBe(true)

    for (const at of [0, 5000]) {
      expect(await target.file.dataAt(at)).toEqual({ data: true, end: 5 * MIB })
    }
    expect(await target.file.dataAt(5 * MIB)).toEqual({ data: false, end: ENDLESS })
    const reader = await nodeHost.open(target.path, { access: 'read' })
    for (const at of [0, 5000]) {
      expect(await reader.dataAt(at)).toEqual({ data: true, end: 5 * MIB })
    }
    await reader.close()
  } finally {
    await source.file.close()
    await target.file.close()
  }
}

beforeEach(() => {
  here.calls = undefined
})

describe('a system call that is missing', () => {
  test.each(MISSING)('by %s is done another way, and not asked for again', async (code) => {
    const { calls, asked } = failing(code)
    here.calls = calls
    await useAll()
    // of the two files one is copied to and looked at for holes, opened for writing and again for
    // reading alone, and the other one punched
    expect(asked).toEqual({ copyRange: 1, punchHole: 1, seekHole: 2, fileExtents: 1 })
  })

  test('that names a file made without one: the file is made with its name', async () => {
    const { calls, asked } = failing('ENOENT')
    here.calls = calls
    const path = join(temporaryFolder(), 'file')
    const prepare = vi.fn()
    const file = await nodeHost.open(path, { access: 'write', create: true, prepare })
    expect(asked).toEqual({ giveName: 1 })
    expect(prepare).toHaveBeenLastCalledWith(file)
    await file.write(Buffer.from('here'), 0)
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe('here')
  })

  test('on a system that has none of them', async () => {
    await useAll()
    const { file } = await opened(new Uint8Array(1))
    expect(file.locks).toBeUndefined()
    await file.close()
  })

  test.each([
    ['EIO', 'io/failed'],
    ['ENOSPC', 'io/no-space'],
    ['EPERM', 'io/denied'],
  ])('is not what %s says: the error is told', async (errno, code) => {
    here.calls = failing(errno).calls
    const content = new Uint8Array(8192).fill(5)
    const { file, path } = await opened(content)
    const other = await opened(content)
    const range = { offset: 0, length: 4096 }
    const attempts = [
      () => file.punchHole(range),
      () => file.copyFrom([{ source: other.file, sourceOffset: 4096, ...range }]),
      async () => await file.dataAt(0),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code, details: { path, errno } })
    }
    expect(readFileSync(path).equals(content)).toBe(true)
    await file.close()
    await other.file.close()
  })

  test('leaves the question for all data in a range unanswered, or fails', async () => {
    const { file: writer, path } = await opened(new Uint8Array(100))
    const range = { offset: 0, length: 100 }
    for (const code of [...MISSING, 'EIO']) {
      const { calls, asked } = failing(code)
      here.calls = calls
      const file = await nodeHost.open(path, { access: 'read' })
      if (code === 'EIO') {
        const told = { code: 'io/failed', details: { path, errno: code } }
        await expect(file.dataIn?.(range)).rejects.toMatchObject(told)
      } else {
        for (let n = 0; n < 2; n += 1) expect(await file.dataIn?.(range)).toBeUndefined()
        expect(asked).toEqual({ fileExtentsLater: 1 })
      }
      await file.close()
    }
    await writer.close()
  })
})

describe('a system call that does less than it was asked for', () => {
  test('copies the rest by more calls', async () => {
    const { calls } = failing('EIO')
    const bytes = new Random(2).bytes(10_000)
    const [source, target] = [await opened(bytes), await opened(new Uint8Array(0))]
    const pieces: number[] = []
    const copyRange: LinuxCalls['copyRange'] = (_from, fromOffset, _to, toOffset, length) => {
      const part = bytes.subarray(fromOffset, fromOffset + Math.min(length, 3000))
      writeFileSync(target.path, part, { flag: 'a' })
      expect(toOffset).toBe(fromOffset)
      pieces.push(part.length)
      return part.length
    }
    here.calls = { ...calls, copyRange }
    const file = await nodeHost.open(target.path, { access: 'write' })
    const from = await nodeHost.open(source.path, { access: 'read' })
    await file.copyFrom([{ source: from, sourceOffset: 0, offset: 0, length: 10_000 }])
    // what is no whole block stands apart
    expect(pieces).toEqual([3000, 3000, 2192, 1808])
    expect(readFileSync(target.path).equals(bytes)).toBe(true)
    for (const each of [file, from, source.file, target.file]) await each.close()
  })

  test.each([3, 100_000])('reads what is in the cache at look %i', async (last) => {
    let looks = 0
    let asked = 0
    here.calls = {
      ...failing('EIO').calls,
      prefetch: () => (asked += 1),
      readCached: (_fd, target) => {
        looks += 1
        if (looks < last) return undefined
        target.fill(0xee)
        return target.length
      },
    }
    const bytes = new Random(3).bytes(5000)
    const { file } = await opened(bytes)
    for (let n = 0; n < 100; n += 1) {
      const found = new Uint8Array(5000)
      await file.read(found, 0)
      expect(Buffer.from(found).equals(last === 3 ? found.fill(0xee) : bytes)).toBe(true)
    }
    // where the cache never has it, looking is given up
    expect([asked, looks]).toEqual(last === 3 ? [1, 102] : [100, 64 * 129 + 36])
  })

  test('asks the device ahead for reads that go on, and only for these', async () => {
    const wanted: [number, number][] = []
    const { calls } = failing('EIO')
    const isCached = vi.fn(() => true)
    here.calls = {
      ...calls,
      prefetch: (_fd, offset, length) => wanted.push([offset, length]),
      readCached: (_fd, target) => (isCached() ? target.length : undefined),
    }
    const { file } = await opened(new Uint8Array(MIB))
    const read = async (from: number, count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) await file.read(new Uint8Array(4096), from + n * 4096)
    }
    await read(0, 100)
    expect(wanted).toEqual([])
    for (const away of [1, 2]) {
      wanted.length = 0
      isCached.mockReturnValueOnce(false)
      await read(away * 10 * MIB, 1)
      isCached.mockReturnValueOnce(false)
      await read(away * 10 * MIB + 4096, 200)
      const ahead = away * 10 * MIB + 4096
      expect(wanted).toEqual([
        [away * 10 * MIB, 4096],
        [ahead, 512 * 1024],
        [ahead + 512 * 1024, 512 * 1024],
        [ahead + MIB, 512 * 1024],
      ])
    }
    await file.close()
  })

  test('reads the rest from the device', async () => {
    const { calls } = failing('EIO')
    here.calls = {
      ...calls,
      readCached: (_fd, target) => {
        target.fill(0xee, 0, 100)
        return 100
      },
    }
    const bytes = new Random(3).bytes(5000)
    const { file } = await opened(bytes)
    const found = new Uint8Array(6000).fill(7)
    await file.read(found, 0)
    expect(Buffer.from(found.subarray(0, 5000)).equals(bytes)).toBe(true)
    expect(found.subarray(5000).every((byte) => byte === 0)).toBe(true)
    await file.close()
  })
})
