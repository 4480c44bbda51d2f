import { Command, Option } from 'commander'
import { alignUp, formatSize, SECTOR_SIZE } from '../base/units'
import type { Cost, MeasureResult } from '../model/job'
import { absolute, type Cli } from './cli'
import { outputOption } from './output-option'
import { runHere } from './run-job'

interface Options {
  readonly output: 'human' | 'json'
  readonly compareWithBase: boolean
}

export function measureCommand(cli: Cli): Command {
  return new Command('measure')
    .description('Tell what convert, flatten and commit would need and give back.')
    .argument('<file>')
    .addOption(outputOption())
    .addOption(new Option('-O <format>', 'format of an export').choices(['raw']).default('raw'))
    .option('--compare-with-base', 'also count what the overlay has just as its base does', false)
    .action(async (file: string, { output, compareWithBase }: Options) => {
      const request = { kind: 'measure', path: absolute(cli, file), compareWithBase } as const
      const { measure } = await runHere(cli, request)
      if (measure === undefined) throw new Error('a measurement without a result')
      if (output === 'json') await cli.out.json(measureJson(measure))
      else await cli.out.write(measureText(measure))
    })
}

/** The first two as of qemu-img: a raw file is as long as the disk, whatever is a hole in it. */
export function measureJson(measure: MeasureResult): Record<string, unknown> {
  const length = alignUp(measure.virtualSize, SECTOR_SIZE)
  const { flatten, commit, equalToBase } = measure
  return {
    required: length,
    'fully-allocated': length,
    convert: costJson(measure.export),
    ...(flatten !== undefined && { flatten: costJson(flatten) }),
    ...(commit !== undefined && { commit: costJson(commit) }),
    ...(equalToBase !== undefined && { 'equal-to-base': equalToBase }),
  }
}

function costJson({ bytesToCopy, spaceNeeded, spaceFreed }: Cost): Record<string, number> {
  return {
    'bytes-to-copy': bytesToCopy,
    'space-needed': spaceNeeded,
    'space-freed': spaceFreed,
  }
}

export function measureText(measure: MeasureResult): string {
  const { virtualSize, flatten, commit, equalToBase } = measure
  const length = String(alignUp(virtualSize, SECTOR_SIZE))
  const lines = [`required size: ${length}`, `fully allocated size: ${length}`]
  lines.push(costLine('convert', measure.export))
  if (flatten !== undefined) lines.push(costLine('flatten', flatten))
  if (commit !== undefined) lines.push(costLine('commit', commit))
  if (equalToBase !== undefined) lines.push(`equal to the base: ${sizeText(equalToBase)}`)
  return lines.map((line) => `${line}\n`).join('')
}

function costLine(job: string, { bytesToCopy, spaceNeeded, spaceFreed }: Cost): string {
  const freed = spaceFreed === 0 ? '' : `, gives back ${sizeText(spaceFreed)}`
  return `${job}: copies ${sizeText(bytesToCopy)}, needs ${sizeText(spaceNeeded)}${freed}`
}

function sizeText(bytes: number): string {
  return `${formatSize(bytes)} (${String(bytes)} bytes)`
}
