import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { EngineError, isEngineError } from '../base/errors'
import type { HostFile } from '../host/host'
import { DEFAULT_CLIENT_OPTIONS } from './client'
import { shownText } from './nbd-error'
import { NbdFile } from './nbd-file'

const PROGRAM = 'qemu-nbd'
const PACKAGE = 'qemu-utils'
/** What a socket's path may take: the shortest limit of the systems that have them, in bytes. */
const MAX_SOCKET_PATH = 100
/** Milliseconds: between two looks for the socket, for it to come, for the child to go. */
const LOOK_AGAIN = 10
const START = 20_000
const END = 3000
/** What is kept of a child's complaints, in bytes: the last ones. */
const MAX_COMPLAINTS = 4096

/**
 * Opens the disk inside of an image, for reading, by a qemu-nbd of its own. The format is always
 * told, and no backing file is opened whatever the image says: so QEMU never guesses. The child
 * listens on a socket in a folder that nobody else can enter, takes one client, and ends with it:
 * also when this process is killed, as then the connection ends.
 *
 * Errors: `format/needs-program` where it is not installed, `in-use` where somebody writes to the
 * image, `format/corrupt` where QEMU does not take the image.
 */
export async function openWithQemu(imagePath: string, format: string): Promise<HostFile> {
  const program = findProgram(PROGRAM)
  if (program === undefined) throw needsProgram(imagePath, format)
  const folder = await privateFolder()
  const socket = path.join(folder, 'socket')
  const child = new Child(program, imagePath, format, socket)
  try {
    return await connect(child, imagePath, socket)
  } catch (error) {
    await child.end(0)
    throw child.complaint(imagePath, format) ?? error
  } finally {
    // Who is connected needs no name any more; so nothing is left, however this process ends.
    await rm(folder, { recursive: true, force: true })
  }
}

/** That a format is read with the help of a program that is not here. */
export function needsProgram(imagePath: string, format: string): EngineError {
  const message =
    `Cannot open ${imagePath}: ${format} images are read by way of ${PROGRAM}, which is not ` +
    `installed (on Debian and Ubuntu: the package ${PACKAGE})`
  const details = { path: imagePath, format, program: PROGRAM, package: PACKAGE }
  return new EngineError('format/needs-program', message, details, { state: 'unchanged' })
}

async function privateFolder(): Promise<string> {
  const longest = path.join(tmpdir(), 'add-cow-XXXXXX', 'socket')
  const parent = Buffer.byteLength(longest) <= MAX_SOCKET_PATH ? tmpdir() : '/tmp'
  return await mkdtemp(path.join(parent, 'add-cow-'))
}

function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
  const candidates = folders.map((folder) => path.join(folder, name))
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function connect(child: Child, imagePath: string, socket: string): Promise<NbdFile> {
  const address = { uri: imagePath, place: { path: socket }, exportName: '' }
  // A child that is gone is not there to be connected to again.
  const options = { ...DEFAULT_CLIENT_OPTIONS, reconnectDelays: [] }
  for (const deadline = Date.now() + START; ;) {
    try {
      return await NbdFile.open(address, options, () => child.end(END))
    } catch (error) {
      const hopeless = child.hasEnded || Date.now() > deadline
      if (hopeless || !isEngineError(error, 'nbd/unreachable')) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN))
  }
}

/** A running qemu-nbd. */
class Child {
  hasEnded = false
  private complaints = ''
  private readonly process: ChildProcess
  private readonly ended: Promise<void>

  constructor(program: string, imagePath: string, format: string, socket: string) {
    const image = {
      driver: format,
      backing: null,
      file: { driver: 'file', filename: imagePath },
    }
    const args = ['--read-only', `--socket=${socket}`, `json:${JSON.stringify(image)}`]
    // Until it has a client it would go on without us: so it is told to end with its parent.
    const binding = process.platform === 'linux' ? findProgram('setpriv') : undefined
    const [command, words] =
      binding === undefined
        ? [program, args]
        : [binding, ['--pdeathsig', 'KILL', '--', program, ...args]]
    this.process = spawn(command, words, {
      cwd: '/',
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // Ctrl-C on a terminal is for us: we end it when we are done.
      detached: true,
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-MAX_COMPLAINTS)
    })
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.hasEnded = true
        resolve()
      }
      this.process.once('error', (error) => {
        this.complaints += error.message
        end()
      })
      this.process.once('close', end)
    })
  }

  /**
   * Waits for its end, which comes when its client has gone; sees to it where it takes longer than
   * so many milliseconds.
   */
  async end(patience: number): Promise<void> {
    const killer = setTimeout(() => this.process.kill('SIGKILL'), patience)
    await this.ended
    clearTimeout(killer)
  }

  /** What it had against the image; undefined where it said nothing. */
  complaint(imagePath: string, format: string): EngineError | undefined {
    const lines = this.complaints.trim().split('\n')
    const reason = shownText((lines.at(-1) ?? '').replace(/^.*?qemu-nbd: (?:.*'json:.*': )?/, ''))
    if (reason === '') return undefined
    const locked = reason.includes(' lock')
    const message = locked
      ? `Cannot open ${imagePath}: another program has it open for writing (${reason})`
      : `Cannot open ${imagePath}: ${PROGRAM} does not take it for a ${format} image: ${reason}`
    const code = locked ? 'in-use' : 'format/corrupt'
    return new EngineError(code, message, { path: imagePath, format }, { state: 'unchanged' })
  }
}
