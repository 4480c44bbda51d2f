import { Command, Option } from 'commander'
import type { CheckResult, Finding, FindingSeverity } from '../model/image'
import type { CheckRequest } from '../model/job'
import { absolute, type Cli, printable } from './cli'
import { outputOption } from './output-option'
import { runHere } from './run-job'

interface Options {
  readonly output: 'human' | 'json'
  readonly repair: CheckRequest['repair']
  readonly quiet: boolean
}

/** Exit statuses, as of qemu-img check. */
const CORRUPT = 2
const LEAKS_ONLY = 3

const HEADINGS: Readonly<Record<FindingSeverity, string>> = {
  corruption: 'ERROR',
  leak: 'Leaked',
  notice: 'Note',
}

export function checkCommand(cli: Cli): Command {
  return new Command('check')
    .description('Look for what is wrong; exits with 0: clean, 2: corruption, 3: leaks only.')
    .argument('<file>')
    .addOption(outputOption())
    .addOption(
      new Option('-r, --repair <what>', 'mend leaks only, or all that can be without guessing')
        .choices(['leaks', 'all'])
        .default('none'),
    )
    .option('-q, --quiet', 'print nothing but errors', false)
    .action(async (file: string, options: Options) => {
      await check(cli, file, options)
    })
}

async function check(cli: Cli, file: string, options: Options): Promise<void> {
  const { repair, output, quiet } = options
  const { check: result } = await runHere(cli, { kind: 'check', path: absolute(cli, file), repair })
  if (result === undefined) throw new Error('a check without a result')
  cli.exitCode = exitCode(result)
  if (quiet) return
  if (output === 'json') await cli.out.json(checkJson(result, file))
  else await cli.out.write(checkText(result))
}

function count(result: CheckResult, severity: FindingSeverity, repaired: boolean): number {
  return result.findings.filter((finding) => isOf(finding, severity, repaired)).length
}

function isOf(finding: Finding, severity: FindingSeverity, repaired: boolean): boolean {
  return finding.severity === severity && finding.repaired === repaired
}

function exitCode(result: CheckResult): number {
  if (count(result, 'corruption', false) > 0) return CORRUPT
  return count(result, 'leak', false) > 0 ? LEAKS_ONLY : 0
}

/** Each finding counts once, however many clusters it is about. */
export function checkJson(result: CheckResult, filename: string): Record<string, unknown> {
  return {
    filename,
    format: result.format,
    'check-errors': 0,
    corruptions: count(result, 'corruption', false),
    leaks: count(result, 'leak', false),
    'corruptions-fixed': count(result, 'corruption', true),
    'leaks-fixed': count(result, 'leak', true),
    'total-clusters': result.totalClusters,
    'allocated-clusters': result.allocatedClusters,
    findings: result.findings,
  }
}

export function checkText(result: CheckResult): string {
  const lines = result.findings.flatMap(findingLines)
  const corruptions = count(result, 'corruption', false)
  const leaks = count(result, 'leak', false)
  if (corruptions > 0) lines.push(`${corruptions} errors were found on the image.`)
  if (leaks > 0) {
    lines.push(`${leaks} leaks were found on the image: wasted space, but no harm to data.`)
  }
  if (corruptions + leaks === 0) lines.push('No errors were found on the image.')
  const { allocatedClusters: allocated, totalClusters: total } = result
  const percent = total === 0 ? 100 : (allocated / total) * 100
  lines.push(`${allocated}/${total} = ${percent.toFixed(2)}% allocated`)
  return lines.map((line) => `${line}\n`).join('')
}

function findingLines({ severity, message, repair, repaired }: Finding): string[] {
  const first = `${repaired ? 'Repaired' : HEADINGS[severity]}: ${printable(message)}`
  if (repaired || repair === undefined) return [first]
  return [first, `    -r ${repair.by}: ${repair.action}`]
}
