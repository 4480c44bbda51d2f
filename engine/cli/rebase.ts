import { Command } from 'commander'
import { backingFormat } from './backing-format'
import { absolute, agreeToTyped, type Cli } from './cli'
import { invalid } from './option-list'
import { runHere } from './run-job'

interface Options {
  readonly backing: string
  readonly backingFormat?: string
  readonly unsafe: boolean
  readonly verify: boolean
  readonly progress: boolean
  readonly quiet: boolean
}

export function rebaseCommand(cli: Cli): Command {
  return new Command('rebase')
    .description('Put an overlay on another backing file; the disk reads as before.')
    .argument('<file>')
    .requiredOption('-b, --backing <file>', 'as it is to be stored; empty: none any more')
    .option('-F, --backing-format <format>', 'its format; probed where absent')
    .option('-u, --unsafe', 'only change the name: who does that answers for the content', false)
    .option('--verify', 'read the new chain again, and compare it with the old one', false)
    .option('-p, --progress', 'draw how far it is', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, options: Options) => {
      await rebase(cli, file, options)
    })
}

async function rebase(cli: Cli, file: string, options: Options): Promise<void> {
  const { backing, backingFormat: format, unsafe, verify, progress, quiet } = options
  if (unsafe && verify) throw invalid('-u changes only the name: there is nothing to verify')
  const request = {
    kind: 'rebase',
    path: absolute(cli, file),
    backingFile: backing,
    namesOnly: unsafe,
    ...(verify && { verify }),
    ...(format !== undefined && { backingFormat: backingFormat(format) }),
  } as const
  await runHere(cli, request, progress)
  if (backing !== '') await agreeToTyped(cli, backing, request.path)
  if (!quiet) await cli.out.line('Image rebased.')
}
