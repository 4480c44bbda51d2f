/*
 * The start: what must happen before Electron is ready, and the choice between being the
 * application and handing files over to the one that runs already.
 */
import { app, dialog } from 'electron'
import { runApplication } from './application'
import { handedFiles } from './handed-files'
import { registerScheme } from './protocol'

const files = handedFiles(process.argv, process.defaultApp, process.cwd())

if (app.requestSingleInstanceLock({ files })) {
  registerScheme()
  // not awaited: Electron becomes ready only after this file has come to its end
  app
    .whenReady()
    .then(() => runApplication(files))
    .catch((error: unknown) => {
      dialog.showErrorBox(app.getName(), error instanceof Error ? error.message : String(error))
      app.exit(1)
    })
} else {
  app.quit()
}
