import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rangeEnd } from '../../engine/base/byte-range'
import { alignDown, KIB, SECTOR_SIZE } from '../../engine/base/units'
import type { DataRun, Host, HostFile, OpenOptions } from '../../engine/host/host'
import { openDisk } from '../../engine/image/disk'
import { newOverlay, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { WrappedFile, WrappedHost } from '../support/wrapped-host'

const SIZE = 96 * KIB + SECTOR_SIZE

/** A host that tells of data and holes in pieces, as one may: neighbours are alike. */
class PiecemealHost extends WrappedHost {
  override async open(path: string, options: OpenOptions): Promise<HostFile> {
    return new PiecemealFile(await super.open(path, options))
  }
}

class PiecemealFile extends WrappedFile {
  override async dataAt(offset: number): Promise<DataRun> {
    const { data, end } = await super.dataAt(offset)
    return { data, end: Math.min(end, alignDown(offset, 4 * KIB) + 4 * KIB) }
  }
}

/** An overlay and its base, both with data and holes; at times on a host that answers late. */
async function makeHost(random: Random): Promise<Host> {
  const layout = random.pick(['add-cow', 'acow'] as const)
  const clusterSize = layout === 'acow' ? random.pick([512, 4 * KIB]) : 512
  const length = random.pick([20 * KIB + 77, 200 * KIB])
  const data = [
    { offset: 0, length: 12 * KIB },
    { offset: 16 * KIB, length: 8 * KIB },
  ]
  const overlay = { layout, clusterSize, size: SIZE, base: { length, data } }
  const host = new SimulatedHost(newOverlay(overlay, random))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  for (let left = random.between(0, 12); left > 0; left -= 1) {
    const offset = SECTOR_SIZE * random.below(SIZE / SECTOR_SIZE)
    const count = Math.min(SIZE - offset, SECTOR_SIZE * random.between(1, 24))
    if (random.chance(0.4)) await disk.writeZeroes({ offset, length: count })
    else await disk.write(random.bytes(count), offset)
  }
  await disk.close()
  const options = random.chance(0.5) ? { random: random.fork() } : {}
  const again = new SimulatedHost(host.snapshot(), options)
  return random.chance(0.5) ? new PiecemealHost(again) : again
}

it('the walk through a disk shows what its list of runs has, and waits for it', async () => {
  const property = fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
    const random = new Random(seed)
    const disk = await openDisk(await makeHost(random), OVERLAY_PATH, { writable: false })
    const listed: object[] = []
    for await (const run of disk.extents()) listed.push(run)
    const walked: object[] = []
    let [end, busy] = [0, false]
    const late = random.chance(0.5)
    await disk.walk((run) => {
      expect([busy, run.offset]).toEqual([false, end])
      end = rangeEnd(run)
      walked.push(run)
      if (!late) return undefined
      busy = true
      return new Promise((resolve) => {
        setImmediate(() => {
          busy = false
          resolve()
        })
      })
    })
    expect(end).toBe(SIZE)
    expect(walked).toEqual(listed)
    await disk.close()
  })
  await fc.assert(property, { numRuns: 200, seed: 1 })
})
