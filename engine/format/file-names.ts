import * as path from 'node:path'
import { EngineError } from '../base/errors'
import type { Host } from '../host/host'
import { isNbdUri, parseNbdUri } from '../nbd/uri'

/**
 * The scheme of a name such as `nbd://host/x` or `file:x`; undefined for a path. `C:\x` is a path.
 */
export function protocolOf(name: string): string | undefined {
  const end = name.search(/[:/\\]/)
  if (end < 2 || name[end] !== ':') return undefined
  return name.slice(0, end)
}

/**
 * What a name in an image leads to: an absolute path, where a relative name counts from the
 * directory of the image, or the URI of an NBD export. `not-supported` for any other protocol, and
 * for a relative name in an image that has no directory; errors of parseNbdUri.
 */
export function resolveName(name: string, imagePath: string): string {
  if (isNbdUri(imagePath)) {
    if (isNbdUri(name)) return parseNbdUri(name, '/').uri
    if (path.isAbsolute(name)) return path.normalize(name)
    throw notSupported(name, imagePath, 'a relative name leads nowhere from there')
  }
  const directory = path.dirname(imagePath)
  if (isNbdUri(name)) return parseNbdUri(name, directory).uri
  const protocol = protocolOf(name)
  if (protocol === undefined) return path.resolve(directory, name)
  throw notSupported(name, imagePath, `${protocol}: is not a file, nor one of nbd://, nbd+unix://`)
}

/**
 * The name by which an image in a directory stores another file: relative where that lies in the
 * directory or below it, so that the directory can be moved as a whole; absolute everywhere else,
 * so that the image alone can be moved. What would look like a protocol (`a:b`) gets `./` before
 * it.
 */
export function storedName(filePath: string, directory: string): string {
  const name = path.relative(directory, filePath)
  const climbs = name === '..' || name.startsWith(`..${path.sep}`)
  if (climbs || path.isAbsolute(name)) return filePath
  const portable = name.split(path.sep).join('/')
  return /^[^/]*:/.test(portable) ? `./${portable}` : portable
}

/** An image that holds a name, and whether its own format is a guess by its first bytes. */
export interface NamingImage {
  readonly path: string
  readonly guessed: boolean
}

/**
 * The same for a name that is about to be opened because an image says so: only where the host lets
 * it be followed, else `chain/needs-consent`, whose details have the `target` to be asked for.
 */
export async function followName(host: Host, name: string, image: NamingImage): Promise<string> {
  const target = resolveName(name, image.path)
  const { path: namedBy, guessed } = image
  if ((await host.mayFollow?.({ target, namedBy, guessed })) !== false) return target
  const where = isNbdUri(target) ? 'on the network' : 'outside of its own folder'
  const message = `Cannot open ${namedBy}: it names ${target}, ${where}; that needs your consent`
  throw new EngineError(
    'chain/needs-consent',
    message,
    { path: namedBy, target },
    { state: 'unchanged' },
  )
}

function notSupported(name: string, imagePath: string, why: string): EngineError {
  const message = `Cannot open ${name}, named by ${imagePath}: ${why}`
  return new EngineError(
    'not-supported',
    message,
    { path: imagePath, name },
    { state: 'unchanged' },
  )
}
