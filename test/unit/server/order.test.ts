import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { MaybePromise } from '../../../engine/base/maybe-promise'
import { MIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { COMMAND } from '../../../engine/nbd/protocol'
import { RawNbdClient } from '../../support/raw-nbd-client'
import { makeServedFiles, serve } from '../../support/served'
import { HostOfWrappedFiles, WrappedFile } from '../../support/wrapped-host'

interface Held {
  /** What comes from now on does not wait; what came does. */
  open(): void
  release(): void
}

/** A host whose files can be made to wait, and that counts the syncs of each. */
function slowHost(): { host: HostOfWrappedFiles; hold: () => Held; syncs: string[] } {
  let gate: Promise<void> | undefined
  const syncs: string[] = []
  class SlowFile extends WrappedFile {
    override read(target: Uint8Array, offset: number): MaybePromise<void> {
      return gate?.then(() => super.read(target, offset)) ?? super.read(target, offset)
    }

    override write(source: Uint8Array, offset: number): MaybePromise<void> {
      return gate?.then(() => super.write(source, offset)) ?? super.write(source, offset)
    }

    override async sync(): Promise<void> {
      syncs.push(this.path)
      await super.sync()
    }
  }
  const hold = (): Held => {
    let release = (): void => undefined
    gate = new Promise((resolve) => (release = resolve))
    return { open: () => (gate = undefined), release: () => release() }
  }
  return { host: new HostOfWrappedFiles(nodeHost, (file) => new SlowFile(file)), hold, syncs }
}

describe('what is under way', () => {
  test('ends before a snapshot divides, and is durable then', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { host, hold, syncs } = slowHost()
    const { nbd, socket } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    expect((await client.write(0, Buffer.alloc(512, 1))).error).toBe(0)
    const held = hold()
    const cookie = client.ask(COMMAND.write, { offset: 512, length: 512 }, Buffer.alloc(512, 2))
    await expect.poll(() => nbd.traffic.requests).toBe(2)
    const alone = nbd.resize(2 * MIB, false)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(nbd.size).toBe(MIB)
    held.open()
    held.release()
    expect(await client.answer()).toMatchObject({ cookie, error: 0 })
    await alone
    expect(nbd.size).toBe(2 * MIB)

    expect((await client.write(1024, Buffer.alloc(512, 3))).error).toBe(0)
    syncs.length = 0
    await nbd.snapshot({ path: join(folder, 'y.add-cow'), imageFile: 'y.raw', format: 'acow' })
    expect(syncs).toContain(join(folder, 'x.raw'))
    expect(syncs).toContain(join(folder, 'x.add-cow'))
    await nbd.close()
    const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: false })
    const found = Buffer.alloc(1536)
    await disk.read(found, 0)
    await disk.close()
    expect([found[0], found[512], found[1024]]).toEqual([1, 2, 3])
  })

  test('keeps its place in memory, whatever is answered meanwhile', async () => {
    const { folder, base } = await makeServedFiles(4 * MIB)
    const { host, hold } = slowHost()
    const { nbd, socket } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    // bitmap pages come into memory
    await client.read(0, 4 * MIB)
    const late = new Map<number, number>()
    const held = hold()
    for (let n = 0; n < 20; n += 1) {
      late.set(client.ask(COMMAND.read, { offset: n * 5000, length: 4096 }), n * 5000)
    }
    await expect.poll(() => nbd.traffic.requests).toBe(21)
    held.open()
    const check = async (): Promise<void> => {
      const { cookie, data } = await client.answer()
      const offset = late.get(cookie) ?? 0
      expect(data.equals(base.subarray(offset, offset + data.length))).toBe(true)
    }
    // so many that all the memory for replies has been used again
    for (let n = 0; n < 1500; n += 1) {
      const offset = 512 * (n + 1)
      late.set(client.ask(COMMAND.read, { offset, length: 8192 }), offset)
      if (n >= 20) await check()
    }
    held.release()
    for (let n = 0; n < 40; n += 1) await check()
  })
})
