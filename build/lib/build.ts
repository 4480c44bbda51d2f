import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ScriptError, outFolder, projectRoot, say } from './project'
import { capture } from './run'

/** Something that is built: from what, into what, and how. */
interface Target {
  readonly name: string
  readonly sources: readonly string[]
  /** Below out/. */
  readonly products: readonly string[]
  /** The program below node_modules/ and its arguments. */
  readonly builder: readonly [program: string, ...args: string[]]
}

const application: Target = {
  name: 'the application',
  sources: ['engine', 'electron', 'renderer', 'electron.vite.config.ts', 'package-lock.json'],
  products: [
    'main/index.js',
    'main/worker.js',
    'main/export-worker.js',
    'preload/index.cjs',
    'renderer/index.html',
  ],
  builder: ['electron-vite/bin/electron-vite.js', 'build'],
}

const commandLine: Target = {
  name: 'the command line',
  sources: ['engine', 'build/cli.vite.config.ts', 'package-lock.json'],
  products: ['cli/add-cow-img.js'],
  builder: ['vite/bin/vite.js', 'build', '--config', 'build/cli.vite.config.ts'],
}

/** Builds the application and the command line tool, unless the build is newer than any source. */
export async function buildIfNeeded(): Promise<void> {
  await buildTarget(application)
  await buildTarget(commandLine)
}

/** The same for the command line tool alone. */
export async function buildCommandLineIfNeeded(): Promise<void> {
  await buildTarget(commandLine)
}

async function buildTarget({ name, sources, products, builder }: Target): Promise<void> {
  const built = Math.min(...products.map((path) => modifiedAt(join(outFolder, path))))
  const changed = Math.max(...sources.map((path) => newest(join(projectRoot, path))))
  if (built > changed) return
  say(`Building ${name}.`)
  const [program, ...args] = builder
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
