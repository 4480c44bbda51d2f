import { describe, expect, test } from 'vitest'
import { KIB, MIB } from '../../../engine/base/units'
import { type InBuffer, Inbox } from '../../../engine/server/inbox'
import { Random } from '../../support/random'

/** Bytes that tell where they stand in all that has come. */
function stream(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let n = 0; n < length; n += 1) bytes[n] = ((from + n) * 2654435761) >>> 24
  return bytes
}

interface Kept {
  readonly memory: InBuffer
  readonly bytes: Buffer
  readonly from: number
}

describe('the memory for what comes from a client', () => {
  test.each([1, 2, 3, 4])('shows what came, and keeps what is held: seed %i', (seed) => {
    const random = new Random(seed)
    const inbox = new Inbox()
    const kept: Kept[] = []
    let [came, used] = [0, 0]
    let lent = inbox.space()
    for (let step = 0; step < 1500; step += 1) {
      if (random.chance(0.5)) {
        // as Node does: into memory that was lent some time before, or as a piece of its own
        const length = random.between(1, Math.min(lent.length, 200 * KIB))
        const bytes = stream(came, length)
        if (random.chance(0.8)) {
          lent.set(bytes)
          inbox.add(lent.subarray(0, length))
        } else {
          inbox.add(bytes)
        }
        came += length
        if (random.chance(0.1)) inbox.has(random.between(1, 3 * MIB))
        lent = inbox.space()
      }
      const wanted = random.between(1, random.chance(0.05) ? 2 * MIB : 100 * KIB)
      if (inbox.has(wanted)) {
        const bytes = inbox.peek(wanted)
        expect(bytes.equals(stream(used, wanted))).toBe(true)
        expect(inbox.bytes[inbox.at]).toBe(bytes[0])
        if (random.chance(0.2)) kept.push({ memory: inbox.hold(), bytes, from: used })
        inbox.drop(wanted)
        used += wanted
      }
      expect(inbox.length).toBe(came - used)
      const over = kept.filter(() => random.chance(0.1))
      for (const one of over) {
        expect(one.bytes.equals(stream(one.from, one.bytes.length))).toBe(true)
        inbox.release(one.memory)
        kept.splice(kept.indexOf(one), 1)
      }
      if (kept.length === 0) expect(inbox.heldBytes).toBe(0)
    }
    expect(used).toBeGreaterThan(10 * MIB)
  })

  test('data of many small writes is held in few buffers', () => {
    const inbox = new Inbox()
    const held: InBuffer[] = []
    for (let n = 0; n < 1024; n += 1) {
      const space = inbox.space()
      inbox.add(space.subarray(0, Math.min(4 * KIB, space.length)))
      if (!inbox.has(4 * KIB)) continue
      held.push(inbox.hold())
      inbox.drop(4 * KIB)
    }
    expect(inbox.heldBytes).toBeGreaterThan(2 * MIB)
    expect(inbox.heldBytes).toBeLessThanOrEqual(4 * MIB)
    for (const memory of held) inbox.release(memory)
    expect(inbox.heldBytes).toBe(0)
  })
})
