import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ElectronApplication, type Page, _electron as playwright } from 'playwright-core'
import { inject } from 'vitest'
import { outFolder, projectRoot } from '../../build/lib/project'

export interface LaunchOptions {
  /** Arguments of the application itself, such as files to open. */
  readonly args?: readonly string[]
  /** The profile of an earlier launch, to see what survives a restart; a fresh one otherwise. */
  readonly profile?: string
  readonly env?: Readonly<Record<string, string>>
}

/** The real application in its real window, driven from a test. */
export interface RunningApp {
  readonly electron: ElectronApplication
  readonly window: Page
  /** The folder of all that the application keeps. */
  readonly profile: string
  /** Errors that the window's console showed, and exceptions that nobody caught, so far. */
  readonly problems: readonly string[]
  /** Keeps a picture of the window as out/test-artefacts/NAME.png; resolves with its path. */
  screenshot(name: string): Promise<string>
  /** Ends the application; its profile is kept only if the test gave it. */
  close(): Promise<void>
}

const artefacts = join(outFolder, 'test-artefacts')

/** Starts the built application and waits for its first window. */
export async function launchApp(options: LaunchOptions = {}): Promise<RunningApp> {
  const { executable, switches, env } = inject('electron')
  const profile = options.profile ?? (await mkdtemp(join(tmpdir(), 'add-cow-profile-')))
  const electron = await playwright.launch({
    executablePath: executable,
    args: [...switches, `--user-data-dir=${profile}`, projectRoot, ...(options.args ?? [])],
    env: { ...inheritedEnv(), ...env, ...options.env },
  })
  const problems: string[] = []
  const window = await electron.firstWindow()
  window.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  window.on('pageerror', (error) => {
    problems.push(error.stack ?? error.message)
  })
  return {
    electron,
    window,
    profile,
    problems,
    screenshot: async (name) => {
      await mkdir(artefacts, { recursive: true })
      const path = join(artefacts, `${name}.png`)
      // at its end, not half faded in
      await window.screenshot({ path, animations: 'disabled' })
      return path
    },
    close: async () => {
      await electron.close()
      if (options.profile === undefined) await rm(profile, { recursive: true, force: true })
    },
  }
}

function inheritedEnv(): Record<string, string> {
  const defined = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(defined)
}
