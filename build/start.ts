/* `npm start`: opens the application, with all the set-up that this takes on a fresh machine. */
import { displayIfNone, prepareElectron } from './electron/prepare-electron'
import { buildIfNeeded } from './lib/build'
import { main, projectRoot, say } from './lib/project'
import { run } from './lib/run'

await main(async () => {
  const { runtime, switches } = await prepareElectron()
  await buildIfNeeded()
  const display = await displayIfNone()
  if (switches.includes('--no-sandbox')) {
    say('Started by root: Chromium runs without its sandbox, which it refuses to root.')
  }
  try {
    const args = [...switches, projectRoot, ...process.argv.slice(2)]
    return await run(runtime.executable, args, display && { DISPLAY: display.name })
  } finally {
    await display?.stop()
  }
})
