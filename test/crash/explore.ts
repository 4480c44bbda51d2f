import { CrashLog } from '../support/crash-states'
import type { FileSystemState, LogEntry } from '../support/host-log'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { continueAfterCrash } from './continue'
import type { Allowed } from './history'
import { violations } from './verify'
import { type HostWrapper, runWorkload, type Setting, type StepKind } from './workload'

/**
 * States that `npm test` tries, all suites together. `CRASH_STATES=1000000 npm test -- --project
 * crash` tries more.
 */
const NORMAL_STATES = 60_000
/** What the tests of all suites ask for together, so that a share is a part of the whole. */
const SHARES = 2600
const wanted = Number(process.env['CRASH_STATES'] ?? NORMAL_STATES)
/** The first seed of every suite: another one tries other states. */
const firstSeed = Number(process.env['CRASH_SEED'] ?? 1)

/**
 * States tried at one cut of a log, and cuts of one log: a longer log is cut at as many random
 * places.
 */
const STATES_A_CUT = 6
const CUTS_A_LOG = 160
/** One state in so many is also worked on further. */
const CONTINUE_EVERY = 4

/** Milliseconds that a test of so many states may take. */
export const patience = { timeout: 120_000 * Math.max(1, wanted / NORMAL_STATES) }

/** How many states a test owes that has a share of the whole. */
export function quota(share: number): number {
  return Math.ceil((wanted * share) / SHARES)
}

/** A piece of recorded work, and the judge of what a crash leaves of it. */
export interface Recorded {
  readonly start: FileSystemState
  readonly log: readonly LogEntry[]
  /** What is wrong with a state that a crash leaves when the log had `cut` entries. */
  judge(state: FileSystemState, cut: number, nth: number): Promise<readonly string[]>
}

export interface Explored {
  readonly states: number
  /** What was wrong, each with the words to find it again. Ends soon after the first. */
  readonly violations: readonly string[]
}

/**
 * Tries crash states of recorded work, made anew for seed after seed, until there were enough or
 * one is wrong.
 */
export async function exploreRuns(
  record: (seed: number) => Promise<Recorded>,
  enough: number,
  statesACut = STATES_A_CUT,
): Promise<Explored> {
  let states = 0
  for (let seed = firstSeed; states < enough; seed += 1) {
    const recorded = await record(seed)
    const random = new Random(seed)
    const crash = new CrashLog(recorded.start, recorded.log)
    for (const cut of cuts(recorded.log.length, random)) {
      crash.cutAt(cut)
      let nth = 0
      for (const state of crash.states(statesACut, random)) {
        const wrong = await judged(recorded, state, cut, states)
        const where = `seed ${String(seed)}, cut ${String(cut)}, state ${String(nth)}`
        if (wrong.length > 0)
          return { states, violations: wrong.map((what) => `${where}: ${what}`) }
        states += 1
        nth += 1
      }
    }
  }
  return { states, violations: [] }
}

/**
 * What is wrong with a state; that it cannot even be used is wrong too. A few words are enough of
 * many.
 */
async function judged(
  recorded: Recorded,
  state: FileSystemState,
  cut: number,
  nth: number,
): Promise<readonly string[]> {
  try {
    return (await recorded.judge(state, cut, nth)).slice(0, 5)
  } catch (error) {
    return [`it cannot be used: ${String(error)}`]
  }
}

function cuts(length: number, random: Random): number[] {
  const all = Array.from({ length: length + 1 }, (_, cut) => cut)
  if (length < CUTS_A_LOG) return all
  return all.filter((cut) => cut === length || random.below(length) < CUTS_A_LOG)
}

export interface ExploreOptions {
  readonly wrap?: HostWrapper
  /** Steps of one run, at the most. */
  readonly steps?: number
  /** Where it is not below 2 to the power of a cut's uncertain changes, every subset is tried. */
  readonly statesACut?: number
}

/** Tries crash states of random work on an overlay. */
export async function exploreWorkloads(
  setting: Setting,
  kinds: readonly StepKind[],
  enough: number,
  options: ExploreOptions = {},
): Promise<Explored> {
  const { wrap, steps = 14, statesACut } = options
  const record = async (seed: number): Promise<Recorded> => {
    const count = new Random(seed).between(3, steps)
    const { start, log, history } = await runWorkload(setting, kinds, count, seed, wrap)
    let allowed: Allowed | undefined
    let allowedCut = -1
    const judge = async (state: FileSystemState, cut: number, nth: number): Promise<string[]> => {
      if (allowed === undefined || cut !== allowedCut) allowed = history.allowedAt(cut)
      allowedCut = cut
      const host = new SimulatedHost(state)
      const wrong = await violations(host, allowed, setting.windows)
      if (wrong.length > 0 || nth % CONTINUE_EVERY !== 0) return wrong
      return await continueAfterCrash(host, setting, new Random(seed + nth))
    }
    return { start, log, judge }
  }
  return await exploreRuns(record, enough, statesACut)
}

/** Says a line of figures in the test's output. */
export function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
