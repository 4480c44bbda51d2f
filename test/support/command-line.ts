/*
 * The command line tool and other programs, as tests run them: to their end, whatever their exit
 * status, with all that they printed.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runCli } from '../../engine/cli/program'
import { nodeHost } from '../../engine/host/node-host'
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
  const code = await runCli(args, { host: nodeHost, stdout, stderr, cwd, cancellation })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** Runs a program by its name. Standard input is empty. */
export async function run(cwd: string, name: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(findProgram(name) ?? name, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
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
