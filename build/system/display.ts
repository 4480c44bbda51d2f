import { type ChildProcess, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { ScriptError } from '../lib/project'

/** A screen that exists in memory only, for a machine without one. */
export interface VirtualDisplay {
  /** What DISPLAY is to be set to, such as `:99`. */
  readonly name: string
  stop(): Promise<void>
}

/** True where windows can be shown: always on macOS and Windows, else with X11 or Wayland. */
export function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true
  return Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'])
}

/** Starts Xvfb on a display number that it finds free itself. */
export async function startVirtualDisplay(): Promise<VirtualDisplay> {
  const args = ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp', '-noreset']
  // A group of its own, so that Ctrl-C ends the application first and the screen after it.
  const server = spawn('Xvfb', args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) =>
    server.once('exit', () => {
      resolve()
    }),
  )
  const name = `:${await displayNumber(server)}`
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM')
    await ended
  }
  process.once('exit', () => server.kill('SIGTERM'))
  return { name, stop }
}

async function displayNumber(server: ChildProcess): Promise<string> {
  const pipe = server.stdio[3]
  if (!(pipe instanceof Readable)) throw new TypeError('Xvfb was started without its pipe')
  return await new Promise((resolve, reject) => {
    let text = ''
    pipe.setEncoding('utf8')
    pipe.on('data', (part: string) => {
      text += part
      if (text.endsWith('\n')) resolve(text.trim())
    })
    server.once('error', (cause) => {
      reject(new ScriptError(`Cannot start Xvfb: ${cause.message}`, { cause }))
    })
    server.once('exit', (code) => {
      reject(new ScriptError(`Xvfb ended with exit code ${String(code)} before it had a display.`))
    })
  })
}
