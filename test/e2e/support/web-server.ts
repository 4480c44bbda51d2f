import { createServer } from 'node:http'

/** A server on loopback, in the place of the whole web. */
export interface WebServer {
  /** Such as `http://127.0.0.1:1234`. */
  readonly origin: string
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** Answers every request: `.js` with a script that says it ran, everything else with a page. */
export async function startWebServer(): Promise<WebServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    const script = path.endsWith('.js')
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end(script ? 'globalThis.ranRemotely = true' : '<title>elsewhere</title>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return {
    origin: `http://127.0.0.1:${String(address.port)}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
