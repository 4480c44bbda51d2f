import type { TestProject } from 'vitest/node'
import { displayIfNone, prepareElectron } from '../../build/electron/prepare-electron'
import { buildIfNeeded } from '../../build/lib/build'
import { ScriptError } from '../../build/lib/project'

/** What end-to-end tests start the built application with. */
export interface ElectronForTests {
  readonly executable: string
  readonly switches: readonly string[]
  /** Variables that the application gets beside this process's own. */
  readonly env: Readonly<Record<string, string>>
  /** Why no Electron can be started here; undefined where one can. */
  readonly missing: string | undefined
}

declare module 'vitest' {
  interface ProvidedContext {
    electron: ElectronForTests
  }
}

/** Once a run, before any test: an Electron, a display to show windows on, and a build. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const { runtime, switches } = await prepareElectron()
    await buildIfNeeded()
    const display = await displayIfNone()
    project.provide('electron', {
      executable: runtime.executable,
      switches,
      env: display === undefined ? {} : { DISPLAY: display.name },
      missing: undefined,
    })
    return async () => {
      await display?.stop()
    }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    const nothing = { executable: '', switches: [], env: {} }
    project.provide('electron', { ...nothing, missing: error.message })
    return () => Promise.resolve()
  }
}
