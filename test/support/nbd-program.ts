/*
 * `add-cow-img nbd` as people run it, in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { addCowImgPath } from './command-line'

export class NbdProgram {
  private constructor(
    readonly uri: string,
    readonly child: ChildProcess,
    private readonly said: { stderr: string },
    private readonly closed: Promise<unknown[]>,
  ) {}

  /** Starts it, and waits for the address that it prints. Killed with the test at the latest. */
  static async start(cwd: string, ...args: readonly string[]): Promise<NbdProgram> {
    const child = spawn(process.execPath, [addCowImgPath, 'nbd', ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    const said = { stderr: '' }
    child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()))
    const closed = once(child, 'close')
    const first = await Promise.race([once(child.stdout, 'data'), closed.then(() => undefined)])
    if (first === undefined) throw new Error(`add-cow-img nbd ended: ${said.stderr}`)
    return new NbdProgram(String(first[0]).trim(), child, said, closed)
  }

  get stderr(): string {
    return this.said.stderr
  }

  /** Waits for its end: the exit status, or the signal that ended it. */
  async ended(): Promise<number | string> {
    const [code, signal] = await this.closed
    return typeof code === 'number' ? code : String(signal)
  }

  /** Sends a signal, and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.child.kill(signal)
    return await this.ended()
  }
}
