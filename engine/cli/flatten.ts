import { Command } from 'commander'
import { inspectImage } from '../image/inspect'
import { absolute, type Cli, printable, shown } from './cli'
import { runHere } from './run-job'

interface Options {
  readonly progress: boolean
  readonly verify: boolean
  readonly quiet: boolean
}

export function flattenCommand(cli: Cli): Command {
  return new Command('flatten')
    .description('Bring everything into the image file: afterwards it alone is the disk.')
    .argument('<file>')
    .option('-p, --progress', 'draw how far it is', false)
    .option('--verify', 'read again what was copied, and compare', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, options: Options) => {
      await flatten(cli, file, options)
    })
}

async function flatten(cli: Cli, file: string, options: Options): Promise<void> {
  const { progress, verify, quiet } = options
  const path = absolute(cli, file)
  await runHere(cli, { kind: 'flatten', path, verify }, progress)
  if (quiet) return
  const { imageFile } = await inspectImage(cli.host, path)
  if (imageFile === undefined) return
  const name = shown(cli, imageFile.path, file)
  await cli.out.line(`Image flattened: ${printable(name)} alone is the disk now.`)
}
