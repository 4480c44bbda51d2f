import { join } from 'node:path'
import { app, protocol } from 'electron'
import { PAGE_ORIGIN, PAGE_SCHEME, PAGE_URL, servePage } from './page-files'

/** Where the page comes from, and whom its calls come from. */
export interface PageSource {
  readonly url: string
  readonly origin: string
}

/** Makes the page's own scheme known. Must be called before the application is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: PAGE_SCHEME,
      // codeCache: what a start compiled of the page is not compiled again at the next
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ])
}

/** Serves the built page; during development, and only then, the page may come from its server. */
export function providePage(): PageSource {
  const server = process.env.ELECTRON_RENDERER_URL
  if (!app.isPackaged && server !== undefined) {
    return { url: server, origin: new URL(server).origin }
  }
  const root = join(import.meta.dirname, '../renderer')
  protocol.handle(PAGE_SCHEME, (request) => servePage(root, request))
  return { url: PAGE_URL, origin: PAGE_ORIGIN }
}
