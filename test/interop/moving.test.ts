/* An overlay that goes to another file system: what the plan says of it is what happens. */
import { existsSync, mkdirSync, readdirSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { planJob, runJob } from '../../engine/job/jobs'
import type { MoveRequest } from '../../engine/model/job'
import { expectSuccess, run } from '../support/command-line'
import { diskContent, unwatched } from '../support/disks'
import { Random } from '../support/random'
import { describeNeeding, linux, tmpfs } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

/** So much of the overlay is data. */
const DATA = 2 * MIB

async function mountOther(folder: string, size: number): Promise<string> {
  const other = join(folder, 'other')
  mkdirSync(other)
  const options = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', other]
  expectSuccess('mount', options, await run(folder, 'mount', ...options))
  onTestFinished(async () => {
    await run(folder, 'umount', other)
  })
  return other
}

/** An overlay of a large disk with a little in it. */
async function makeOverlay(folder: string): Promise<string> {
  const path = join(folder, 'x.add-cow')
  const base = join(folder, 'base.raw')
  writeFileSync(base, new Random(1).bytes(4 * MIB))
  const names = { imageFile: 'x.raw', backingFile: base }
  await runJob(nodeHost, { kind: 'create', path, format: 'acow', ...names }, unwatched)
  const disk = await openDisk(nodeHost, path, { writable: true })
  await disk.write(new Random(2).bytes(DATA), MIB)
  await disk.close()
  return path
}

function moveTo(path: string, to: string, part: Partial<MoveRequest> = {}): MoveRequest {
  const target = { target: join(to, 'x.add-cow'), targetImage: join(to, 'x.raw') }
  return { kind: 'move', path, ...target, copy: false, names: 'absolute', ...part }
}

function bytesUsed(folder: string): number {
  const { blocks, bfree, bsize } = statfsSync(folder)
  return (blocks - bfree) * bsize
}

describeNeeding([linux, tmpfs], 'a move to another file system', () => {
  test('is planned as the copy that it is, and takes what was said', async () => {
    const folder = temporaryFolder()
    const other = await mountOther(folder, 16 * MIB)
    const path = await makeOverlay(folder)
    const content = await diskContent(nodeHost, path)
    const request = moveTo(path, other)
    const plan = await planJob(nodeHost, request)
    expect(plan.problems).toEqual([])
    expect(plan.spaceNeeded).toBeGreaterThanOrEqual(DATA)
    expect(plan).toMatchObject({ bytesToCopy: plan.spaceNeeded, spaceFreed: plan.spaceNeeded })
    expect(plan.spaceFree).toBeLessThanOrEqual(16 * MIB)
    const before = bytesUsed(other)
    await runJob(nodeHost, request, unwatched)
    // the rest of a block, and what a name takes
    expect(bytesUsed(other) - before).toBeLessThanOrEqual(plan.spaceNeeded + 64 * KIB)
    expect(bytesUsed(other) - before).toBeGreaterThanOrEqual(DATA)
    expect(readdirSync(folder).sort()).toEqual(['base.raw', 'other'])
    expect((await diskContent(nodeHost, request.target)).equals(content)).toBe(true)
  })

  test('is refused by its plan where there is too little room, and then as well', async () => {
    const folder = temporaryFolder()
    const other = await mountOther(folder, MIB)
    const path = await makeOverlay(folder)
    const request = moveTo(path, other)
    const { problems } = await planJob(nodeHost, request)
    expect(problems).toMatchObject([{ code: 'io/no-space' }])
    await expect(runJob(nodeHost, request, unwatched)).rejects.toMatchObject({
      code: 'io/no-space',
      state: 'unchanged',
    })
    expect(readdirSync(other)).toEqual([])
  })

  test('of the add-cow file alone copies that, and leaves the image file', async () => {
    const folder = temporaryFolder()
    const other = await mountOther(folder, MIB)
    const path = await makeOverlay(folder)
    const content = await diskContent(nodeHost, path)
    const image = join(folder, 'x.raw')
    const { ino } = statSync(image)
    const request = moveTo(path, other, { targetImage: image })
    const plan = await planJob(nodeHost, request)
    expect(plan.problems).toEqual([])
    expect(plan.bytesToCopy).toBeLessThan(128 * KIB)
    await runJob(nodeHost, request, unwatched)
    expect(existsSync(path)).toBe(false)
    expect(statSync(image).ino).toBe(ino)
    expect((await diskContent(nodeHost, request.target)).equals(content)).toBe(true)
  })

  test('to another folder of the same one is planned as no copy', async () => {
    const folder = temporaryFolder()
    const path = await makeOverlay(folder)
    mkdirSync(join(folder, 'near'))
    const plan = await planJob(nodeHost, moveTo(path, join(folder, 'near')))
    expect(plan).toMatchObject({ problems: [], bytesToCopy: 0, spaceNeeded: 0 })
  })
})
