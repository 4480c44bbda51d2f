/* `npm run dev`: the application; window and main process follow every change of the code. */
import { join } from 'node:path'
import { displayIfNone, prepareElectron } from './electron/prepare-electron'
import { main, projectRoot } from './lib/project'
import { runTool } from './lib/run'

await main(async () => {
  const { runtime, switches } = await prepareElectron()
  const display = await displayIfNone()
  try {
    const program = join(projectRoot, 'node_modules/electron-vite/bin/electron-vite.js')
    const sandbox = switches.includes('--no-sandbox') ? ['--noSandbox'] : []
    return await runTool(program, ['dev', '--watch', ...sandbox], {
      ELECTRON_EXEC_PATH: runtime.executable,
      ...(display && { DISPLAY: display.name }),
    })
  } finally {
    await display?.stop()
  }
})
