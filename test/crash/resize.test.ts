import { afterAll, describe, expect, it } from 'vitest'
import { exploreWorkloads, patience, quota, tell } from './explore'
import { evictingSetting, smallSettings, takenImageSettings } from './settings'
import type { StepKind } from './workload'

const resizes: readonly StepKind[] = ['write', 'write', 'zero', 'flush', 'grow', 'shrink', 'reopen']

describe('a crash while the size is changed', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of resizing: ${String(tried)}`)
  })

  const settings = [...smallSettings, ...takenImageSettings]
  it.each(settings)('leaves the old or the new size: $name', async (setting) => {
    const { states, violations } = await exploreWorkloads(setting, resizes, quota(40))
    tried += states
    expect(violations).toEqual([])
  })

  it('also where the bitmap has more pages than the cache', async () => {
    const kinds: readonly StepKind[] = ['write', 'flush', 'grow', 'shrink']
    const { states, violations } = await exploreWorkloads(evictingSetting, kinds, quota(40))
    tried += states
    expect(violations).toEqual([])
  })
})
