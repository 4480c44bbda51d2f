/*
 * The real program is killed in the middle of its jobs, at moments that a seed decides. Whatever it
 * leaves reads as before; started again, the job comes to its end. What the disk has to be is
 * written down beside it, without the program; the outcome is held against it by its sha256, and by
 * `qemu-img compare`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'
import { join } from 'node:path'
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
import { killAfter, traces } from './killing'
import { contentHash, type Expected, expectOutcome, fileHash } from './outcome'

const firstSeed = Number(process.env['ADD_COW_SEED'] ?? 1)
/** Kills of each job. `ADD_COW_KILLS=100 npm test -- killed` tries more. */
const kills = Number(process.env['ADD_COW_KILLS'] ?? 4)

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

/**
 * A base that is full of data, and an overlay with some in pieces all over it; what the disk is
 * then, in another folder.
 */
async function makeTemplate(folder: string, random: Random): Promise<Expected> {
  const args = ['create', '-o', 'backing_file=base.raw,image_file=x.raw', 'x.add-cow']
  await output(folder, 'dd', 'if=/dev/urandom', 'of=base.raw', `bs=${MIB}`, `count=${SIZE / MIB}`)
  expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
  const path = join(temporaryFolder(), 'expected.raw')
  await copyFile(join(folder, 'base.raw'), path)
  const file = await open(path, 'r+')
  const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
  for (let at = 0; at < SIZE; at += MIB) {
    const bytes = random.bytes(random.between(1, MIB / 2))
    const offset = at + random.below(MIB / 2)
    await disk.write(bytes, offset)
    await file.write(bytes, 0, bytes.length, offset)
  }
  await disk.close()
  await file.close()
  return { path, sha256: await fileHash(path) }
}

/** The same files in a new folder, sparse as they are. */
async function copyOf(template: string): Promise<string> {
  const folder = temporaryFolder()
  await output(folder, 'cp', '-a', '--sparse=always', `${template}/.`, '.')
  return folder
}

/** After a kill: the disk reads as ever, and what has a name of its own by now is whole. */
async function expectUnharmed(folder: string, job: Job, expected: Expected): Promise<void> {
  expect(await contentHash(join(folder, 'x.add-cow'))).toBe(expected.sha256)
  const { findings } = await checkDisk(nodeHost, join(folder, 'x.add-cow'), 'none')
  expect(findings.filter(({ severity }) => severity === 'corruption')).toEqual([])
  const { makes, leaves } = job
  if (makes !== undefined && existsSync(join(folder, makes))) {
    await expectOutcome(join(folder, makes), expected)
    rmSync(join(folder, makes))
  }
  if (leaves !== undefined) rmSync(join(folder, leaves), { force: true })
}

describeNeeding([linux, program('cp'), program('qemu-img')], 'the program is killed', () => {
  test.each(jobs)(
    `in the middle of $name, ${String(kills)} times (ADD_COW_SEED=${String(firstSeed)})`,
    // never a second try: a loss that comes once is a loss
    { timeout: 60_000 + kills * 10_000, retry: 0 },
    async (job) => {
      const random = new Random(firstSeed)
      const template = temporaryFolder()
      const expected = await makeTemplate(template, random)
      let folder = await copyOf(template)
      const toItsEnd = async (): Promise<void> => {
        expectSuccess('add-cow-img', job.args, await addCowImg(folder, ...job.args))
      }
      const endRound = async (): Promise<void> => {
        await expectOutcome(join(folder, job.result), expected)
        expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
        rmSync(folder, { recursive: true })
        folder = await copyOf(template)
      }

      const begun = performance.now()
      await toItsEnd()
      let duration = performance.now() - begun
      await endRound()

      const count = { killed: 0, early: 0, late: 0, ended: 0 }
      while (count.killed < kills) {
        const before = traces(folder)
        // the first part is the start of Node, in which nothing happens
        const running = await killAfter(
          folder,
          job.args,
          duration * (0.3 + random.below(700) / 1000),
        )
        if (!running) {
          // the machine is faster now than it was, or the moment was a late one
          count.late += 1
          duration *= 0.9
        } else if (traces(folder) === before) {
          count.early += 1
          duration *= 1.05
          continue
        } else {
          count.killed += 1
          await expectUnharmed(folder, job, expected)
          // the next run is killed as well, or it comes to its end
          if (random.chance(0.5)) continue
          count.ended += 1
          await toItsEnd()
        }
        await endRound()
      }
      await toItsEnd()
      await endRound()
      process.stdout.write(
        `${job.name}: ${String(count.killed)} times killed at work ` +
          `(${String(count.early)} too early, ${String(count.late)} too late), ` +
          `and ${String(count.ended)} times then taken to its end\n`,
      )
    },
  )

  test('an export that is at work is not disturbed, and one that is dead makes room', async () => {
    const folder = temporaryFolder()
    const expected = await makeTemplate(folder, new Random(firstSeed))
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
    await expectOutcome(join(folder, 'out.raw'), expected)
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
