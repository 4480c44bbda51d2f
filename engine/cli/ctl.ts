import * as path from 'node:path'
import { Command } from 'commander'
import { EngineError } from '../base/errors'
import { formatSize } from '../base/units'
import { storedName } from '../format/file-names'
import type { OverlayFormat } from '../model/image'
import { absolute, agreeToTyped, type Cli, printable, shown } from './cli'
import type * as ControlClient from './control-client'
import type { ExportStatus } from './control-messages'
import { outputOption } from './output-option'
import { ProgressLine, progressText } from './progress'
import { withShrinkHint } from './resize'
import { newSizeArgument, sizeArgument } from './sizes'
import { layoutOption } from './snapshot-files'

/** What all but `status` take. */
interface Quiet {
  readonly quiet: boolean
}

export function ctlCommand(cli: Cli): Command {
  const ctl = new Command('ctl').description(
    'Steer an export that runs: one of add-cow-img nbd --control SOCKET.',
  )
  for (const make of [status, snapshot, flatten, resize, stop]) {
    ctl.addCommand(make(cli).copyInheritedSettings(ctl))
  }
  return ctl
}

function subcommand(name: string, description: string): Command {
  const socket = 'the control socket of the export'
  return new Command(name).description(description).argument('<socket>', socket)
}

function quietable(name: string, description: string): Command {
  return subcommand(name, description).option('-q, --quiet', 'print nothing but errors', false)
}

/** Loaded when it is needed: it takes time that other commands should not wait for. */
async function client(): Promise<typeof ControlClient> {
  return await import('./control-client')
}

function socketAt(cli: Cli, given: string): string {
  return path.resolve(cli.surroundings.cwd, given)
}

function status(cli: Cli): Command {
  return subcommand('status', 'Tell what is served, to whom, and what is done to it.')
    .addOption(outputOption())
    .action(async (socket: string, { output }: { readonly output: 'human' | 'json' }) => {
      const found = await askStatus(socketAt(cli, socket))
      if (output === 'json') await cli.out.json(found)
      else await cli.out.write(statusText(found))
    })
}

async function askStatus(socket: string): Promise<ExportStatus> {
  const { askExport, controlResults } = await client()
  return await askExport(socket, { command: 'status' }, controlResults.status)
}

function statusText(found: ExportStatus): string {
  const { clients, flatten: far } = found
  const size = found['virtual-size']
  const earlier = clients.filter((client) => client['virtual-size'] !== size).length
  const lines = [
    `image: ${printable(found.filename)}${found['read-only'] ? ' (read-only)' : ''}`,
    `virtual size: ${formatSize(size)} (${size} bytes)`,
    `address: ${found.uri}`,
    `clients: ${clients.length}${earlier > 0 ? `, ${earlier} told another size` : ''}`,
    `read: ${formatSize(found['bytes-read'])}`,
    `written: ${formatSize(found['bytes-written'])}`,
    ...(far === undefined ? [] : [`flatten: ${progressText(far).trim()}`]),
  ]
  return `${lines.join('\n')}\n`
}

function snapshot(cli: Cli): Command {
  return quietable('snapshot', 'Put a new overlay on top, and go on with that.')
    .argument('<new>', 'the add-cow file to be made; its image file gets the same name and .raw')
    .addOption(layoutOption())
    .action(
      async (
        socket: string,
        newFile: string,
        { format, quiet }: Quiet & { readonly format?: OverlayFormat },
      ) => {
        const newPath = absolute(cli, newFile)
        const asked = format === undefined ? {} : { format }
        const request = { command: 'snapshot', path: newPath, ...asked } as const
        const { askExport, controlResults } = await client()
        const made = await askExport(socketAt(cli, socket), request, controlResults.snapshot)
        const base = made['full-backing-filename']
        await agreeToTyped(cli, storedName(base, path.dirname(newPath)), newPath)
        if (quiet) return
        const name = printable(shown(cli, base, newFile))
        await cli.out.line(`Snapshot made: ${printable(newFile)} is on ${name} now.`)
      },
    )
}

function flatten(cli: Cli): Command {
  return quietable('flatten', 'Bring everything into the image file, while clients are at work.')
    .option('-p, --progress', 'draw how far it is', false)
    .option('--rate <size>', 'bytes that are copied in a second, at most')
    .action(
      async (
        socket: string,
        { progress, rate, quiet }: Quiet & { readonly progress: boolean; readonly rate?: string },
      ) => {
        const limit = rate === undefined ? {} : { bytesPerSecond: rateArgument(rate) }
        const line = new ProgressLine(cli.surroundings.stderr, progress)
        const control = { signal: cli.surroundings.cancellation(), report: line.show.bind(line) }
        const request = { command: 'flatten', ...limit } as const
        const { askExport, controlResults } = await client()
        const asking = askExport(socketAt(cli, socket), request, controlResults.flatten, control)
        const { filename } = await asking.finally(() => line.end())
        const name = printable(shown(cli, filename, socket))
        if (!quiet) await cli.out.line(`Image flattened: ${name} needs nothing below it now.`)
      },
    )
}

function rateArgument(text: string): number {
  const rate = sizeArgument(text, 'rate')
  if (rate > 0) return rate
  throw new EngineError('invalid-argument', `Invalid rate '${text}': at least one byte a second`)
}

function resize(cli: Cli): Command {
  return quietable('resize', 'Change the virtual size; clients that connect later are told it.')
    .argument('<size>', 'the new size, or with + or - a change of it')
    .option('--shrink', 'cut off what lies behind the new end', false)
    .action(
      async (
        given: string,
        text: string,
        { shrink, quiet }: Quiet & { readonly shrink: boolean },
      ) => {
        const socket = socketAt(cli, given)
        const size = newSizeArgument(text, (await askStatus(socket))['virtual-size'])
        const request = { command: 'resize', size, shrink } as const
        const { askExport, controlResults } = await client()
        await withShrinkHint(() => askExport(socket, request, controlResults.resize))
        if (!quiet) await cli.out.line('Image resized.')
      },
    )
}

function stop(cli: Cli): Command {
  return quietable('stop', 'End the export when all that was written is durable.').action(
    async (socket: string, { quiet }: Quiet) => {
      const { askExport, controlResults } = await client()
      await askExport(socketAt(cli, socket), { command: 'stop' }, controlResults.stop)
      if (!quiet) await cli.out.line('Export ended.')
    },
  )
}
