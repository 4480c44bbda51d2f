import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { basename, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { findProgram } from '../../build/system/packages'

/** A server in a process of its own, ended with the test. */
export interface NbdServer {
  readonly socket: string
  readonly uri: string
  readonly process: ChildProcess
  /** Ends it as a crash does. */
  kill(): Promise<void>
}

/** Serves with nbdkit: `args` are filters, plugin and parameters. */
export async function nbdkit(folder: string, ...args: readonly string[]): Promise<NbdServer> {
  return await startServer('nbdkit', folder, (socket) => ['-f', '-U', socket, ...args])
}

/** Serves with qemu-nbd, read-only, to any number of clients. */
export async function qemuNbd(folder: string, ...args: readonly string[]): Promise<NbdServer> {
  const fixed = ['--read-only', '--persistent', '--shared=8']
  return await startServer('qemu-nbd', folder, (socket) => [...fixed, '-k', socket, ...args])
}

/** Starts a program that listens on the socket that it is given, and waits until it does. */
export async function startServer(
  name: string,
  folder: string,
  argsFor: (socket: string) => readonly string[],
): Promise<NbdServer> {
  const socket = join(folder, `${basename(name)}.sock`)
  const child = spawn(findProgram(name) ?? name, argsFor(socket), { stdio: 'ignore', cwd: folder })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  await expect.poll(async () => await listens(socket), { timeout: 20_000 }).toBe(true)
  return { socket, uri: `nbd+unix:///?socket=${socket}`, process: child, kill }
}

async function listens(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false
  return await new Promise((resolve) => {
    const connection = createConnection(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}
