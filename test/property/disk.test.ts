import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { commands } from './commands'
import { Stack, type Start } from './stack'

const runs = Number(process.env['PROPERTY_RUNS'] ?? 90)
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)

const start = (layout: Start['layout'], size: Start['size']): fc.Arbitrary<Start> =>
  fc.record({
    layout: fc.constant(layout),
    clusterBits: fc.integer({ min: 9, max: 21 }),
    size: fc.constant(size),
    sizeShift: fc.integer({ min: -20, max: 200 }),
    base: fc.constantFrom('none', 'shorter', 'longer'),
    baseRest: fc.constantFrom(0, 1, 77, 511),
    late: fc.option(fc.nat(1000), { nil: undefined }),
  })

describe('a disk of overlays is a flat array', () => {
  let tried = 0
  afterAll(() => {
    process.stdout.write(`property runs: ${String(tried)}\n`)
  })

  const sizes = ['tiny', 'byte 512 of the bitmap', '65536 clusters', '4 GiB', '2 TiB'] as const
  const cases = sizes.flatMap((size) => [
    { layout: 'add-cow' as const, size },
    { layout: 'acow' as const, size },
  ])
  it.each(cases)('whatever is done to it: $layout, $size', async ({ layout, size }) => {
    const property = fc.asyncProperty(start(layout, size), commands, async (begun, todo) => {
      const stack = await Stack.begin(begun)
      await fc.asyncModelRun(() => ({ model: {}, real: stack }), todo)
      expect(await stack.finish()).toEqual([])
      tried += 1
    })
    await fc.assert(property, { numRuns: runs, seed })
  })
})
