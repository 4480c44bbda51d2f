/*
 * The real program is killed in the middle of its jobs, at moments that a seed decides. Whatever it
 * leaves reads as before; started again, the job comes to its end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { addCowImg, addCowImgPath, expectSuccess, output } from '../support/command-line'
import { checkDisk } from '../support/disks'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

const firstSeed = Number(process.env['ADD_COW_SEED'] ?? 1)
/** Kills of each job. `ADD_COW_KILLS=100 npm test -- killed` tries more. */
const kills = Number(process.env['ADD_COW_KILLS'] ?? 6)

const SIZE = 96 * MIB

interface Job {
  readonly name: string
  readonly args: readonly string[]
  /** The image that is the disk when the job has ended. */
  readonly result: string
  /** What it makes: where a killed run came so far, it is whole, and in the way of the next. */
  readonly makes?: string
  /** What it makes before that, which stands in the way of the next as well. */
  readonly leaves?: string
}

const jobs: readonly Job[] = [
  { name: 'flatten', args: ['flatten', 'x.add-cow'], result: 'x.raw' },
  { name: 'commit', args: ['commit', 'x.add-cow'], result: 'base.raw' },
  { name: 'rebase', args: ['rebase', '--verify', '-b', '', 'x.add-cow'], result: 'x.raw' },
  {
    name: 'export',
    args: ['convert', 'x.add-cow', 'out.raw'],
    result: 'out.raw',
    makes: 'out.raw',
  },
  {
    name: 'export as qcow2',
    args: ['convert', '-O', 'qcow2', 'x.add-cow', 'out.qcow2'],
    result: 'out.qcow2',
    makes: 'out.qcow2',
  },
  {
    name: 'copy',
    args: ['move', '--copy', 'x.add-cow', 'y.add-cow'],
    result: 'y.add-cow',
    makes: 'y.add-cow',
    leaves: 'y.raw',
  },
]

/** A base that is full of data, and an overlay with some in pieces all over it. */
async function makeTemplate(folder: string, random: Random): Promise<void> {
  const args = ['create', '-o', 'backing_file=base.raw,image_file=x.raw', 'x.add-cow']
  await output(folder, 'dd', 'if=/dev/urandom', 'of=base.raw', `bs=${MIB}`, `count=${SIZE / MIB}`)
  expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
  const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
  for (let at = 0; at < SIZE; at += MIB) {
    const bytes = random.bytes(random.between(1, MIB / 2))
    await disk.write(bytes, at + random.below(MIB / 2))
  }
  await disk.close()
}

/** The same files in a new folder, sparse as they are. */
async function copyOf(template: string): Promise<string> {
  const folder = temporaryFolder()
  await output(folder, 'cp', '-a', '--sparse=always', `${template}/.`, '.')
  return folder
}

/** Runs the program and kills it after so many milliseconds; whether it was still running. */
async function kill(folder: string, args: readonly string[], after: number): Promise<boolean> {
  const child = spawn(process.execPath, [addCowImgPath, ...args], { cwd: folder, stdio: 'ignore' })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const ended = new Promise<{ code: number | null; killed: boolean }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, killed: signal === 'SIGKILL' }))
  })
  await Promise.race([sleep(after), ended])
  child.kill('SIGKILL')
  const { code, killed } = await ended
  if (!killed) expect(code).toBe(0)
  return killed
}

async function contentHash(path: string): Promise<string> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(MIB)
  for (let at = 0; at < disk.size; at += MIB) {
    const part = buffer.subarray(0, Math.min(MIB, disk.size - at))
    await disk.read(part, at)
    hash.update(part)
  }
  await disk.close()
  return hash.digest('hex')
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Of a raw file that of its bytes, of an overlay that of the disk. */
async function resultHash(path: string): Promise<string> {
  return path.endsWith('.raw') ? await fileHash(path) : await contentHash(path)
}

describeNeeding([linux, program('cp')], 'the program is killed', () => {
  test.each(jobs)(
    `in the middle of $name, ${String(kills)} times (ADD_COW_SEED=${String(firstSeed)})`,
    { timeout: 60_000 + kills * 10_000 },
    async ({ args, result, makes, leaves }) => {
      const random = new Random(firstSeed)
      const template = temporaryFolder()
      await makeTemplate(template, random)
      const expected = await contentHash(join(template, 'x.add-cow'))

      let folder = await copyOf(template)
      const begun = performance.now()
      expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
      let duration = performance.now() - begun
      expect(await resultHash(join(folder, result))).toBe(expected)

      folder = await copyOf(template)
      for (let killed = 0; killed < kills;) {
        // The first part is the start of Node, in which nothing happens.
        const running = await kill(folder, args, duration * (0.3 + random.below(700) / 1000))
        if (running) {
          killed += 1
          expect(await contentHash(join(folder, 'x.add-cow'))).toBe(expected)
          const { findings } = await checkDisk(nodeHost, join(folder, 'x.add-cow'), 'none')
          expect(findings.filter(({ severity }) => severity === 'corruption')).toEqual([])
        } else {
          expect(await resultHash(join(folder, result))).toBe(expected)
          // the machine is faster now than it was, or the moment was a late one
          duration *= 0.9
          rmSync(folder, { recursive: true })
          folder = await copyOf(template)
        }
        if (leaves !== undefined) rmSync(join(folder, leaves), { force: true })
        if (makes === undefined || !existsSync(join(folder, makes))) continue
        if (leaves === undefined) expect(await resultHash(join(folder, makes))).toBe(expected)
        rmSync(join(folder, makes))
      }
      expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
      expect(await resultHash(join(folder, result))).toBe(expected)
      expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
    },
  )

  test('an export that is at work is not disturbed, and one that is dead makes room', async () => {
    const folder = temporaryFolder()
    await makeTemplate(folder, new Random(firstSeed))
    const expected = await contentHash(join(folder, 'x.add-cow'))
    const part = join(folder, 'out.raw.part')
    const child = await stopAtPart(folder)
    const refused = await addCowImg(folder, 'convert', 'x.add-cow', 'out.raw')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('out.raw.part is being written by another run')
    expect(existsSync(part)).toBe(true)

    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    expect(existsSync(part)).toBe(true)
    expectSuccess('convert', [], await addCowImg(folder, 'convert', 'x.add-cow', 'out.raw'))
    expect(await fileHash(join(folder, 'out.raw'))).toBe(expected)
    expect(existsSync(part)).toBe(false)
  })
})

/** An export that has begun with its part, and stands still there. */
async function stopAtPart(folder: string): Promise<ChildProcess> {
  for (;;) {
    const args = ['convert', '--verify', 'x.add-cow', 'out.raw']
    const child = spawn(process.execPath, [addCowImgPath, ...args], { cwd: folder })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    const part = join(folder, 'out.raw.part')
    while (child.exitCode === null && !(existsSync(part) && statSync(part).size > 0)) await sleep(1)
    child.kill('SIGSTOP')
    await sleep(10)
    if (existsSync(part)) return child
    // it was faster: once more
    child.kill('SIGKILL')
    rmSync(join(folder, 'out.raw'), { force: true })
  }
}
