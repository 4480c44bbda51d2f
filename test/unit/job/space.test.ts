/* Plans say on which file system they need their space, so that several can be added up. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeHost, planJob } from '../../../engine'
import { encodeHeader } from '../../../engine/format/add-cow/header'
import type { Host } from '../../../engine/host/host'
import type { JobPlan } from '../../../engine/model/job'
import { temporaryFolder } from '../../support/temporary-folder'

const SIZE = 64 * 1024

/** An empty overlay on a base that is full, and the plan to flatten it. */
async function planOf(host: Host, folder: string): Promise<JobPlan> {
  mkdirSync(folder)
  const path = join(folder, 'x.add-cow')
  const header = encodeHeader({ backingName: 'base.raw', imageName: 'x.raw', size: SIZE })
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(SIZE / 512 / 8)]))
  writeFileSync(join(folder, 'x.raw'), Buffer.alloc(0))
  writeFileSync(join(folder, 'base.raw'), Buffer.alloc(SIZE, 1))
  return await planJob(host, { kind: 'flatten', path, verify: false })
}

test('plans of two folders on one file system share their space, and say so', async () => {
  const root = temporaryFolder()
  const [a, b] = [await planOf(nodeHost, join(root, 'a')), await planOf(nodeHost, join(root, 'b'))]
  expect(a.problems).toEqual([])
  expect(a.spaceNeeded).toBe(SIZE)
  expect(a.spaceOn).toBe((await nodeHost.stat(root))?.fileSystem)
  expect(a.spaceOn).toMatch(/^\d+$/)
  expect(b.spaceOn).toBe(a.spaceOn)
})

test('plans on different file systems do not, and say where there is no room', async () => {
  const root = temporaryFolder()
  const host: Host = {
    ...nodeHost,
    freeSpace: () => Promise.resolve(SIZE / 2),
    stat: async (path) => {
      const found = await nodeHost.stat(path)
      return found && { ...found, fileSystem: path.startsWith(join(root, 'b')) ? 'b' : 'a' }
    },
  }
  const plans = [await planOf(host, join(root, 'a')), await planOf(host, join(root, 'b'))]
  expect(plans).toMatchObject([
    { spaceOn: 'a', spaceFree: SIZE / 2, problems: [{ code: 'io/no-space' }] },
    { spaceOn: 'b', spaceFree: SIZE / 2, problems: [{ code: 'io/no-space' }] },
  ])
})
