import * as path from 'node:path'
import { Command } from 'commander'
import { storedName } from '../format/file-names'
import { inspectImage } from '../image/inspect'
import type { CreateRequest } from '../model/job'
import { absolute, agreeToTyped, type Cli, printable } from './cli'
import { runHere } from './run-job'
import { layoutOption, snapshotFiles } from './snapshot-files'

interface Options {
  readonly format?: CreateRequest['format']
  readonly quiet: boolean
}

export function snapshotCommand(cli: Cli): Command {
  return new Command('snapshot')
    .description(
      'Make a new overlay on a disk: the disk as it is stays, as the base of the new one.',
    )
    .argument('<file>')
    .argument('<new>', 'the add-cow file to be made; its image file gets the same name and .raw')
    .addOption(layoutOption())
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, newFile: string, options: Options) => {
      const request = await requestOf(cli, file, newFile, options)
      await runHere(cli, request)
      await agreeToTyped(cli, request.backingFile, request.path)
      if (options.quiet) return
      await cli.out.line(`Snapshot made: ${printable(newFile)} is on ${printable(file)} now.`)
    })
}

async function requestOf(
  cli: Cli,
  file: string,
  newFile: string,
  options: Options,
): Promise<CreateRequest & { readonly backingFile: string }> {
  const [basePath, newPath] = [absolute(cli, file), absolute(cli, newFile)]
  const base = await inspectImage(cli.host, basePath)
  return {
    kind: 'create',
    ...snapshotFiles(base, newPath, options.format),
    backingFile: storedName(basePath, path.dirname(newPath)),
    backingFormat: base.format,
  }
}
