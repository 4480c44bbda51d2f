import * as path from 'node:path'
import { Command } from 'commander'
import { EngineError } from '../base/errors'
import type { NbdAddress } from '../server/address'
import { type NbdExport, serveDisk } from '../server/nbd-export'
import { NBD_PORT } from '../nbd/protocol'
import { absolute, type Cli, complain } from './cli'
import type { Control } from './control-server'

interface Options {
  readonly socket?: string
  readonly port?: string
  readonly readOnly: boolean
  readonly persistent: boolean
  readonly control?: string
}

export function nbdCommand(cli: Cli): Command {
  return new Command('nbd')
    .description('Serve a disk over NBD, until the last client has gone.')
    .argument('<file>')
    .option('--socket <path>', 'listen on a Unix socket, for the present user alone')
    .option('--port <number>', 'listen on a port of 127.0.0.1; 0: any that is free')
    .option('-r, --read-only', 'let nobody write', false)
    .option('-t, --persistent', 'go on serving when the last client has gone', false)
    .option('--control <path>', 'take requests of add-cow-img ctl on another Unix socket')
    .action(async (file: string, options: Options) => {
      await serve(cli, file, options)
    })
}

async function serve(cli: Cli, file: string, options: Options): Promise<void> {
  const stopped = cli.surroundings.cancellation()
  const address = addressOf(cli, options)
  let served = false
  let leave = (): void => undefined
  const over = new Promise<void>((resolve) => (leave = resolve))
  stopped.addEventListener('abort', leave, { once: true })
  let told = ''
  /** A guest may run into the same failure a thousand times. */
  const tell = (message: string): void => {
    if (message !== told) complain(cli.surroundings, message)
    told = message
  }
  const nbd = await serveDisk(cli.host, {
    path: absolute(cli, file),
    readOnly: options.readOnly,
    address,
    onEvent: (event) => {
      if (event.kind === 'failure') tell(event.error.message)
      else if (event.clients > 0) served = true
      else if (served && !options.persistent) leave()
    },
  })
  let control: Control | undefined
  try {
    control = await controlOf(cli, options, nbd, leave)
    await cli.out.line(nbd.uri)
    if (!stopped.aborted) await over
  } finally {
    // whoever steers is told of the end
    await nbd.close().finally(() => control?.close())
  }
}

async function controlOf(
  { host, ...cli }: Cli,
  { control, readOnly }: Options,
  nbd: NbdExport,
  stopped: () => void,
): Promise<Control | undefined> {
  if (control === undefined) return undefined
  const socket = path.resolve(cli.surroundings.cwd, control)
  // what checks requests takes time to load, which other commands should not wait for
  const { serveControl } = await import('./control-server')
  return await serveControl({ host, nbd, readOnly, stopped }, socket)
}

function addressOf(cli: Cli, { socket, port }: Options): NbdAddress {
  if (socket !== undefined && port !== undefined) {
    throw new EngineError('invalid-argument', 'Either --socket or --port, not both')
  }
  if (socket !== undefined) return { kind: 'socket', path: absolute(cli, socket) }
  return { kind: 'tcp', port: port === undefined ? NBD_PORT : portNumber(port) }
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  throw new EngineError('invalid-argument', `"${text}" is no port: 0 to 65535`, { port: text })
}
