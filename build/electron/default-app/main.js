// Stands in for the default app that the stock Electron lacks: `electron PATH` loads the
// application in PATH, as every other Electron does.
import { app } from 'electron'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const index = process.argv.findIndex((argument, at) => at > 0 && !argument.startsWith('-'))
if (index === -1) {
  process.stderr.write('Usage: electron [switches] PATH [arguments]\n')
  app.exit(1)
} else {
  const folder = resolve(process.argv[index])
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

  // An application finds its own arguments from the third place on, switches of Chromium left out.
  process.argv.splice(1, index - 1)
  Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true })
  app.setName(manifest.productName ?? manifest.name)
  app.setVersion(manifest.version)
  app.setAppPath(folder)
  if (!app.commandLine.hasSwitch('user-data-dir')) {
    app.setPath('userData', join(app.getPath('appData'), app.getName()))
  }
  await import(pathToFileURL(resolve(folder, manifest.main ?? 'index.js')).href)
}
