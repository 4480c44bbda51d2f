import { Command } from 'commander'
import { absolute, type Cli } from './cli'
import { runHere } from './run-job'

interface Options {
  readonly progress: boolean
  readonly verify: boolean
  readonly quiet: boolean
}

export function commitCommand(cli: Cli): Command {
  return new Command('commit')
    .description('Write what the overlay has down into its backing file, and empty the overlay.')
    .argument('<file>')
    .option('-p, --progress', 'draw how far it is', false)
    .option('--verify', 'read again what was copied, and compare, before it is given up', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, { progress, verify, quiet }: Options) => {
      await runHere(cli, { kind: 'commit', path: absolute(cli, file), verify }, progress)
      if (!quiet) await cli.out.line('Image committed.')
    })
}
