import { execFile, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { ScriptError } from './project'

const parentCheckMs = 500

export interface Outcome {
  /** Exit code; 128 + the signal's number where a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

/**
 * Runs a program in this terminal and resolves with its exit code. Ctrl-C reaches the program from
 * the terminal itself; a signal to this process alone is passed on, and the death of the process
 * that started this one, which npm's shell does not announce, counts as one. However it comes, the
 * program ends first, so nothing is left running.
 */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  const passOn = (signal: NodeJS.Signals): void => {
    child.kill(signal)
  }
  const wait = (): void => undefined
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, parentCheckMs)
  process.on('SIGTERM', passOn)
  process.on('SIGHUP', passOn)
  process.on('SIGINT', wait)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause) => {
        reject(new ScriptError(`Cannot start ${command}: ${cause.message}`, { cause }))
      })
      child.once('exit', (code, signal) => {
        resolve(exitCode(code, signal))
      })
    })
  } finally {
    clearInterval(watch)
    process.off('SIGTERM', passOn)
    process.off('SIGHUP', passOn)
    process.off('SIGINT', wait)
  }
}

/** Runs a program silently. Resolves whatever its exit code; a program that is absent has 127. */
export async function capture(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return await new Promise((resolve) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const absent = error?.code === 'ENOENT'
      resolve({
        code: absent ? 127 : exitCode(child.exitCode ?? (error ? 1 : 0), child.signalCode),
        stdout,
        stderr: absent ? `${command}: not found` : stderr,
      })
    })
  })
}

/** Runs one of this project's own npm programs (`vite`, `vitest` ...) with this very Node. */
export async function runTool(
  modulePath: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  return await run(process.execPath, [modulePath, ...args], env)
}
