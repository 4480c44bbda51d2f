/*
 * The real program is killed in the middle of an import. Whatever it leaves stands in nobody's way:
 * the next run takes it away, and comes to its end.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { addCowImg, addCowImgPath, expectSuccess, output } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent } from './qcow2-agreement'

const SIZE = 128 * MIB
const KILLS = 5
const ARGS = ['import', '-o', 'image_file=y.raw', 'x.qcow2', 'y.add-cow'] as const
const MADE = ['y.add-cow', 'y.raw']

/** Whether it was still at work. */
async function killAfter(folder: string, milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [addCowImgPath, ...ARGS], { cwd: folder, stdio: 'ignore' })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_code, signal) => resolve(signal))
  })
  await Promise.race([sleep(milliseconds), ended])
  child.kill('SIGKILL')
  return (await ended) === 'SIGKILL'
}

/** Kills an import that has begun to write; how long after its start decides the seed. */
async function killWhileWriting(folder: string, random: Random): Promise<void> {
  const parts = MADE.map((name) => join(folder, `${name}.part`))
  for (;;) {
    const killed = await killAfter(folder, 150 + random.below(900))
    if (killed && parts.some((part) => existsSync(part))) return
    // it had not begun, or was done: the image file gets its name first
    for (const name of MADE) rmSync(join(folder, name), { force: true })
  }
}

describeNeeding([linux, program('qemu-img'), program('qemu-io')], 'a killed import', () => {
  const once = { timeout: 120_000, retry: 0 }
  test('leaves nothing that the next one cannot take away', once, async () => {
    const random = new Random(Number(process.env['ADD_COW_SEED'] ?? 1))
    const folder = temporaryFolder()
    const blocks = [`bs=${String(MIB)}`, `count=${String(SIZE / MIB)}`]
    await output(folder, 'dd', 'if=/dev/urandom', 'of=base.raw', ...blocks)
    const onBase = ['-b', 'base.raw', '-F', 'raw', 'x.qcow2']
    await output(folder, 'qemu-img', 'create', '-q', '-f', 'qcow2', ...onBase)
    const writes = Array.from({ length: SIZE / (8 * MIB) }, (_, index) => [
      '-c',
      `write -P ${String(1 + random.below(255))} ${String(index * 8 * MIB)} ${String(6 * MIB)}`,
    ])
    await output(folder, 'qemu-io', ...writes.flat(), 'x.qcow2')
    await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'x.qcow2', 'expected.raw')

    for (let kills = 0; kills < KILLS; kills += 1) {
      await killWhileWriting(folder, random)
      for (const name of MADE) rmSync(join(folder, name), { force: true })
    }
    expectSuccess('add-cow-img', ARGS, await addCowImg(folder, ...ARGS))
    await expectContent(folder, 'y.add-cow', 'expected.raw')
    const left = readdirSync(folder).filter((name) => name.startsWith('y.'))
    expect(left.sort()).toEqual(MADE)
  })
})
