/*
 * `npm run package`: the packed application as a folder under out/package/, for this platform, with
 * the Electron that was found. Arguments name other targets: `npm run package -- AppImage deb`.
 */
import { Platform, build } from 'electron-builder'
import { findElectron } from './electron/electron-runtime'
import { buildIfNeeded } from './lib/build'
import { main, say } from './lib/project'
import { packagingConfig } from './packaging/config'

await main(async () => {
  const runtime = await findElectron()
  await buildIfNeeded()
  const targets = process.argv.slice(2)
  const made = await build({
    targets: Platform.current().createTarget(targets.length === 0 ? ['dir'] : targets),
    config: {
      ...packagingConfig,
      electronDist: runtime.folder,
      electronVersion: runtime.version,
    },
    publish: 'never',
  })
  say(made.length === 0 ? 'Packed into out/package/.' : `Packed: ${made.join(', ')}`)
  return 0
})
