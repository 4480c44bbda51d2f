import { afterAll, describe, expect, it } from 'vitest'
import { exploreRuns, patience, quota, type Recorded, tell } from './explore'
import { recordMove } from './recorded-jobs'
import { smallSettings } from './settings'

describe('a crash while an overlay is moved', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of moving: ${String(tried)}`)
  })

  const cases = smallSettings.flatMap((setting) =>
    (['relative', 'absolute'] as const).flatMap((names) =>
      [false, true].map((noLinks) => ({ name: setting.name, setting, names, noLinks })),
    ),
  )
  it.each(cases)('leaves it in one place: $name, $names, copied: $noLinks', async (one) => {
    const record = (seed: number): Promise<Recorded> =>
      recordMove(one.setting, one.names, one.noLinks, seed)
    const { states, violations } = await exploreRuns(record, quota(3))
    tried += states
    expect(violations).toEqual([])
  })
})
