import { Command, Option } from 'commander'
import { EngineError } from '../base/errors'
import { planJob } from '../job/jobs'
import { optionValue } from '../job/plan'
import type { CreateRequest, PlanWarning } from '../model/job'
import { absolute, agreeToTyped, type Cli, complain } from './cli'
import { invalid, parseOptionList } from './option-list'
import { backingFormat } from './backing-format'
import { runHere } from './run-job'
import { sizeArgument } from './sizes'

interface Options {
  readonly format: CreateRequest['format']
  readonly options: string
  readonly backing?: string
  readonly backingFormat?: string
  readonly quiet: boolean
}

const KEYS = ['image_file', 'backing_file', 'backing_fmt', 'cluster_size', 'size'] as const

export function createCommand(cli: Cli): Command {
  return new Command('create')
    .description('Make an overlay; a missing image file is made, sparse.')
    .argument('<file>', 'the add-cow file to be made')
    .argument('[size]', "the virtual size, such as 10G; the backing file's where absent")
    .addOption(
      new Option('-f, --format <format>', 'layout').choices(['add-cow', 'acow']).default('add-cow'),
    )
    .addOption(
      new Option('-o, --options <list>', `of ${KEYS.map((key) => `${key}=...`).join(',')}`)
        .argParser((text, earlier: string | undefined) =>
          earlier === undefined ? text : `${earlier},${text}`,
        )
        .makeOptionMandatory(),
    )
    .option('-b, --backing <file>', 'the same as -o backing_file=')
    .option('-F, --backing-format <format>', 'the same as -o backing_fmt=')
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, size: string | undefined, options: Options) => {
      await create(cli, file, size, options)
    })
}

async function create(
  cli: Cli,
  file: string,
  size: string | undefined,
  options: Options,
): Promise<void> {
  const request = requestOf(cli, file, size, options)
  const { problems, warnings, sizeAfter } = await planJob(cli.host, request)
  const [problem] = problems
  if (problem !== undefined) throw EngineError.fromData(problem)
  if (!options.quiet) for (const warning of warnings) warn(cli, warning)
  await runHere(cli, request)
  const { backingFile, path } = request
  if (backingFile !== undefined && backingFile !== '') await agreeToTyped(cli, backingFile, path)
  if (!options.quiet) await cli.out.line(formatting(file, request, sizeAfter ?? 0))
}

function requestOf(
  cli: Cli,
  file: string,
  size: string | undefined,
  options: Options,
): CreateRequest {
  const given = parseOptionList(options.options, KEYS)
  const imageFile = given.get('image_file')
  if (imageFile === undefined) throw invalid('An overlay needs -o image_file=...')
  const backingFile = once('the backing file', options.backing, given.get('backing_file'))
  const format = once('its format', options.backingFormat, given.get('backing_fmt'))
  const bytes = once('the size', size, given.get('size'))
  const clusterSize = given.get('cluster_size')
  return {
    kind: 'create',
    path: absolute(cli, file),
    format: options.format,
    imageFile,
    ...(backingFile !== undefined && { backingFile }),
    ...(format !== undefined && { backingFormat: backingFormat(format) }),
    ...(bytes !== undefined && { size: sizeArgument(bytes) }),
    ...(clusterSize !== undefined && { clusterSize: sizeArgument(clusterSize, 'cluster_size') }),
    // Who names the image file means it; what it holds is left as it is, and warned about.
    reuseImageFile: true,
  }
}

/** What can be said in two ways, but only once. */
function once(
  what: string,
  one: string | undefined,
  other: string | undefined,
): string | undefined {
  if (one !== undefined && other !== undefined) throw invalid(`${what} is given twice`)
  return one ?? other
}

function warn(cli: Cli, { code, details }: PlanWarning): void {
  const path = String(details['path'])
  if (code === 'image-file-reused') {
    const message =
      `warning: ${path} exists and holds data: that is no part of the new disk, ` +
      'and what is written to the disk will take its place'
    complain(cli.surroundings, message)
  }
  if (code === 'backing-looks-foreign') {
    const format = String(details['format'])
    complain(cli.surroundings, `warning: ${path} is read as raw, but starts like a ${format} image`)
  }
}

/** As qemu-img says it: what was made, as options that would make it again. */
function formatting(file: string, request: CreateRequest, size: number): string {
  const { format, backingFile, backingFormat, imageFile, clusterSize } = request
  const words = [`Formatting '${file}', fmt=${format} size=${size}`]
  if (backingFile !== undefined) words.push(`backing_file=${optionValue(backingFile)}`)
  if (backingFormat !== undefined) words.push(`backing_fmt=${backingFormat}`)
  words.push(`image_file=${optionValue(imageFile)}`)
  if (clusterSize !== undefined) words.push(`cluster_size=${clusterSize}`)
  return words.join(' ')
}
