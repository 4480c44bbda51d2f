import { Command, Option } from 'commander'
import { absolute, type Cli } from './cli'
import { runHere } from './run-job'

interface Options {
  readonly O: 'raw' | 'qcow2'
  readonly progress: boolean
  readonly verify: boolean
}

export function convertCommand(cli: Cli): Command {
  return new Command('convert')
    .description('Write a disk to a new file; the source is only read.')
    .argument('<file>')
    .argument('<output>', 'the file to be made')
    .addOption(
      new Option('-O <format>', 'raw: the whole disk; qcow2: an overlay on the same backing file')
        .choices(['raw', 'qcow2'])
        .default('raw'),
    )
    .option('-p, --progress', 'draw how far it is', false)
    .option('--verify', 'read both sides again afterwards, and compare', false)
    .action(async (file: string, output: string, { O: format, progress, verify }: Options) => {
      const [path, target] = [absolute(cli, file), absolute(cli, output)]
      const kind = format === 'raw' ? 'export' : 'export-overlay'
      await runHere(cli, { kind, path, target, verify }, progress)
    })
}
