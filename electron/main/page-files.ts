import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'

export const PAGE_SCHEME = 'app'
export const PAGE_ORIGIN = `${PAGE_SCHEME}://add-cow`
export const PAGE_URL = `${PAGE_ORIGIN}/index.html`

/** The page may load what is in its own folder, and nothing else from anywhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** The file below `root` that a URL of the page means; undefined where it means none. */
export function pageFile(root: string, url: string): string | undefined {
  const { protocol, host, pathname } = new URL(url)
  if (`${protocol}//${host}` !== PAGE_ORIGIN) return undefined
  let path: string
  try {
    path = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  if (path.includes('\0') || path.includes('\\')) return undefined
  const file = normalize(join(root, path))
  return file.startsWith(root + sep) && extname(file) in TYPES ? file : undefined
}

/** Answers a request of the page with a file of its folder `root` (absolute), or with 404. */
export async function servePage(
  root: string,
  { method, url }: Pick<Request, 'method' | 'url'>,
): Promise<Response> {
  const file = method === 'GET' ? pageFile(root, url) : undefined
  if (file === undefined) return notFound()
  try {
    return new Response(await readFile(file), {
      headers: {
        'Content-Type': TYPES[extname(file)] ?? '',
        'Content-Security-Policy': CONTENT_SECURITY_POLICY,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      },
    })
  } catch {
    return notFound()
  }
}

function notFound(): Response {
  return new Response('Not found', { status: 404 })
}
