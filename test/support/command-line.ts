/*
 * The command line tool and other programs, as tests run them: to their end, whatever their exit
 * status, with all that they printed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runCli } from '../../engine/cli/program'
import { machineHost } from '../../engine/nbd/machine-host'
import { outFolder } from '../../build/lib/project'
import { findProgram } from '../../build/system/packages'

export interface Ended {
  /** -1 where a signal ended the program. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The built program. */
export const addCowImgPath = join(outFolder, 'cli/add-cow-img.js')

/** Runs the built command line tool as people do. */
export async function addCowImg(cwd: string, ...args: readonly string[]): Promise<Ended> {
  return await run(cwd, process.execPath, addCowImgPath, ...args)
}

/** Runs the same code in this process: for unit tests, and where many short runs are needed. */
export async function addCowImgHere(cwd: string, ...args: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [new Collector(), new Collector()]
  const cancellation = (): AbortSignal => new AbortController().signal
  const host = machineHost({ files: 'any', names: new Set() })
  const code = await runCli(args, { host, stdout, stderr, cwd, cancellation })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** What a test agrees to is not what its person agrees to: kept elsewhere, and not for long. */
function stateFolder(): string {
  if (state === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'add-cow-state-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    state = folder
  }
  return state
}

let state: string | undefined

/** Runs a program by its name. Standard input is empty. */
export async function run(cwd: string, name: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(findProgram(name) ?? name, args, {
    cwd,
    env: { ...process.env, XDG_STATE_HOME: stateFolder() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const code = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? -1))
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, stdout, stderr }
}

/** The output of a program that has to end well. */
export async function output(
  cwd: string,
  name: string,
  ...args: readonly string[]
): Promise<string> {
  return expectSuccess(name, args, await run(cwd, name, ...args))
}

/** The output of a run that has to have ended well. */
export function expectSuccess(name: string, args: readonly string[], ended: Ended): string {
  if (ended.code === 0) return ended.stdout
  const line = [name, ...args].join(' ')
  throw new Error(`${line}: exit status ${String(ended.code)}\n${ended.stdout}${ended.stderr}`)
}

class Collector extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}
