import { afterAll, describe, expect, it } from 'vitest'
import { exploreRuns, patience, quota, type Recorded, tell } from './explore'
import { recordCreate, recordExport, requests } from './recorded'
import { recordImport } from './recorded-import'
import { smallSettings } from './settings'

describe('a crash while files are made', patience, () => {
  let tried = 0
  afterAll(() => {
    tell(`crash states of creating, exporting and importing: ${String(tried)}`)
  })

  const cases = requests.flatMap((given) => [false, true].map((reuse) => ({ given, reuse })))
  it.each(cases)('leaves no overlay or a whole one: %j', async ({ given, reuse }) => {
    const record = (seed: number): Promise<Recorded> => recordCreate(given, reuse, seed)
    const { states, violations } = await exploreRuns(record, quota(8))
    tried += states
    expect(violations).toEqual([])
  })

  it.each(smallSettings)('leaves no exported file or a whole one: $name', async (setting) => {
    const record = (seed: number): Promise<Recorded> => recordExport(setting, seed)
    const { states, violations } = await exploreRuns(record, quota(6))
    tried += states
    expect(violations).toEqual([])
  })

  it.each(['add-cow', 'acow'] as const)('leaves no import or a whole one: %s', async (format) => {
    const record = (seed: number): Promise<Recorded> => recordImport(format, seed)
    const { states, violations } = await exploreRuns(record, quota(12))
    tried += states
    expect(violations).toEqual([])
  })
})
