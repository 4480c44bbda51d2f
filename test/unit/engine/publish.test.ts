import type * as fs from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeHost } from '../../../engine/host/node-host'

/** Names whose removal the system refuses. */
const stuck = new Set<string>()

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const unlink = async (path: string): Promise<void> => {
    if (stuck.has(path)) throw Object.assign(new Error('refused'), { code: 'EIO' })
    await original.unlink(path)
  }
  return { ...original, unlink }
})

describe('giving a new file its final name', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'add-cow-test-'))
    await writeFile(join(folder, 'x.part'), 'new')
  })
  afterEach(async () => {
    stuck.clear()
    await rm(folder, { recursive: true })
  })

  it('leaves the new name alone', async () => {
    await nodeHost.publish(join(folder, 'x.part'), join(folder, 'x'))
    expect(await readdir(folder)).toEqual(['x'])
  })

  it('never takes the place of another file', async () => {
    await writeFile(join(folder, 'x'), 'old')
    const published = nodeHost.publish(join(folder, 'x.part'), join(folder, 'x'))
    await expect(published).rejects.toMatchObject({ code: 'file/exists' })
    expect(await readFile(join(folder, 'x'), 'utf8')).toBe('old')
    expect(await readFile(join(folder, 'x.part'), 'utf8')).toBe('new')
  })

  it('is taken back where the old name cannot be removed: done or not done', async () => {
    stuck.add(join(folder, 'x.part'))
    const published = nodeHost.publish(join(folder, 'x.part'), join(folder, 'x'))
    await expect(published).rejects.toMatchObject({ code: 'io/failed' })
    expect(await readdir(folder)).toEqual(['x.part'])
  })
})
