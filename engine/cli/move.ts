import * as path from 'node:path'
import { Command } from 'commander'
import { inspectImage } from '../image/inspect'
import { imageFileAt } from '../job/move'
import { absolute, type Cli, printable } from './cli'
import { invalid } from './option-list'
import { runHere } from './run-job'

interface Options {
  readonly copy: boolean
  readonly absolute: boolean
  readonly imageFile?: string
  readonly progress: boolean
  readonly quiet: boolean
}

export function moveCommand(cli: Cli): Command {
  return new Command('move')
    .description('Move an overlay with its image file; what lies below stays where it is.')
    .argument('<file>')
    .argument('<target>', 'the new add-cow file, or a directory; the present one: names only')
    .option('--copy', 'leave the overlay where it is as well', false)
    .option('--image-file <file>', 'the new image file; beside <target> where absent')
    .option('--absolute', 'store absolute names; relative ones where absent', false)
    .option('-p, --progress', 'draw how far it is', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, target: string, options: Options) => {
      await move(cli, file, target, options)
    })
}

async function move(cli: Cli, file: string, given: string, options: Options): Promise<void> {
  const { copy, progress, quiet } = options
  const from = absolute(cli, file)
  const { imageFile } = await inspectImage(cli.host, from)
  if (imageFile === undefined) throw invalid(`${file} is no overlay`)
  const place = absolute(cli, given)
  const isDirectory = (await cli.host.stat(place))?.kind === 'directory'
  const target = isDirectory ? path.join(place, path.basename(from)) : place
  const names = options.absolute ? 'absolute' : 'relative'
  const targetImage =
    options.imageFile === undefined
      ? imageFileAt(from, imageFile.path, target)
      : path.resolve(cli.surroundings.cwd, options.imageFile)
  await runHere(cli, { kind: 'move', path: from, target, targetImage, copy, names }, progress)
  if (!quiet) await cli.out.line(`Image ${copy ? 'copied' : 'moved'}: ${printable(target)}`)
}
