import { Command } from 'commander'
import { EngineError, isEngineError } from '../base/errors'
import { inspectImage } from '../image/inspect'
import { absolute, type Cli } from './cli'
import { runHere } from './run-job'
import { newSizeArgument } from './sizes'

interface Options {
  readonly shrink: boolean
  readonly quiet: boolean
}

export function resizeCommand(cli: Cli): Command {
  return new Command('resize')
    .description('Change the virtual size.')
    .argument('<file>')
    .argument('<size>', 'the new size, or with + or - a change of it')
    .option('--shrink', 'cut off what lies behind the new end', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, text: string, options: Options) => {
      await resize(cli, absolute(cli, file), text, options)
      if (!options.quiet) await cli.out.line('Image resized.')
    })
}

async function resize(cli: Cli, path: string, text: string, options: Options): Promise<void> {
  const { virtualSize } = await inspectImage(cli.host, path)
  const size = newSizeArgument(text, virtualSize)
  await withShrinkHint(() => runHere(cli, { kind: 'resize', path, size, shrink: options.shrink }))
}

/** Runs what may have to be asked for with `--shrink`, and then says so. */
export async function withShrinkHint<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isEngineError(error, 'resize/needs-shrink')) throw error
    const { code, message, details } = error
    throw new EngineError(code, `${message} (--shrink)`, details, { cause: error })
  }
}
