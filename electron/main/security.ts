import { type Session, type WebContents, app } from 'electron'
import type { Log } from './log'

/**
 * Denies every page all that ours does not need: other windows, other pages, permissions, devices,
 * downloads. Must be called before the first window is opened.
 */
export function lockDown(session: Session, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn(`Denied: permission ${permission}`)
    answer(false)
  })
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.on('will-download', (event, item) => {
    log.warn(`Denied: download of ${item.getURL()}`)
    event.preventDefault()
  })
  app.on('web-contents-created', (_event, contents) => {
    lockIn(contents, log)
  })
}

function lockIn(contents: WebContents, log: Log): void {
  contents.setWindowOpenHandler(({ url }) => {
    log.warn(`Denied: window for ${url}`)
    return { action: 'deny' }
  })
  contents.on('will-frame-navigate', (event) => {
    // a page that loads itself anew, as during development, goes nowhere
    if (event.isMainFrame && event.url === contents.getURL()) return
    log.warn(`Denied: navigation to ${event.url}`)
    event.preventDefault()
  })
  contents.on('will-redirect', (event) => {
    log.warn(`Denied: redirection to ${event.url}`)
    event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => {
    event.preventDefault()
  })
}
