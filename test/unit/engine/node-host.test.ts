import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { ENDLESS, type HostFile } from '../../../engine/host/host'
import { nodeHost } from '../../../engine/host/node-host'
import { Random } from '../../support/random'
import { describeNeeding, linux } from '../../support/requires'
import { temporaryFolder } from '../../support/temporary-folder'
import { WrappedFile } from '../../support/wrapped-host'

const notRoot = (): string | undefined =>
  process.getuid?.() === 0 ? 'root may write to every file' : undefined

/** A file in a folder of its own, open until the test has used it. */
async function withFile(
  content: Uint8Array,
  use: (file: HostFile, path: string) => Promise<void>,
): Promise<void> {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  const file = await nodeHost.open(path, { access: 'write' })
  try {
    await use(file, path)
  } finally {
    await file.close()
  }
}

function allAre(bytes: Uint8Array, value: number): boolean {
  return bytes.every((byte) => byte === value)
}

describe('a real file', () => {
  test.each([100, MIB])('reads as zero behind its end: %d bytes', async (length) => {
    await withFile(new Uint8Array(length).fill(1), async (file) => {
      const target = new Uint8Array(length).fill(9)
      await file.read(target, length / 2)
      expect(allAre(target.subarray(0, length / 2), 1)).toBe(true)
      expect(allAre(target.subarray(length / 2), 0)).toBe(true)
      target.fill(9)
      await file.read(target, 2 ** 42)
      expect(allAre(target, 0)).toBe(true)
    })
  })

  test('grows by a write behind its end, above 4 GiB too', async () => {
    await withFile(new Uint8Array(1), async (file) => {
      await file.write(Uint8Array.of(5, 6), 2 ** 32 + 1)
      expect((await file.stat()).size).toBe(2 ** 32 + 3)
      const target = new Uint8Array(4)
      await file.read(target, 2 ** 32)
      expect([...target]).toEqual([0, 5, 6, 0])
    })
  })

  test('keeps its length where it is punched, and reads as zero there alone', async () => {
    await withFile(new Uint8Array(20000).fill(1), async (file, path) => {
      await file.punchHole({ offset: 4000, length: 9000 })
      await file.punchHole({ offset: 19990, length: 5000 })
      await file.punchHole({ offset: 30000, length: 5000 })
      await file.punchHole({ offset: 100, length: 0 })
      const bytes = readFileSync(path)
      expect(bytes).toHaveLength(20000)
      expect(allAre(bytes.subarray(0, 4000), 1)).toBe(true)
      expect(allAre(bytes.subarray(4000, 13000), 0)).toBe(true)
      expect(allAre(bytes.subarray(13000, 19990), 1)).toBe(true)
      expect(allAre(bytes.subarray(19990), 0)).toBe(true)
    })
  })

  const size = 3 * MIB + 17
  test.each([
    { way: 'from a host file', wrap: (file: HostFile): HostFile => file },
    { way: 'from any other', wrap: (file: HostFile): HostFile => new WrappedFile(file) },
  ])('is copied, with zeros for what lies behind its end: $way', async ({ wrap }) => {
    const bytes = new Random(1).bytes(size)
    await withFile(bytes, async (source) => {
      await withFile(new Uint8Array(5 * MIB).fill(9), async (file, path) => {
        const range = { offset: 1000, length: 4 * MIB }
        await file.copyFrom([{ source: wrap(source), sourceOffset: 100, ...range }])
        const copy = readFileSync(path)
        expect(copy).toHaveLength(5 * MIB)
        expect(allAre(copy.subarray(0, 1000), 9)).toBe(true)
        const end = 1000 + size - 100
        expect(copy.subarray(1000, end).equals(bytes.subarray(100))).toBe(true)
        expect(allAre(copy.subarray(end, 1000 + 4 * MIB), 0)).toBe(true)
        expect(allAre(copy.subarray(1000 + 4 * MIB), 9)).toBe(true)
      })
    })
  })

  test('is copied within itself where the ranges overlap not', async () => {
    await withFile(new Random(2).bytes(8192), async (file, path) => {
      await file.copyFrom([{ source: file, sourceOffset: 0, offset: 4096, length: 4096 }])
      const bytes = readFileSync(path)
      expect(bytes.subarray(0, 4096).equals(bytes.subarray(4096))).toBe(true)
    })
  })

  test('that is closed twice is closed once', async () => {
    await withFile(new Uint8Array(1), async (file) => {
      await file.close()
      await file.close()
      await expect(file.stat()).rejects.toMatchObject({ code: 'io/failed' })
    })
  })
})

describeNeeding(linux, 'a real file on Linux', () => {
  test('tells where it has data', async () => {
    await withFile(new Uint8Array(0), async (file, path) => {
      truncateSync(path, MIB)
      expect(await file.dataAt(0)).toEqual({ data: false, end: ENDLESS })
      await file.write(new Uint8Array(65536).fill(1), 131072)
      expect(await file.dataAt(0)).toEqual({ data: false, end: 131072 })
      expect(await file.dataAt(131072)).toEqual({ data: true, end: 196608 })
      expect(await file.dataAt(140000)).toEqual({ data: true, end: 196608 })
      expect(await file.dataAt(196608)).toEqual({ data: false, end: ENDLESS })
      expect(await file.dataAt(2 ** 40)).toEqual({ data: false, end: ENDLESS })
      await file.punchHole({ offset: 131072, length: 65536 })
      expect(await file.dataAt(0)).toEqual({ data: false, end: ENDLESS })
      expect((await file.stat()).allocatedBytes).toBe(0)
    })
  })

  test('that is only read tells of data that another wrote into a hole it told of', async () => {
    await withFile(new Uint8Array(0), async (file, path) => {
      truncateSync(path, MIB)
      const reader = await nodeHost.open(path, { access: 'read' })
      expect(await reader.dataAt(0)).toEqual({ data: false, end: ENDLESS })
      expect(await reader.dataAt(65536)).toEqual({ data: false, end: ENDLESS })
      await file.write(new Uint8Array(65536).fill(1), 131072)
      await new Promise((resolve) => setImmediate(resolve))
      expect(await reader.dataAt(0)).toEqual({ data: false, end: 131072 })
      expect(await reader.dataAt(131072)).toEqual({ data: true, end: 196608 })
      expect(await reader.dataAt(196608)).toEqual({ data: false, end: ENDLESS })
      // what was a hole behind the data may have become more of it
      await file.write(new Uint8Array(65536).fill(1), 196608)
      await new Promise((resolve) => setImmediate(resolve))
      expect(await reader.dataAt(196608)).toEqual({ data: true, end: 262144 })
      await reader.close()
    })
  })

  test('holds shared locks against other open files, until it is closed', async () => {
    await withFile(new Uint8Array(1), async (first, path) => {
      const second = await nodeHost.open(path, { access: 'read' })
      first.locks?.share(101)
      expect(first.locks?.heldByOther(101)).toBe(false)
      expect(second.locks?.heldByOther(101)).toBe(true)
      expect(second.locks?.heldByOther(100)).toBe(false)
      second.locks?.share(101)
      expect(first.locks?.heldByOther(101)).toBe(true)
      first.locks?.release(101)
      expect(second.locks?.heldByOther(101)).toBe(false)
      await second.close()
      expect(first.locks?.heldByOther(101)).toBe(false)
    })
  })

  test('that is a named pipe, a device or a directory is refused at once', async () => {
    const folder = temporaryFolder()
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [pipe, '/dev/null', folder]) {
      for (const access of ['read', 'write'] as const) {
        const opening = nodeHost.open(path, { access })
        await expect(opening, path).rejects.toMatchObject({ code: 'file/not-a-file' })
      }
    }
    expect((await nodeHost.stat(pipe))?.kind).toBe('other')
  })
})

describe('names on a real disk', () => {
  test('what is missing, there already, or too long', async () => {
    const folder = temporaryFolder()
    const there = join(folder, 'there')
    writeFileSync(there, 'x')
    const errors = [
      [() => nodeHost.open(join(folder, 'no'), { access: 'read' }), 'file/missing'],
      [() => nodeHost.open(join(there, 'below'), { access: 'read' }), 'file/missing'],
      [() => nodeHost.open(there, { access: 'write', create: true }), 'file/exists'],
      [
        () => nodeHost.open(join(folder, 'no', 'x'), { access: 'write', create: true }),
        'file/missing',
      ],
      [() => nodeHost.open(join(folder, 'n'.repeat(300)), { access: 'read' }), 'invalid-argument'],
      [() => nodeHost.remove(join(folder, 'no')), 'file/missing'],
      [() => nodeHost.replace(join(folder, 'no'), there), 'file/missing'],
      [() => nodeHost.syncDirectory(join(folder, 'no')), 'file/missing'],
    ] as const
    for (const [call, code] of errors) await expect(call()).rejects.toMatchObject({ code })
    expect(readdirSync(folder)).toEqual(['there'])
    expect(readFileSync(there, 'utf8')).toBe('x')
    expect(await nodeHost.stat(join(folder, 'no'))).toBeUndefined()
    expect((await nodeHost.stat(folder))?.kind).toBe('directory')
    expect(await nodeHost.freeSpace(folder)).toBeGreaterThan(0)
    await nodeHost.syncDirectory(folder)
  })

  test('a file that replaces another leaves one name', async () => {
    const folder = temporaryFolder()
    const [fresh, final] = [join(folder, 'fresh'), join(folder, 'final')]
    writeFileSync(fresh, 'new')
    writeFileSync(final, 'old')
    await nodeHost.replace(fresh, final)
    expect(readdirSync(folder)).toEqual(['final'])
    expect(readFileSync(final, 'utf8')).toBe('new')
  })

  test('links lead to one identity, copies to another', async () => {
    const folder = temporaryFolder()
    const path = (name: string): string => join(folder, name)
    writeFileSync(path('a'), 'x')
    writeFileSync(path('b'), 'x')
    symlinkSync('a', path('soft'))
    linkSync(path('a'), path('hard'))
    const stats = await Promise.all(['a', 'soft', 'hard', 'b'].map((n) => nodeHost.stat(path(n))))
    const [a, soft, hard, b] = stats.map((stat) => stat?.identity)
    expect([soft, hard]).toEqual([a, a])
    expect(b).not.toBe(a)
  })

  test('a new file is empty, and can be read and written by its owner', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sub'))
    const path = join(folder, 'sub', 'new')
    const file = await nodeHost.open(path, { access: 'write', create: true })
    await file.write(Uint8Array.of(1), 0)
    await file.sync()
    await file.close()
    expect(statSync(path)).toMatchObject({ size: 1 })
    expect(statSync(path).mode & 0o600).toBe(0o600)
  })
})

describeNeeding(notRoot, 'a file that may only be read', () => {
  test('is not opened for writing', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, 'x')
    chmodSync(path, 0o444)
    const opening = nodeHost.open(path, { access: 'write' })
    await expect(opening).rejects.toMatchObject({ code: 'io/denied' })
    const file = await nodeHost.open(path, { access: 'read' })
    await file.close()
  })
})
