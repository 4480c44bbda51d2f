import type * as fs from 'node:fs/promises'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as linux from '../../../engine/host/linux-calls'
import { nodeHost } from '../../../engine/host/node-host'
import { temporaryFolder } from '../../support/temporary-folder'

/** What the system does otherwise than it should. */
const system = vi.hoisted(() => ({
  /** Names whose removal it refuses. */
  stuck: new Set<string>(),
  /** The error by which it says that it makes no hard links. */
  noLinks: undefined as string | undefined,
  /** Names that are taken by another program right after one has looked at them. */
  takenSoon: new Set<string>(),
  /** Whether it has a call that gives a file another name, and never over one that is there. */
  renamesNew: true,
}))

vi.mock('../../../engine/host/linux-calls', async (importOriginal) => {
  const { linuxCalls } = await importOriginal<typeof linux>()
  return { linuxCalls: () => (system.renamesNew ? linuxCalls() : undefined) }
})

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const failure = (code: string): Error => Object.assign(new Error(code), { code })
  return {
    ...original,
    async unlink(path: string): Promise<void> {
      if (system.stuck.has(path)) throw failure('EIO')
      await original.unlink(path)
    },
    async link(path: string, newPath: string): Promise<void> {
      if (system.noLinks !== undefined) throw failure(system.noLinks)
      await original.link(path, newPath)
    },
    async stat(path: string, options: { bigint: true }): Promise<unknown> {
      if (!system.takenSoon.has(path)) return await original.stat(path, options)
      writeFileSync(path, 'theirs')
      throw failure('ENOENT')
    },
  }
})

describe('giving a new file its final name', () => {
  let folder = ''
  const files = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    )
  const publish = (): Promise<void> => nodeHost.publish(join(folder, 'x.part'), join(folder, 'x'))

  beforeEach(() => {
    system.stuck.clear()
    system.takenSoon.clear()
    system.noLinks = undefined
    system.renamesNew = false
    folder = temporaryFolder()
    writeFileSync(join(folder, 'x.part'), 'ours')
  })

  describe.each([true, false])('with one call for all of it: %s', (renamesNew) => {
    beforeEach(() => {
      system.renamesNew = renamesNew
    })

    it('leaves the new name alone', async () => {
      await publish()
      expect(files()).toEqual({ x: 'ours' })
    })

    it('never takes the place of another file', async () => {
      writeFileSync(join(folder, 'x'), 'theirs')
      await expect(publish()).rejects.toMatchObject({ code: 'file/exists' })
      expect(files()).toEqual({ x: 'theirs', 'x.part': 'ours' })
    })

    it('nor of one that came at the last moment: looking first would not be enough', async () => {
      system.takenSoon.add(join(folder, 'x'))
      await nodeHost.stat(join(folder, 'x'))
      await expect(publish()).rejects.toMatchObject({ code: 'file/exists' })
      expect(files()).toEqual({ x: 'theirs', 'x.part': 'ours' })
    })
  })

  it('is taken back where the old name cannot be removed: done or not done', async () => {
    system.stuck.add(join(folder, 'x.part'))
    await expect(publish()).rejects.toMatchObject({ code: 'io/failed' })
    expect(files()).toEqual({ 'x.part': 'ours' })
  })

  describe.each(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'])(
    'where the file system has no hard links (%s)',
    (errno) => {
      it('goes by a new name all the same', async () => {
        system.noLinks = errno
        await publish()
        expect(files()).toEqual({ x: 'ours' })
      })

      it('does not replace what is there', async () => {
        system.noLinks = errno
        writeFileSync(join(folder, 'x'), 'theirs')
        await expect(publish()).rejects.toMatchObject({ code: 'file/exists' })
        expect(files()).toEqual({ x: 'theirs', 'x.part': 'ours' })
      })
    },
  )

  it('fails, and changes nothing, where there is no space for another name', async () => {
    system.noLinks = 'ENOSPC'
    await expect(publish()).rejects.toMatchObject({ code: 'io/no-space' })
    expect(files()).toEqual({ 'x.part': 'ours' })
  })
})
