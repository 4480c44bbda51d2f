/*
 * What lies where a new file is to grow: taken away where a killed run of ours has left it, and
 * never touched where that is not known.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KIB, MIB } from '../../../engine/base/units'
import { EngineError } from '../../../engine/base/errors'
import type { HostFile } from '../../../engine/host/host'
import { nodeHost } from '../../../engine/host/node-host'
import { lockAlone } from '../../../engine/image/locks'
import { planJob, runJob } from '../../../engine/job/jobs'
import { claimPart, refuseExisting, removeLeft } from '../../../engine/job/part-file'
import type { JobRequest } from '../../../engine/model/job'
import { unwatched } from '../../support/disks'
import { expectError, failure } from '../../support/expect-error'
import { sparseBytes } from '../../support/host-log'
import { newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { describeNeeding, linux } from '../../support/requires'
import { SimulatedHost } from '../../support/simulated-host'
import { temporaryFolder } from '../../support/temporary-folder'

describe('where the host has no marks, every part that is there is left alone', () => {
  const path = OVERLAY_PATH
  const target = '/d/out'
  const targetImage = '/d/out.raw'
  const move = { kind: 'move', path, target, targetImage, copy: true, names: 'relative' } as const

  const cases: readonly { part: string; request: JobRequest }[] = [
    { part: '/d/out.part', request: { kind: 'export', path, target, verify: false } },
    { part: '/d/out.part', request: { kind: 'export-overlay', path, target, verify: false } },
    { part: '/d/out.part', request: move },
    { part: '/d/out.raw.part', request: move },
  ]

  test.each(cases)('$part, $request.kind', async ({ part, request }) => {
    const size = 16 * KIB
    const base = { length: size, data: [{ offset: 0, length: size }] }
    const spec = { layout: 'acow', clusterSize: 4 * KIB, size, base } as const
    const { names, files } = newOverlay(spec, new Random(1))
    const host = new SimulatedHost({
      names: new Map(names).set(part, 99),
      files: new Map(files).set(99, sparseBytes(Buffer.from('somebody else'))),
    })
    const error = await failure(runJob(host, request, unwatched))
    expectError(error, 'file/exists', /\.part exists already.* if nobody needs it, remove that/)
    expect(error.details).toEqual({ path: part })
    expect(error.state).toBe('unchanged')
    expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
    await host.remove(part)
    await runJob(host, request, unwatched)
    expect(host.paths).toContain(target)
  })
})

describeNeeding([linux], 'on a host with locks and marks, a part', () => {
  /** A part as a run makes it, with some bytes in it. */
  async function makePart(target: string): Promise<HostFile> {
    const part = await nodeHost.open(`${target}.part`, { access: 'write', create: true })
    claimPart(part, 'some-run')
    await part.write(Buffer.alloc(64 * KIB, 7), 0)
    return part
  }

  function newTarget(): string {
    return join(temporaryFolder(), 'out.raw')
  }

  test('of a run that is at work is neither taken away nor written over', async () => {
    const target = newTarget()
    const part = await makePart(target)
    for (const attempt of [refuseExisting, removeLeft]) {
      const error = await failure(attempt(nodeHost, [target]))
      expectError(error, 'in-use', /out\.raw\.part is being written by another run$/)
      expect(error.state).toBe('unchanged')
    }
    expect(readFileSync(part.path)).toHaveLength(64 * KIB)
    await part.close()
  })

  test('is claimed before it has a name, and leaves none where that fails', async () => {
    const path = `${newTarget()}.part`
    const open = (prepare: (file: HostFile) => void): Promise<HostFile> =>
      nodeHost.open(path, { access: 'write', create: true, prepare })
    const refuse = (): never => {
      throw new EngineError('in-use', 'Somebody has it', { path })
    }
    expectError(await failure(open(refuse)), 'in-use', /Somebody/)
    expect(existsSync(path)).toBe(false)
    const names: boolean[] = []
    const part = await open(() => names.push(existsSync(path)))
    expect([...names, existsSync(path)]).toEqual([false, true])
    expectError(
      await failure(open((file) => claimPart(file, 'another-run'))),
      'file/exists',
      /out\.raw\.part/,
    )
    await part.write(Buffer.alloc(MIB, 7), 0)
    await part.close()
    expect(readFileSync(path)).toEqual(Buffer.alloc(MIB, 7))
  })

  test('of a run that is dead is told with what it takes, and taken away', async () => {
    const target = newTarget()
    await (await makePart(target)).close()
    expect(await refuseExisting(nodeHost, [target])).toBe(64 * KIB)
    expect(existsSync(`${target}.part`)).toBe(true)
    await removeLeft(nodeHost, [target])
    expect(existsSync(`${target}.part`)).toBe(false)
    await removeLeft(nodeHost, [target])
  })

  test("of somebody else is left alone: the browser's half of a download, say", async () => {
    const target = newTarget()
    writeFileSync(`${target}.part`, 'half of a download')
    const error = await failure(removeLeft(nodeHost, [target]))
    expectError(error, 'file/exists', /\.part exists already, and is not known to be/)
    expect(readFileSync(`${target}.part`, 'utf8')).toBe('half of a download')
  })

  test('that a person has given another name is somebody else’s', async () => {
    const target = newTarget()
    await (await makePart(join(target, '..', 'other.raw'))).close()
    renameSync(join(target, '..', 'other.raw.part'), `${target}.part`)
    expectError(await failure(removeLeft(nodeHost, [target])), 'file/exists', /out\.raw\.part/)
    expect(existsSync(`${target}.part`)).toBe(true)
  })

  test('that another run has put in the place of a dead one meanwhile stays', async () => {
    const target = newTarget()
    await (await makePart(target)).close()
    let living: HostFile | undefined
    const host = {
      ...nodeHost,
      // the moment in which it has been opened, and not yet been locked
      async open(...asked: Parameters<typeof nodeHost.open>): Promise<HostFile> {
        const dead = await nodeHost.open(...asked)
        if (living === undefined) {
          await nodeHost.remove(`${target}.part`)
          living = await makePart(target)
        }
        return dead
      },
    }
    expectError(await failure(removeLeft(host, [target])), 'in-use', /another run/)
    expect(existsSync(`${target}.part`)).toBe(true)
    await living?.close()
  })

  test('is gone when the job has ended, and what it made has no mark', async () => {
    const folder = temporaryFolder()
    const [source, target] = [join(folder, 'disk.raw'), join(folder, 'out.raw')]
    writeFileSync(source, Buffer.alloc(MIB, 3))
    await (await makePart(target)).close()
    const request = { kind: 'export', path: source, target, verify: false } as const
    expect((await planJob(nodeHost, request)).problems).toEqual([])
    await runJob(nodeHost, request, unwatched)
    expect(existsSync(`${target}.part`)).toBe(false)
    const made = await nodeHost.open(target, { access: 'read' })
    expect(made.mark?.get()).toBeUndefined()
    await made.close()
  })
})

describeNeeding([linux], 'of two files that get their names one after the other', () => {
  /** What each run leaves where it was killed; the overlay's name comes last. */
  async function left(names: Readonly<Record<string, string | undefined>>): Promise<string> {
    const folder = temporaryFolder()
    for (const [name, mark] of Object.entries(names)) {
      writeFileSync(join(folder, name), Buffer.alloc(64 * KIB, 7))
      const file = await nodeHost.open(join(folder, name), { access: 'write' })
      if (mark !== undefined) file.mark?.set(mark)
      await file.close()
    }
    return folder
  }

  const inOrder = (folder: string): string[] => ['x.raw', 'x.add-cow'].map((n) => join(folder, n))
  const ours = { 'x.raw': 'x.raw.part/one', 'x.add-cow.part': 'x.add-cow.part/one' }

  test('the first is taken away while the second is a part of the same run', async () => {
    const folder = await left(ours)
    expect(await refuseExisting(nodeHost, inOrder(folder))).toBe(128 * KIB)
    expect(readdirSync(folder)).toHaveLength(2)
    const removed: string[] = []
    const host = {
      ...nodeHost,
      async remove(path: string): Promise<void> {
        removed.push(basename(path))
        await nodeHost.remove(path)
      },
    }
    await removeLeft(host, inOrder(folder))
    expect(readdirSync(folder)).toEqual([])
    // a run that is killed here leaves what says whose the rest is
    expect(removed).toEqual(['x.raw', 'x.add-cow.part'])
  })

  test('also where it has both of its names', async () => {
    const folder = await left({ ...ours, 'x.raw.part': 'x.raw.part/one' })
    await removeLeft(nodeHost, inOrder(folder))
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['the second has its name', { 'x.raw': 'x.raw.part/one', 'x.add-cow': 'x.add-cow.part/one' }],
    ['the second is gone: its name may have been changed', { 'x.raw': 'x.raw.part/one' }],
    ['the second is of another run', { ...ours, 'x.add-cow.part': 'x.add-cow.part/two' }],
    ['the first has no mark', { ...ours, 'x.raw': undefined }],
    ['the first was marked under another name', { ...ours, 'x.raw': 'y.raw.part/one' }],
    ['the second has no mark', { ...ours, 'x.add-cow.part': undefined }],
  ])('nothing is touched where %s', async (_, names) => {
    const folder = await left(names)
    for (const attempt of [refuseExisting, removeLeft]) {
      const error = await failure(attempt(nodeHost, inOrder(folder)))
      expectError(error, 'file/exists', /exists already/)
    }
    expect(readdirSync(folder).sort()).toEqual(Object.keys(names).sort())
  })

  test('nothing is touched that somebody has open', async () => {
    const folder = await left(ours)
    const open = await nodeHost.open(join(folder, 'x.raw'), { access: 'write' })
    lockAlone(open)
    const error = await failure(removeLeft(nodeHost, inOrder(folder)))
    expectError(error, 'in-use', /x\.raw: it is being written by another run/)
    expect(readdirSync(folder).sort()).toEqual(Object.keys(ours).sort())
    await open.close()
  })
})
