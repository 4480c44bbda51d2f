import { chmodSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { EngineError } from '../base/errors'
import { ioError } from '../host/io-error'

/** Where an export can be reached: a Unix socket, or a port of the loopback interface. */
export type NbdAddress =
  | { readonly kind: 'socket'; readonly path: string }
  /** Port 0 when asked for: any that is free. */
  | { readonly kind: 'tcp'; readonly port: number }

/** The one interface that is listened on: whoever comes by it is on this machine. */
const LOOPBACK = '127.0.0.1'
/** Bytes of a socket's path that the system takes, without the NUL at its end. */
const MAX_SOCKET_PATH = 107

/** The address as the tools of the field take it. */
export function nbdUri(address: NbdAddress): string {
  if (address.kind === 'tcp') return `nbd://${LOOPBACK}:${address.port}`
  return `nbd+unix:///?socket=${encodeURIComponent(address.path).replaceAll('%2F', '/')}`
}

/**
 * Starts listening; returns the address with the port that it really has. A socket is for the
 * present user alone. A socket file that a program left when it was killed is replaced; `in-use`
 * where somebody listens, `file/exists` where a file is there that is no socket.
 */
export async function listen(server: Server, address: NbdAddress): Promise<NbdAddress> {
  if (address.kind === 'tcp') {
    await listenAt(server, { host: LOOPBACK, port: address.port }, `port ${address.port}`)
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
    return { kind: 'tcp', port }
  }
  const { path } = address
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    const message = `Cannot listen on ${path}: a socket's path has at most ${MAX_SOCKET_PATH} bytes`
    throw new EngineError('invalid-argument', message, { path, limit: MAX_SOCKET_PATH })
  }
  await clearPath(path)
  await listenAt(server, { path }, path)
  return address
}

async function listenAt(
  server: Server,
  where: { host: string; port: number } | { path: string },
  name: string,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(where, () => {
        server.off('error', reject)
        resolve()
      })
      // The file is there as soon as this call is over: nobody has had a turn to connect.
      if ('path' in where && server.listening) chmodSync(where.path, 0o600)
    })
  } catch (error) {
    throw listenError(error, name)
  }
}

function listenError(error: unknown, name: string): EngineError {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return new EngineError('in-use', `Cannot listen on ${name}: another program does`, { name })
  }
  return ioError('listen on', name, error)
}

/** Removes a socket that nobody listens on. */
async function clearPath(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    const failure = ioError('look at', path, error)
    if (failure.code === 'file/missing') return undefined
    throw failure
  })
  if (stat === undefined) return
  if (!stat.isSocket()) {
    const message = `Cannot listen on ${path}: a file is there that is no socket`
    throw new EngineError('file/exists', message, { path }, { state: 'unchanged' })
  }
  if (await isAlive(path)) {
    const message = `Cannot listen on ${path}: another program does`
    throw new EngineError('in-use', message, { path }, { state: 'unchanged' })
  }
  await unlink(path).catch((error: unknown) => {
    throw ioError('remove', path, error)
  })
}

/** Whether somebody listens; in doubt, yes. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error) => {
      resolve(!('code' in error) || error.code !== 'ECONNREFUSED')
    })
  })
}
