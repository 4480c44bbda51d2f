import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowSlots } from '../../renderer/modules/library/row-slots'
import type { ImageId } from '../../electron/contract/library'
import { manyImages } from '../support/fake-library'

const IDS: readonly ImageId[] = manyImages(60).map(({ id }) => id)

function assign(slots: RowSlots, ids: readonly ImageId[]): number[] {
  slots.keep(ids)
  return ids.map((id) => slots.of(id))
}

describe('the elements of rows', () => {
  test('go from the rows that leave to those that come; who stays keeps his', () => {
    const slots = new RowSlots()
    expect(assign(slots, IDS.slice(0, 4))).toEqual([0, 1, 2, 3])
    const [third, fourth, ...came] = assign(slots, IDS.slice(2, 6))
    expect([third, fourth]).toEqual([2, 3])
    expect(came.toSorted()).toEqual([0, 1])
  })

  test('are never shared, and never more than were in sight at once', () => {
    const sight = fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(sight, { maxLength: 12 }), (sights) => {
        const slots = new RowSlots()
        let most = 0
        let before = new Map<ImageId, number>()
        for (const ids of sights) {
          const taken = assign(slots, ids)
          most = Math.max(most, ids.length)
          expect(new Set(taken).size).toBe(ids.length)
          expect(Math.max(-1, ...taken)).toBeLessThan(most)
          const now = new Map(ids.map((id) => [id, slots.of(id)]))
          for (const [id, slot] of now) expect(slot).toBe(before.get(id) ?? slot)
          before = now
        }
      }),
    )
  })
})
