import { ScriptError, say } from '../lib/project'
import { type VirtualDisplay, hasDisplay, startVirtualDisplay } from '../system/display'
import { install, missingLibraries, missingXvfb } from '../system/packages'
import { type ElectronRuntime, findElectron } from './electron-runtime'

/** An Electron that will show windows on this machine. */
export interface PreparedElectron {
  readonly runtime: ElectronRuntime
  /** Switches that Electron needs here, before the application's path. */
  readonly switches: readonly string[]
}

/** Finds an Electron and sees to it that the system has all that it loads. */
export async function prepareElectron(): Promise<PreparedElectron> {
  const runtime = await findElectron()
  const missing = [
    ...(await missingLibraries(runtime.executable)),
    ...(hasDisplay() ? [] : missingXvfb()),
  ]
  if (!(await install(missing))) {
    throw new ScriptError('Electron cannot start before these are installed.')
  }
  return { runtime, switches: sandboxSwitches() }
}

/** Chromium refuses its sandbox to root, and to nobody else; so nobody else goes without it. */
function sandboxSwitches(): readonly string[] {
  return process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
}

/** A virtual display where the machine has none; says so. */
export async function displayIfNone(): Promise<VirtualDisplay | undefined> {
  if (hasDisplay()) return undefined
  const display = await startVirtualDisplay()
  say(`No display here: windows open on a virtual one, ${display.name}, which nobody sees.`)
  return display
}
