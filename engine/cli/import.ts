import { Command, Option } from 'commander'
import type { ImportOverlayRequest } from '../model/job'
import { absolute, type Cli } from './cli'
import { invalid, parseOptionList } from './option-list'
import { runHere } from './run-job'

interface Options {
  readonly format: ImportOverlayRequest['format']
  readonly options: string
  readonly progress: boolean
  readonly verify: boolean
}

export function importCommand(cli: Cli): Command {
  return new Command('import')
    .description('Make an overlay of a qcow2 overlay, on the same backing file; that is only read.')
    .argument('<file>', 'the qcow2 overlay')
    .argument('<output>', 'the add-cow file to be made')
    .addOption(
      new Option('-f, --format <format>', 'layout').choices(['add-cow', 'acow']).default('add-cow'),
    )
    .requiredOption('-o, --options <list>', 'of image_file=...')
    .option('-p, --progress', 'draw how far it is', false)
    .option('--verify', 'read both sides again afterwards, and compare', false)
    .action(async (file: string, output: string, options: Options) => {
      const imageFile = parseOptionList(options.options, ['image_file']).get('image_file')
      if (imageFile === undefined) throw invalid('An overlay needs -o image_file=...')
      const [path, target] = [absolute(cli, file), absolute(cli, output)]
      const { format, verify, progress } = options
      await runHere(
        cli,
        { kind: 'import-overlay', path, target, format, imageFile, verify },
        progress,
      )
    })
}
