import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outFolder } from '../../build/lib/project'

/** One piece of work, done by us and by a peer in turns, so that both meet the same machine. */
export interface Contest {
  readonly name: string
  readonly peer: string
  /** The ratio of the medians, ours to the peer's, that we want to stay below. */
  readonly goal: number
  /** Brings both sides back to the start; not timed. */
  prepare(): Promise<void>
  ours(): Promise<void>
  theirs(): Promise<void>
}

/** Seconds. */
interface Timing {
  readonly median: number
  readonly p25: number
  readonly p75: number
}

interface Outcome {
  readonly name: string
  readonly peer: string
  readonly goal: number
  readonly rounds: number
  readonly ours: Timing
  readonly theirs: Timing
  readonly ratio: number
}

/** Runs contests one by one, prints a table, and keeps the figures as out/bench/FILE.json. */
export async function runContests(
  contests: readonly Contest[],
  rounds: number,
  file: string,
): Promise<void> {
  const outcomes: Outcome[] = []
  for (const contest of contests) {
    const outcome = await runContest(contest, rounds)
    outcomes.push(outcome)
    console.log(line(outcome))
  }
  await keep(outcomes, file)
}

/** What was measured of ours alone, each time in seconds. */
export interface Measured {
  readonly name: string
  /** Seconds that the median is to stay below; absent where the figure is only told. */
  readonly goal?: number
  readonly seconds: readonly number[]
}

/** Prints the medians, and keeps them as out/bench/FILE.json. */
export async function printTimings(all: readonly Measured[], file: string): Promise<void> {
  const outcomes = all.map(({ name, goal, seconds }) => ({
    ...{ name, rounds: seconds.length },
    ...(goal !== undefined && { goal }),
    ours: timing(seconds),
  }))
  for (const { name, goal, ours } of outcomes) {
    const verdict = goal === undefined ? '' : `(goal ${String(goal)} s: ${met(ours.median, goal)})`
    console.log(`${name.padEnd(22)} ours ${span(ours)}   ${verdict}`.trimEnd())
  }
  await keep(outcomes, file)
}

async function keep(outcomes: unknown, file: string): Promise<void> {
  await mkdir(join(outFolder, 'bench'), { recursive: true })
  const path = join(outFolder, 'bench', `${file}.json`)
  await writeFile(path, `${JSON.stringify(outcomes, undefined, 2)}\n`)
}

function met(value: number, goal: number): string {
  return value <= goal ? 'met' : 'missed'
}

async function runContest(contest: Contest, rounds: number): Promise<Outcome> {
  const ours: number[] = []
  const theirs: number[] = []
  // the first round warms the page cache up and does not count
  for (let round = 0; round <= rounds; round += 1) {
    await contest.prepare()
    const first = await time(() => contest.ours())
    const second = await time(() => contest.theirs())
    if (round === 0) continue
    ours.push(first)
    theirs.push(second)
  }
  const { name, peer, goal } = contest
  const timings = { ours: timing(ours), theirs: timing(theirs) }
  const ratio = timings.ours.median / timings.theirs.median
  return { name, peer, goal, rounds, ...timings, ratio }
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1e9
}

function timing(seconds: readonly number[]): Timing {
  const sorted = [...seconds].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { median: at(0.5), p25: at(0.25), p75: at(0.75) }
}

function line({ name, peer, goal, ours, theirs, ratio }: Outcome): string {
  const verdict = met(ratio, goal)
  return (
    `${name.padEnd(22)} ours ${span(ours)}   ${peer} ${span(theirs)}   ` +
    `ratio ${ratio.toFixed(2)} (goal ${String(goal)}: ${verdict})`
  )
}

function span({ median, p25, p75 }: Timing): string {
  return `${median.toFixed(3)} s (${p25.toFixed(3)}..${p75.toFixed(3)})`
}
