import { Command, Option } from 'commander'
import { absolute, type Cli } from './cli'
import { runHere } from './run-job'

interface Options {
  readonly progress: boolean
  readonly verify: boolean
}

export function convertCommand(cli: Cli): Command {
  return new Command('convert')
    .description('Write the whole disk to a new raw file; the source is only read.')
    .argument('<file>')
    .argument('<output>', 'the raw file to be made')
    .addOption(new Option('-O <format>', 'format of the output').choices(['raw']).default('raw'))
    .option('-p, --progress', 'draw how far it is', false)
    .option('--verify', 'read both sides again afterwards, and compare', false)
    .action(async (file: string, output: string, { progress, verify }: Options) => {
      const [path, target] = [absolute(cli, file), absolute(cli, output)]
      await runHere(cli, { kind: 'export', path, target, verify }, progress)
    })
}
