/*
 * The command line tool on a file system that becomes full in the middle of a job. Its host does
 * not say how much is free, as some do not: else the jobs would refuse to begin.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { runCli } from '../../engine/cli/program'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { expectSuccess, run } from '../support/command-line'
import { checkDisk, diskContent } from '../support/disks'
import { Random } from '../support/random'
import { describeNeeding, linux, tmpfs } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { WrappedHost } from '../support/wrapped-host'

class SilentAboutSpace extends WrappedHost {
  override freeSpace(): Promise<undefined> {
    return Promise.resolve(undefined)
  }
}

async function addCowImg(
  cwd: string,
  ...args: readonly string[]
): Promise<{ code: number; said: string }> {
  let said = ''
  const collect = (): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done): void {
        said += chunk.toString()
        done()
      },
    })
  const code = await runCli(args, {
    host: new SilentAboutSpace(nodeHost),
    stdout: collect(),
    stderr: collect(),
    cwd,
    cancellation: () => new AbortController().signal,
  })
  return { code, said }
}

const SIZE = 3 * MIB

/** Runs the tool, which has to end for want of space. */
async function expectFull(cwd: string, ...args: readonly string[]): Promise<void> {
  const { code, said } = await addCowImg(cwd, ...args)
  expect(said).toMatch(/no space/i)
  expect(code).toBe(1)
}

/** A file system with so much space left, which a filler takes the rest of. */
async function mountSmall(folder: string, free: number): Promise<string> {
  const small = join(folder, 'small')
  mkdirSync(small)
  const options = ['-t', 'tmpfs', '-o', `size=${8 * MIB}`]
  expectSuccess('mount', options, await run(folder, 'mount', ...options, 'tmpfs', small))
  onTestFinished(async () => {
    await run(folder, 'umount', small)
  })
  writeFileSync(join(small, 'filler'), new Uint8Array(8 * MIB - free))
  return small
}

/** An overlay with data in a folder, on a base. */
async function makeOverlay(path: string, base: string, format: string): Promise<Buffer> {
  const names = ['-o', `backing_file=${base},image_file=x.raw`]
  const args = ['create', '-q', '-f', format, ...names, path]
  expect(await addCowImg('/', ...args)).toEqual({ code: 0, said: '' })
  const disk = await openDisk(nodeHost, path, { writable: true })
  await disk.write(new Random(2).bytes(MIB / 4), 2 * MIB)
  await disk.close()
  return await diskContent(nodeHost, path)
}

async function expectWhole(path: string, content: Buffer): Promise<void> {
  expect((await diskContent(nodeHost, path)).equals(content)).toBe(true)
  const { findings } = await checkDisk(nodeHost, path, 'none')
  expect(findings.filter(({ severity }) => severity === 'corruption')).toEqual([])
}

describeNeeding([linux, tmpfs], 'a disk that becomes full', () => {
  test.each(['add-cow', 'acow'])('in a flatten, which goes on with more: %s', async (format) => {
    const folder = temporaryFolder()
    const small = await mountSmall(folder, 2 * MIB)
    writeFileSync(join(folder, 'base.raw'), new Random(1).bytes(SIZE))
    const path = join(small, 'x.add-cow')
    const content = await makeOverlay(path, join(folder, 'base.raw'), format)
    await expectFull(folder, 'flatten', path)
    await expectWhole(path, content)
    rmSync(join(small, 'filler'))
    expect(await addCowImg(folder, 'flatten', path)).toMatchObject({ code: 0 })
    expect(readFileSync(join(small, 'x.raw')).equals(content)).toBe(true)
  })

  test('in a convert, which leaves no part', async () => {
    const folder = temporaryFolder()
    const small = await mountSmall(folder, 2 * MIB)
    writeFileSync(join(folder, 'base.raw'), new Random(1).bytes(SIZE))
    const path = join(folder, 'x.add-cow')
    const content = await makeOverlay(path, join(folder, 'base.raw'), 'acow')
    const args = ['convert', path, join(small, 'out.raw')]
    await expectFull(folder, ...args)
    expect(readdirSync(small)).toEqual(['filler'])
    await expectWhole(path, content)
    rmSync(join(small, 'filler'))
    expect(await addCowImg(folder, ...args)).toMatchObject({ code: 0 })
    expect(readFileSync(join(small, 'out.raw')).equals(content)).toBe(true)
  })

  test.each(['add-cow', 'acow'])('in a commit, which goes on with more: %s', async (format) => {
    const folder = temporaryFolder()
    const small = await mountSmall(folder, MIB / 8)
    const base = join(small, 'base.raw')
    writeFileSync(base, '')
    const made = await nodeHost.open(base, { access: 'write' })
    await made.truncate(SIZE)
    await made.close()
    const path = join(folder, 'x.add-cow')
    const content = await makeOverlay(path, base, format)
    const before = readFileSync(path)
    await expectFull(folder, 'commit', path)
    expect(readFileSync(path).equals(before)).toBe(true)
    await expectWhole(path, content)
    rmSync(join(small, 'filler'))
    expect(await addCowImg(folder, 'commit', path)).toMatchObject({ code: 0 })
    expect(readFileSync(base).equals(content)).toBe(true)
    await expectWhole(path, content)
  })
})
