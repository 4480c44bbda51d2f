import { Command, CommanderError } from 'commander'
import { version } from '../../package.json'
import { isEngineError, toErrorData } from '../base/errors'
import { shellWord } from '../job/plan'
import { checkCommand } from './check'
import { absolute, type Cli, complain, type Surroundings } from './cli'
import { commitCommand } from './commit'
import { compareCommand } from './compare'
import { convertCommand } from './convert'
import { createCommand } from './create'
import { ctlCommand } from './ctl'
import { flattenCommand } from './flatten'
import { importCommand } from './import'
import { infoCommand } from './info'
import { mapCommand } from './map'
import { measureCommand } from './measure'
import { moveCommand } from './move'
import { nbdCommand } from './nbd'
import { Output, ReaderGone } from './output'
import { rebaseCommand } from './rebase'
import { resizeCommand } from './resize'
import { protectNegativeSize } from './sizes'
import { snapshotCommand } from './snapshot'

/** Exit statuses; `check` has more of its own. */
const FAILED = 1
/** Of a comparison, which has 1 for disks that differ. */
const COMPARE_FAILED = 2
/** As of a program that the signals INT and PIPE ended. */
export const CANCELLED = 130
const READER_GONE = 141

/**
 * Runs one command line (without program and script). Resolves with the exit status; what went
 * wrong is one line on standard error.
 */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { host, stdout } = surroundings
  const cli: Cli = { host, out: new Output(stdout), surroundings, exitCode: 0 }
  try {
    await makeProgram(cli).parseAsync(protectNegativeSize(args), { from: 'user' })
    return cli.exitCode
  } catch (error) {
    return explain(error, surroundings, commandIn(args) === 'compare' ? COMPARE_FAILED : FAILED)
  }
}

function makeProgram(cli: Cli): Command {
  const { stdout, stderr } = cli.surroundings
  const program = new Command('add-cow-img')
    .description('Makes, inspects and flattens copy-on-write overlays of disk images.')
    .version(version, '-V, --version')
    .option('--allow <name>', 'open this file or URI where an image names it', addName, [])
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // told by explain()
      outputError: () => undefined,
    })
  for (const make of [
    createCommand,
    infoCommand,
    checkCommand,
    mapCommand,
    resizeCommand,
    flattenCommand,
    convertCommand,
    importCommand,
    commitCommand,
    rebaseCommand,
    compareCommand,
    measureCommand,
    snapshotCommand,
    moveCommand,
    nbdCommand,
    ctlCommand,
  ]) {
    program.addCommand(make(cli).copyInheritedSettings(program))
  }
  program.hook('preAction', async () => {
    const { allow } = program.opts<{ readonly allow: readonly string[] }>()
    for (const name of allow) await cli.surroundings.agree?.(absolute(cli, name))
  })
  return program
}

/** The first word that is neither an option nor its value. */
function commandIn(args: readonly string[]): string | undefined {
  return args.find((word, at) => !word.startsWith('-') && args[at - 1] !== '--allow')
}

/** One more value of an option that may be given several times. */
function addName(name: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, name]
}

/** Says what went wrong, and returns the exit status for it. */
function explain(error: unknown, surroundings: Surroundings, failed: number): number {
  if (error instanceof ReaderGone) return READER_GONE
  if (error instanceof CommanderError) {
    // Help and version come this way too. Where no command was given, help was all there is to say.
    if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode
    complain(surroundings, error.message.replace(/^error: /, '').replaceAll('\n', ' '))
    return failed
  }
  const { code, message, details } = toErrorData(error)
  const hints: Partial<Record<typeof code, string>> = {
    internal: `Internal error: ${message}`,
    'chain/needs-consent': `${message} (--allow ${shellWord(String(details['target']))})`,
  }
  complain(surroundings, hints[code] ?? message)
  return isEngineError(error, 'job/cancelled') ? CANCELLED : failed
}
