import { Command } from 'commander'
import { alignDown, alignUp, SECTOR_SIZE } from '../base/units'
import { inspectImage } from '../image/inspect'
import type { CompareResult } from '../model/job'
import { absolute, type Cli } from './cli'
import { runHere } from './run-job'

interface Options {
  readonly strict: boolean
  readonly progress: boolean
  readonly quiet: boolean
}

/** Exit status where the disks differ. */
const DIFFERENT = 1

export function compareCommand(cli: Cli): Command {
  return new Command('compare')
    .description('Find out whether two disks read the same; exits with 0: same, 1: different.')
    .argument('<one>')
    .argument('<other>')
    .option('-s, --strict', 'sizes must be the same too, not only what is not zero', false)
    .option('-p, --progress', 'draw how far it is', false)
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (one: string, other: string, options: Options) => {
      await compare(cli, absolute(cli, one), absolute(cli, other), options)
    })
}

async function compare(cli: Cli, path: string, other: string, options: Options): Promise<void> {
  const { strict, progress, quiet } = options
  const say = async (text: string): Promise<void> => {
    if (!quiet) await cli.out.line(text)
  }
  if (strict && !(await haveSameSize(cli, path, other))) {
    cli.exitCode = DIFFERENT
    await say('Strict mode: Image size mismatch!')
    return
  }
  const request = { kind: 'compare', path, other, firstOnly: true } as const
  const { compare: result } = await runHere(cli, request, progress)
  if (result === undefined) throw new Error('a comparison without a result')
  if (!result.identical) cli.exitCode = DIFFERENT
  for (const line of compareLines(result)) await say(line)
}

async function haveSameSize(cli: Cli, path: string, other: string): Promise<boolean> {
  const infos = await Promise.all([path, other].map((file) => inspectImage(cli.host, file)))
  const [one = 0, two = 0] = infos.map(({ virtualSize }) => virtualSize)
  return isSameSize(one, two)
}

/** Disks are whole sectors; the last one of a raw file may be there in part. */
function isSameSize(one: number, two: number): boolean {
  return alignUp(one, SECTOR_SIZE) === alignUp(two, SECTOR_SIZE)
}

/** As qemu-img says it: the offset is that of the sector. */
export function compareLines({ identical, sizes, firstDifference = 0 }: CompareResult): string[] {
  const [one, two] = sizes
  const differsInBoth = !identical && firstDifference < Math.min(one, two)
  const lines = isSameSize(one, two) || differsInBoth ? [] : ['Warning: Image size mismatch!']
  if (identical) return [...lines, 'Images are identical.']
  const offset = alignDown(firstDifference, SECTOR_SIZE)
  return [...lines, `Content mismatch at offset ${String(offset)}!`]
}
