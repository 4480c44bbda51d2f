/* An import in which a host call fails. */
import { afterAll, describe, expect, it } from 'vitest'
import { isEngineError } from '../../engine/base/errors'
import { runJob } from '../../engine/job/jobs'
import { IMPORT, qcow2Files, SOURCE } from '../crash/recorded-import'
import { diskContent, unwatched } from '../support/disks'
import type { Errno } from '../support/host-call'
import { SimulatedHost } from '../support/simulated-host'

interface Case {
  readonly format: 'add-cow' | 'acow'
  readonly errno: Errno
  /** Whether all calls that follow fail as well. */
  readonly forever: boolean
}

/** What is wrong after an import whose nth call fails; undefined where it has no such call. */
async function failing(given: Case, nth: number): Promise<string[] | undefined> {
  const start = qcow2Files(1)
  const { format, errno, forever } = given
  const seen = { hit: false }
  const fail = ({ index }: { readonly index: number }): Errno | undefined => {
    if (index < nth || (index > nth && !forever)) return undefined
    seen.hit = true
    return errno
  }
  const host = new SimulatedHost(start, { fail })
  const wrong: string[] = []
  const expected = errno === 'EIO' ? 'io/failed' : 'io/no-space'
  try {
    await runJob(host, { ...IMPORT, format, verify: true }, unwatched)
  } catch (error) {
    const told = isEngineError(error) && error.code === expected && error.state === 'unchanged'
    if (!told) wrong.push(`failed with ${String(error)} instead of ${expected}`)
    // where nothing works any more, a job cannot clean up either
    const left = host.paths.filter((path) => !start.names.has(path))
    if (!forever && left.length > 0) wrong.push(`it left ${left.join()}`)
  }
  if (!seen.hit) return undefined
  if (host.openCount > 0) wrong.push(`${String(host.openCount)} open files`)
  return wrong.map((what) => `call ${String(nth)}: ${what}`)
}

describe('an import in which a host call fails', () => {
  let points = 0
  afterAll(() => {
    process.stdout.write(`fault points of imports: ${String(points)}\n`)
  })

  const cases = (['add-cow', 'acow'] as const).flatMap((format): Case[] => [
    { format, errno: 'EIO', forever: false },
    { format, errno: 'EIO', forever: true },
    { format, errno: 'ENOSPC', forever: false },
  ])
  it.each(cases)('tells it and leaves nothing behind: %j', async (given) => {
    const violations: string[] = []
    for (let nth = 0; violations.length < 5; nth += 1) {
      const found = await failing(given, nth)
      if (found === undefined) break
      violations.push(...found)
      points += 1
    }
    expect(violations).toEqual([])
    expect(points).toBeGreaterThan(20)
  })

  it('and one in which none fails makes what the qcow2 image is', async () => {
    const host = new SimulatedHost(qcow2Files(1))
    await runJob(host, { ...IMPORT, format: 'acow', verify: true }, unwatched)
    const [made, source] = [await diskContent(host, IMPORT.target), await diskContent(host, SOURCE)]
    expect(made.equals(source)).toBe(true)
  })
})
