import * as path from 'node:path'
import { EngineError } from '../base/errors'
import { MAX_NAME_BYTES, NBD_PORT } from './protocol'

/** Where an NBD server listens. `path` is absolute. */
export type NbdPlace = { readonly host: string; readonly port: number } | { readonly path: string }

/** An export of an NBD server. */
export interface NbdAddress {
  /** The same for every way to write the same export: what it is named and known again by. */
  readonly uri: string
  readonly place: NbdPlace
  readonly exportName: string
}

const SCHEME = /^nbds?(\+[a-z]+)?:\/\//i
/** Scheme, authority, path, query, fragment: RFC 3986, appendix B. */
const PARTS = /^([^:]+):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/s
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:@[\]]+)(?::(\d{0,5}))?$/

/** Whether a name is the URI of an NBD export, one that is not supported included. */
export function isNbdUri(name: string): boolean {
  return SCHEME.test(name)
}

/**
 * Reads an NBD URI, after uri.md of the NBD project: `nbd://HOST[:PORT][/EXPORT]` or
 * `nbd+unix:///[EXPORT]?socket=PATH`, percent-encoded. A relative socket counts from `directory`.
 *
 * Errors: `not-supported` for one that asks for TLS or for another kind of socket,
 * `invalid-argument` for any other that says what is not understood.
 */
export function parseNbdUri(uri: string, directory: string): NbdAddress {
  const [, scheme = '', authority = '', name = '', query, fragment] = PARTS.exec(uri) ?? []
  const kind = scheme.toLowerCase()
  if (kind !== 'nbd' && kind !== 'nbd+unix') throw notSupported(uri, kind)
  if (fragment !== undefined) throw invalid(uri, 'it ends in a fragment (#)')
  const exportName = decode(uri, name)
  if (Buffer.byteLength(exportName) > MAX_NAME_BYTES) throw invalid(uri, 'its export name is long')
  const parameters = queryOf(uri, query)
  if (kind === 'nbd') return tcpAddress(uri, authority, parameters, exportName)
  return unixAddress(uri, authority, parameters, exportName, directory)
}

function tcpAddress(
  uri: string,
  authority: string,
  parameters: ReadonlyMap<string, string>,
  exportName: string,
): NbdAddress {
  const [unknown] = parameters.keys()
  if (unknown !== undefined) throw invalid(uri, `the parameter ${unknown} is not known`)
  if (authority.includes('@')) throw invalid(uri, 'a user name is of no use without TLS')
  const [, rawHost, rawPort] = HOST_AND_PORT.exec(authority) ?? []
  if (rawHost === undefined) throw invalid(uri, 'it names no host')
  const host = decode(uri, rawHost.replace(/^\[|\]$/g, '')).toLowerCase()
  const port = rawPort === undefined || rawPort === '' ? NBD_PORT : Number(rawPort)
  if (port < 1 || port > 65_535) throw invalid(uri, 'its port is out of range')
  const shownHost = host.includes(':') ? `[${host}]` : encodeURIComponent(host)
  const shownPort = port === NBD_PORT ? '' : `:${String(port)}`
  const normal = `nbd://${shownHost}${shownPort}/${encodeName(exportName)}`
  return { uri: normal, place: { host, port }, exportName }
}

function unixAddress(
  uri: string,
  authority: string,
  parameters: ReadonlyMap<string, string>,
  exportName: string,
  directory: string,
): NbdAddress {
  if (authority !== '') throw invalid(uri, 'a Unix socket has no host')
  const socket = parameters.get('socket')
  if (socket === undefined || socket === '') throw invalid(uri, 'it needs ?socket=PATH')
  const unknown = [...parameters.keys()].find((key) => key !== 'socket')
  if (unknown !== undefined) throw invalid(uri, `the parameter ${unknown} is not known`)
  const socketPath = path.resolve(directory, socket)
  const normal = `nbd+unix:///${encodeName(exportName)}?socket=${encodeName(socketPath)}`
  return { uri: normal, place: { path: socketPath }, exportName }
}

function queryOf(uri: string, query: string | undefined): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query === undefined || query === '' ? [] : query.split('&')) {
    const [key = '', ...value] = pair.split('=')
    if (parameters.has(key)) throw invalid(uri, `the parameter ${key} stands there twice`)
    parameters.set(key, decode(uri, value.join('=')))
  }
  return parameters
}

function decode(uri: string, text: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text)
  } catch {
    throw invalid(uri, 'its percent-encoding is no UTF-8')
  }
  if (decoded.includes('\0')) throw invalid(uri, 'it contains a NUL')
  return decoded
}

/** Slashes stay readable: they are allowed in a path and in a query. */
function encodeName(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/')
}

function notSupported(uri: string, scheme: string): EngineError {
  const why = scheme.startsWith('nbds') ? 'NBD over TLS' : `the scheme ${scheme}`
  const message = `Cannot open ${uri}: ${why} is not supported; nbd:// and nbd+unix:// are`
  return new EngineError('not-supported', message, { path: uri }, { state: 'unchanged' })
}

function invalid(uri: string, why: string): EngineError {
  const message = `Cannot open ${uri}: as an NBD URI it is not valid, ${why}`
  return new EngineError('invalid-argument', message, { path: uri }, { state: 'unchanged' })
}
