import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder of package.json; every script works from here wherever it was started. */
export const projectRoot = resolve(import.meta.dirname, '../..')

/** What a build or a test run leaves behind; never committed. */
export const outFolder = join(projectRoot, 'out')

/** This project's folder in the person's cache, shared by all clones of the project. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME']
  // The XDG specification has relative paths ignored.
  const root = base?.startsWith('/') ? base : join(homedir(), '.cache')
  return join(root, 'add-cow-manager')
}

/** A failure that needs no stack trace: the message says what to do. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

/** One line of a script's own voice, apart from what the programs it runs say. */
export function say(line: string): void {
  console.log(`[add-cow] ${line}`)
}

/** Runs a script to its exit code; an expected failure is one clear line. */
export async function main(script: () => Promise<number>): Promise<void> {
  process.chdir(projectRoot)
  try {
    process.exitCode = await script()
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    console.error(`[add-cow] ${error.message}`)
    process.exitCode = 1
  }
}
