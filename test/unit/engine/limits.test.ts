import { describe, expect, it } from 'vitest'
import { MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../../../engine/base/units'
import { openDisk } from '../../../engine/image/disk'
import { inspectImage } from '../../../engine/image/inspect'
import { fileSystem } from '../../support/host-log'
import { metadataFile, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import { SparseBytes } from '../../support/sparse-bytes'

const layouts = [
  { layout: 'add-cow', clusterSize: 512 },
  { layout: 'acow', clusterSize: 65536 },
] as const

function long(length: number): SparseBytes {
  const bytes = new SparseBytes()
  bytes.truncate(length)
  return bytes
}

describe.each(layouts)('an overlay of layout $layout', (given) => {
  const sizes = [MAX_VIRTUAL_SIZE + SECTOR_SIZE, 2 ** 60, Infinity, NaN, 0, -512, 513, 0.5]
  it.each(sizes)('refuses a size of %d before it changes anything', async (size) => {
    const host = new SimulatedHost(newOverlay({ ...given, size: 8192 }, new Random(1)))
    const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
    await expect(disk.truncate(size)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(host.log).toEqual([])
    expect(disk.size).toBe(8192)
    await disk.close()
  })
})

describe('a file that is longer than any disk', () => {
  const tooLong = long(MAX_VIRTUAL_SIZE + 4096)

  it('is refused as a raw disk', async () => {
    const host = new SimulatedHost(fileSystem({ '/d/disk.raw': tooLong }))
    await expect(inspectImage(host, '/d/disk.raw')).rejects.toMatchObject({ code: 'not-supported' })
    expect(host.openCount).toBe(0)
  })

  it('is refused as the image file that gives an acow overlay its size', async () => {
    const metadata = metadataFile({ layout: 'acow', clusterSize: 2 ** 21, size: 8192 })
    const files = { [OVERLAY_PATH]: metadata, '/d/x.raw': tooLong }
    const host = new SimulatedHost(fileSystem(files))
    await expect(inspectImage(host, OVERLAY_PATH)).rejects.toMatchObject({ code: 'format/corrupt' })
    expect(host.openCount).toBe(0)
  })
})

describe('a raw disk', () => {
  it('takes nothing more, and calls nothing durable, after a failed sync', async () => {
    let failing = true
    const host = new SimulatedHost(fileSystem({ '/d/disk.raw': new Uint8Array(8192) }), {
      fail: ({ kind }) => (failing && kind === 'sync' ? 'EIO' : undefined),
    })
    const disk = await openDisk(host, '/d/disk.raw', { writable: true })
    await disk.write(new Uint8Array(512).fill(1), 0)
    await expect(disk.flush()).rejects.toMatchObject({ code: 'io/failed' })
    failing = false
    const attempts = [
      async () => await disk.flush(),
      async () => await disk.write(new Uint8Array(512), 0),
      async () => await disk.writeZeroes({ offset: 0, length: 512 }),
      async () => await disk.discard({ offset: 0, length: 512 }),
      async () => await disk.truncate(4096),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'io/failed' })
    }
    const bytes = new Uint8Array(512)
    await disk.read(bytes, 0)
    expect(bytes[0]).toBe(1)
    await disk.close()
  })
})
