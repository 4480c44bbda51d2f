import { afterAll, describe, expect, it } from 'vitest'
import { exploreWorkloads, patience, quota, tell } from './explore'
import { evictingSetting, smallSettings, takenImageSettings } from './settings'
import type { StepKind } from './workload'

const changes: readonly StepKind[] = [
  'write',
  'write',
  'zero',
  'discard',
  'populate',
  'flush',
  'reopen',
  'kill',
]

describe('a crash while an overlay is written to', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of writing: ${String(tried)}`)
  })

  const settings = [...smallSettings, ...takenImageSettings, evictingSetting]
  it.each(settings)('leaves every sector old or new: $name', async (setting) => {
    const { states, violations } = await exploreWorkloads(setting, changes, quota(25))
    tried += states
    expect(violations).toEqual([])
  })

  const concurrent = settings.map((setting) => ({ ...setting, concurrent: true }))
  it.each(concurrent)('also with requests side by side: $name', async (setting) => {
    const { states, violations } = await exploreWorkloads(setting, changes, quota(15))
    tried += states
    expect(violations).toEqual([])
  })

  it.each(smallSettings)('and every subset of what a few steps did: $name', async (setting) => {
    const kinds: readonly StepKind[] = ['write', 'write', 'flush']
    const options = { steps: 3, statesACut: 256 }
    const { states, violations } = await exploreWorkloads(setting, kinds, quota(15), options)
    tried += states
    expect(violations).toEqual([])
  })
})
