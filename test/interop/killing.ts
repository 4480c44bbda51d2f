/* The real program, killed while it is at work. */
import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { addCowImgPath } from '../support/command-line'

/** Runs the program and kills it after so many milliseconds; whether it was still running. */
export async function killAfter(
  folder: string,
  args: readonly string[],
  milliseconds: number,
): Promise<boolean> {
  return await killWhen(folder, args, (ended) => Promise.race([sleep(milliseconds), ended]))
}

/**
 * Runs the program and kills it so many milliseconds after it has begun to change files, which for
 * a short job is soon before its end; whether it was still running.
 */
export async function killAtWork(
  folder: string,
  args: readonly string[],
  milliseconds: number,
): Promise<boolean> {
  const before = traces(folder)
  return await killWhen(folder, args, async (ended) => {
    const state = { running: true }
    void ended.then(() => {
      state.running = false
    })
    while (state.running && traces(folder) === before) await turn()
    // timers are too coarse for it
    const begun = performance.now()
    while (state.running && performance.now() - begun < milliseconds) await turn()
  })
}

/** What a job leaves when it has begun: other files than before, or files that were changed. */
export function traces(folder: string): string {
  const stats = readdirSync(folder).map((name) => {
    const stat = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? `no ${name}` : `${name} ${stat.size} ${stat.mtimeNs}`
  })
  return stats.sort().join()
}

/** Kills it when the moment has come; where it has ended before, that has to have been well. */
async function killWhen(
  folder: string,
  args: readonly string[],
  moment: (ended: Promise<unknown>) => Promise<unknown>,
): Promise<boolean> {
  const child = spawn(process.execPath, [addCowImgPath, ...args], { cwd: folder, stdio: 'ignore' })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const ended = new Promise<{ code: number | null; killed: boolean }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, killed: signal === 'SIGKILL' }))
  })
  await moment(ended)
  child.kill('SIGKILL')
  const { code, killed } = await ended
  if (!killed) expect(code).toBe(0)
  return killed
}
