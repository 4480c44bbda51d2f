import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ScriptError, outFolder, projectRoot, say } from './project'
import { capture } from './run'

/** All that ends up in a build. */
const sources = [
  'engine',
  'electron',
  'renderer',
  'electron.vite.config.ts',
  'build/cli.vite.config.ts',
  'package-lock.json',
]

const products = [
  'main/index.js',
  'main/worker.js',
  'preload/index.cjs',
  'renderer/index.html',
  'cli/add-cow-img.js',
]

/** Builds the application and the command line tool, unless the build is newer than any source. */
export async function buildIfNeeded(): Promise<void> {
  const built = Math.min(...products.map((path) => modifiedAt(join(outFolder, path))))
  const changed = Math.max(...sources.map((path) => newest(join(projectRoot, path))))
  if (built > changed) return
  say('Building.')
  await build('electron-vite/bin/electron-vite.js', ['build'])
  await build('vite/bin/vite.js', ['build', '--config', 'build/cli.vite.config.ts'])
}

async function build(program: string, args: readonly string[]): Promise<void> {
  const path = join(projectRoot, 'node_modules', program)
  const { code, stdout, stderr } = await capture(process.execPath, [path, ...args])
  if (code !== 0) throw new ScriptError(`The build failed:\n${stdout}${stderr}`)
}

/** Milliseconds since 1970; 0 for what does not exist. */
function modifiedAt(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

function newest(path: string): number {
  const own = modifiedAt(path)
  if (own === 0 || !statSync(path).isDirectory()) return own
  return Math.max(own, ...readdirSync(path).map((name) => newest(join(path, name))))
}
