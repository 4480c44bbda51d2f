import { afterAll, describe, expect, it } from 'vitest'
import type { Errno } from '../support/host-call'
import { type Fault, type Flavour, Scenario } from './scenario'

const early: readonly Flavour[] = [
  { layout: 'add-cow', clusterSize: 512 },
  { layout: 'acow', clusterSize: 4096 },
]
const others: readonly Flavour[] = [
  { layout: 'acow', clusterSize: 65536 },
  { layout: 'add-cow', clusterSize: 512, lateSeed: 1 },
  { layout: 'acow', clusterSize: 4096, lateSeed: 2 },
]

function faults(flavour: Flavour, errno: Errno): { flavour: Flavour; fault: Omit<Fault, 'nth'> }[] {
  return [false, true].map((forever) => ({ flavour, fault: { errno, forever } }))
}

/** Full from one call on: reading and removing work, and a job cleans up after itself. */
const fullDevice = { errno: 'ENOSPC', forever: true, spaceOnly: true } as const

describe('a host call that fails', () => {
  let points = 0
  afterAll(() => {
    process.stdout.write(`fault points: ${String(points)}\n`)
  })

  const cases = [
    ...[...early, ...others].flatMap((flavour) => faults(flavour, 'EIO')),
    ...early.flatMap((flavour) => faults(flavour, 'ENOSPC')),
    ...early.map((flavour) => ({ flavour, fault: fullDevice })),
  ]
  it.each(cases)('is told by its code and loses nothing: %j', async ({ flavour, fault }) => {
    const violations: string[] = []
    for (let nth = 0; violations.length < 5; nth += 1) {
      const outcome = await new Scenario(flavour, { ...fault, nth }).run()
      violations.push(...outcome.violations)
      if (!outcome.hit) break
      points += 1
    }
    expect(violations).toEqual([])
  })
})
