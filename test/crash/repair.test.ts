import { afterAll, describe, expect, it } from 'vitest'
import type { FindingCode } from '../../engine/model/image'
import { exploreRuns, patience, quota, type Recorded, tell } from './explore'
import { recordRepair } from './recorded'
import { smallSettings } from './settings'

/** Few: the log of a repair is short, and many damages tell more than many states of one. */
const STATES_A_CUT = 3

describe.each(['leaks', 'all'] as const)('a crash while a check repairs: -r %s', (repair) => {
  let tried = 0
  const repaired = new Set<FindingCode>()
  afterAll(() => {
    tell(`crash states of repairing (${repair}): ${String(tried)}`)
  })

  it.each(smallSettings)(
    'changes nothing, and the next one mends: $name',
    patience,
    async (setting) => {
      const record = (seed: number): Promise<Recorded> =>
        recordRepair(setting, repair, seed, repaired)
      const { states, violations } = await exploreRuns(record, quota(4), STATES_A_CUT)
      tried += states
      expect(violations).toEqual([])
    },
  )

  it('and every repair was among them', () => {
    const leaks: FindingCode[] = ['bits-past-end', 'data-unallocated']
    const others: FindingCode[] = ['image-file-short', 'metadata-short']
    expect([...repaired].sort()).toEqual(repair === 'all' ? [...leaks, ...others] : leaks)
  })
})
