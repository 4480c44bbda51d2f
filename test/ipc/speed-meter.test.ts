import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SpeedMeter } from '../../electron/main/jobs/speed-meter'

const TOTAL = 1_000_000
const at = (current: number) => ({ phase: 'copying', current, total: TOTAL }) as const

describe('the speed', () => {
  test('cannot be told of nothing, of one look, or of too short a time', () => {
    const meter = new SpeedMeter()
    expect(meter.pace(0)).toEqual({})
    meter.add(at(0), 0)
    expect(meter.pace(0)).toEqual({})
    meter.add(at(100), 100)
    expect(meter.pace(100)).toEqual({})
  })

  test('is bytes a second, and the time left goes by it', () => {
    const meter = new SpeedMeter()
    for (let second = 0; second <= 4; second += 1) meter.add(at(second * 1000), second * 1000)
    expect(meter.pace(4000)).toEqual({ speed: 1000, timeLeft: TOTAL - 4000 })
  })

  test('follows a change within its window', () => {
    const meter = new SpeedMeter()
    for (let tenth = 0; tenth <= 600; tenth += 1) {
      const current = tenth <= 300 ? tenth * 10 : 3000 + (tenth - 300) * 100
      meter.add(at(current), tenth * 100)
    }
    expect(meter.pace(60_000).speed).toBeCloseTo(1000, 0)
  })

  test('goes down while nothing comes, and then away', () => {
    const meter = new SpeedMeter()
    meter.add(at(0), 0)
    meter.add(at(1000), 1000)
    expect(meter.pace(1000).speed).toBe(1000)
    expect(meter.pace(4000).speed).toBe(250)
    expect(meter.pace(7000)).toEqual({})
  })

  test('starts anew with each phase', () => {
    const meter = new SpeedMeter()
    meter.add(at(0), 0)
    meter.add(at(TOTAL), 1000)
    meter.add({ phase: 'verifying', current: 0, total: TOTAL }, 1100)
    expect(meter.pace(1700)).toEqual({})
    meter.add({ phase: 'verifying', current: 500, total: TOTAL }, 2100)
    expect(meter.pace(2100).speed).toBe(500)
  })

  test('of steady progress is that progress, whatever the steps', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 20, maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1000 }), (gaps, bytesPerMs) => {
        const meter = new SpeedMeter()
        let now = 0
        for (const gap of gaps) {
          now += gap
          meter.add({ phase: 'copying', current: now * bytesPerMs, total: 2 ** 50 }, now)
        }
        const { speed } = meter.pace(now)
        if (speed !== undefined) expect(speed).toBeCloseTo(bytesPerMs * 1000, 5)
      }),
    )
  })
})
