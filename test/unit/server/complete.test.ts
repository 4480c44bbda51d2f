import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GIB, KIB, MIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { runJob } from '../../../engine/job/jobs'
import { RawNbdClient } from '../../support/raw-nbd-client'
import { idle, serve } from '../../support/served'
import { temporaryFolder } from '../../support/temporary-folder'
import { HostOfWrappedFiles, WrappedFile } from '../../support/wrapped-host'

/** Disks whose bitmaps have more pages than the cache of an overlay holds at least. */
const LAYOUTS = [
  { format: 'add-cow', size: 256 * MIB, cluster: 512 },
  { format: 'acow', size: 4 * GIB, cluster: 4 * KIB, clusterSize: 4 * KIB },
] as const

/** A base that ends with a byte of data, and an overlay that decides its first `length` bytes. */
async function makeFiles(layout: (typeof LAYOUTS)[number], length: number): Promise<string> {
  const folder = temporaryFolder()
  const { cluster, ...options } = layout
  const base = openSync(join(folder, 'base.raw'), 'w')
  ftruncateSync(base, layout.size)
  writeSync(base, 'b', layout.size - cluster)
  closeSync(base)
  const path = join(folder, 'x.add-cow')
  const names = { path, imageFile: 'x.raw', backingFile: 'base.raw' }
  await runJob(nodeHost, { kind: 'create', ...options, ...names }, idle)
  const disk = await openDisk(nodeHost, path, { writable: true })
  await disk.writeZeroes({ offset: 0, length })
  await disk.close()
  return folder
}

/** Counts reads of the add-cow file. */
class CountingHost extends HostOfWrappedFiles {
  reads = 0
  readonly cacheBytes = 1

  constructor() {
    super(nodeHost, (file) => {
      const counted = (): void => {
        if (file.path.endsWith('.add-cow')) this.reads += 1
      }
      return new (class extends WrappedFile {
        override read(target: Uint8Array, offset: number): ReturnType<WrappedFile['read']> {
          counted()
          return super.read(target, offset)
        }
      })(file)
    })
  }
}

/**
 * Reads and writes all over the disk, from its end on, so that nothing is read ahead; returns how
 * often the add-cow file was read.
 */
async function use(host: CountingHost, client: RawNbdClient, size: number): Promise<number> {
  const before = host.reads
  for (let at = size - size / 32; at >= 0; at -= size / 32) {
    expect((await client.read(at, 512)).data.equals(Buffer.alloc(512))).toBe(true)
    expect((await client.write(at + 100, Buffer.alloc(3))).error).toBe(0)
  }
  return host.reads - before
}

describe.each(LAYOUTS)('an overlay whose every cluster is written: $format', (layout) => {
  const { size, cluster } = layout

  test('is served from its image file alone from the start', async () => {
    const folder = await makeFiles(layout, size)
    const host = new CountingHost()
    const { nbd, socket } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    expect(await use(host, client, size)).toBe(0)
    expect((await client.read(size - cluster, 1)).data).toEqual(Buffer.of(0))
    // what is added is not written, and asked for again
    await nbd.resize(size + MIB, false)
    expect(await use(host, client, size)).toBeGreaterThan(0)
  })

  test('but for the last one is not taken for complete', async () => {
    const folder = await makeFiles(layout, size - cluster)
    const host = new CountingHost()
    const { socket } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    expect((await client.read(size - cluster, 1)).data.toString()).toBe('b')
    expect(await use(host, client, size)).toBeGreaterThan(0)
  })
})
