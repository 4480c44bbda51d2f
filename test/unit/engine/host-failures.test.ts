/*
 * Whether what the engine asks the host for reaches the system at all: here the system refuses it.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs'
import type * as fsPromises from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { nodeHost } from '../../../engine/host/node-host'
import { describeNeeding, linux } from '../../support/requires'
import { temporaryFolder } from '../../support/temporary-folder'

const system = vi.hoisted(() => ({ syncsFail: true }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const fdatasync = (fd: number, done: fs.NoParamCallback): void => {
    if (system.syncsFail) done(Object.assign(new Error('EIO'), { code: 'EIO' }))
    else original.fdatasync(fd, done)
  }
  return { ...original, fdatasync }
})

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof fsPromises>()
  const open = async (...args: Parameters<typeof fsPromises.open>): Promise<unknown> => {
    const handle = await original.open(...args)
    const sync = async (): Promise<void> => {
      if (system.syncsFail) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      await handle.sync()
    }
    return { sync, close: () => handle.close() }
  }
  return { ...original, open }
})

beforeEach(() => {
  system.syncsFail = true
})

test('a file that cannot be made durable is not called durable', async () => {
  const path = join(temporaryFolder(), 'file')
  const file = await nodeHost.open(path, { access: 'write', create: true })
  const failed = { code: 'io/failed', details: { path, errno: 'EIO' } }
  await expect(file.sync()).rejects.toMatchObject(failed)
  system.syncsFail = false
  await file.sync()
  await file.close()
})

test('nor are the names in a directory', async () => {
  const folder = temporaryFolder()
  const failed = { code: 'io/failed', details: { path: folder, errno: 'EIO' } }
  await expect(nodeHost.syncDirectory(folder)).rejects.toMatchObject(failed)
  system.syncsFail = false
  await nodeHost.syncDirectory(folder)
})

describeNeeding(linux, 'what is refused', () => {
  const openFiles = (): number => readdirSync('/proc/self/fd').length

  test('does not stay open', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'there'), '')
    const before = openFiles()
    for (const path of [folder, '/dev/null']) {
      const opening = nodeHost.open(path, { access: 'read' })
      await expect(opening, path).rejects.toMatchObject({ code: 'file/not-a-file' })
    }
    const making = nodeHost.open(join(folder, 'there'), { access: 'write', create: true })
    await expect(making).rejects.toMatchObject({ code: 'file/exists' })
    await expect(nodeHost.syncDirectory(folder)).rejects.toMatchObject({ code: 'io/failed' })
    expect(openFiles()).toBe(before)
  })
})
