import * as path from 'node:path'
import type { Writable } from 'node:stream'
import { resolveName } from '../format/file-names'
import type { Host } from '../host/host'
import { isNbdUri, parseNbdUri } from '../nbd/uri'
import type { Output } from './output'

/** What the program is given of the world around it. */
export interface Surroundings {
  readonly host: Host
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** The directory that relative names on the command line count from. Absolute. */
  readonly cwd: string
  /** Lets the host follow a name that stands in an image, from now on: a path or a URI. */
  readonly agree?: (name: string) => Promise<void>
  /** To be asked for by a command that has something to clean up; see index.ts. */
  readonly cancellation: () => AbortSignal
}

/** What each command works with. */
export interface Cli {
  readonly host: Host
  readonly out: Output
  readonly surroundings: Surroundings
  /** 0 unless a command says otherwise; an error makes it 1. */
  exitCode: number
}

/** The absolute path, or the URI, of an image that was named on the command line. */
export function absolute(cli: Cli, file: string): string {
  const { cwd } = cli.surroundings
  return isNbdUri(file) ? parseNbdUri(file, cwd).uri : path.resolve(cwd, file)
}

/** Whoever types the name of a backing file agrees to its being opened when the image names it. */
export async function agreeToTyped(cli: Cli, name: string, imagePath: string): Promise<void> {
  const inFolder = !path.isAbsolute(name) && !isNbdUri(name) && !name.startsWith('..')
  if (!inFolder) await cli.surroundings.agree?.(resolveName(name, imagePath))
}

/**
 * A path for people and scripts: relative where the file on the command line was, so that what is
 * printed can be used as that was.
 */
export function shown(cli: Cli, filePath: string, given: string): string {
  if (isNbdUri(filePath) || isNbdUri(given) || path.isAbsolute(given)) return filePath
  return path.relative(cli.surroundings.cwd, filePath)
}

/**
 * Text that comes from a file, safe for a terminal and for one line: control characters are written
 * as `\xNN`.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** One line on standard error, in the program's name. */
export function complain({ stderr }: Surroundings, message: string): void {
  stderr.write(`add-cow-img: ${printable(message)}\n`)
}
