import { afterAll, describe, expect, it } from 'vitest'
import { exploreRuns, patience, quota, type Recorded, tell } from './explore'
import { recordCommit, recordRebase } from './recorded-jobs'
import { smallSettings, takenImageSettings } from './settings'

const settings = [...smallSettings, ...takenImageSettings]
const onBase = settings.filter(({ overlay }) => overlay.base !== undefined)

describe('a crash while an overlay is committed', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of committing: ${String(tried)}`)
  })

  it.each(onBase)('changes nothing, and commit goes on: $name', async (setting) => {
    const record = (seed: number): Promise<Recorded> => recordCommit(setting, false, seed)
    const { states, violations } = await exploreRuns(record, quota(12))
    tried += states
    expect(violations).toEqual([])
  })

  it.each(smallSettings)('also into an overlay: $name', async (setting) => {
    const record = (seed: number): Promise<Recorded> => recordCommit(setting, true, seed)
    const { states, violations } = await exploreRuns(record, quota(12))
    tried += states
    expect(violations).toEqual([])
  })
})

describe('a crash while an overlay is rebased', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of rebasing: ${String(tried)}`)
  })

  const cases = settings.flatMap((setting) =>
    [false, true].map((toNothing) => ({ name: setting.name, setting, toNothing })),
  )
  it.each(cases)(
    'changes nothing, and rebase goes on: $name, to nothing: $toNothing',
    async (one) => {
      const record = (seed: number): Promise<Recorded> =>
        recordRebase(one.setting, one.toNothing, seed)
      const { states, violations } = await exploreRuns(record, quota(6))
      tried += states
      expect(violations).toEqual([])
    },
  )
})
