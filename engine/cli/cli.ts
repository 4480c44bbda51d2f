import * as path from 'node:path'
import type { Writable } from 'node:stream'
import type { Host } from '../host/host'
import type { Output } from './output'

/** What the program is given of the world around it. */
export interface Surroundings {
  readonly host: Host
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** The directory that relative names on the command line count from. Absolute. */
  readonly cwd: string
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

/** The absolute path of a file that was named on the command line. */
export function absolute(cli: Cli, file: string): string {
  return path.resolve(cli.surroundings.cwd, file)
}

/**
 * A path for people and scripts: relative where the file on the command line was, so that what is
 * printed can be used as that was.
 */
export function shown(cli: Cli, filePath: string, given: string): string {
  return path.isAbsolute(given) ? filePath : path.relative(cli.surroundings.cwd, filePath)
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
