import { randomFillSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { GIB, KIB, MIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../../../engine/nbd/protocol'
import { encodeRequest, RawNbdClient } from '../../support/raw-nbd-client'
import { makeServedFiles, serve } from '../../support/served'

const { fua, noHole, fastZero, dontFragment, requestOne } = COMMAND_FLAG

describe.each(['add-cow', 'acow'] as const)('requests to a disk: %s', (format) => {
  test('bytes read are the bytes written, wherever they begin and end', async () => {
    const { folder, base } = await makeServedFiles(MIB, format)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    const ranges = [
      [0, 1],
      [511, 2],
      [4096, 512],
      [65_535, 3],
      [100_000, 200_000],
      [MIB - 7, 7],
    ] as const
    for (const [offset, length] of ranges) {
      expect(
        (await client.read(offset, length)).data.equals(base.subarray(offset, offset + length)),
      ).toBe(true)
      const data = randomFillSync(Buffer.alloc(length))
      data.copy(base, offset)
      expect((await client.write(offset, data)).error).toBe(0)
      expect((await client.read(offset, length)).data.equals(data)).toBe(true)
    }
    expect((await client.read(0, MIB)).data.equals(base)).toBe(true)
    expect(nbd.traffic.requests).toBe(19)
    expect(nbd.traffic.bytesWritten).toBe(200_525)
    await nbd.close()

    const disk = await openDisk(nodeHost, `${folder}/x.add-cow`, { writable: false })
    const whole = Buffer.alloc(MIB)
    await disk.read(whole, 0)
    await disk.close()
    expect(whole.equals(base)).toBe(true)
  })

  test('zeros, trims, caches and flushes', async () => {
    const { folder, base } = await makeServedFiles(MIB, format)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    const zero = async (offset: number, length: number, flags: number): Promise<void> => {
      const { error } = await client.do(COMMAND.writeZeroes, { offset, length, flags })
      expect(error).toBe(0)
      base.fill(0, offset, offset + length)
    }
    await zero(100, 5000, 0)
    await zero(70_000, 5000, noHole)
    await zero(200_000, 100_000, fastZero | fua)
    expect((await client.read(0, MIB)).data.equals(base)).toBe(true)
    expect((await client.do(COMMAND.cache, { offset: 0, length: MIB })).error).toBe(0)
    expect((await client.do(COMMAND.flush)).error).toBe(0)
    expect((await client.write(9000, Buffer.alloc(1000, 5), fua)).error).toBe(0)
    base.fill(5, 9000, 10_000)

    const trimmed = { offset: 8192, length: 8192 }
    expect((await client.do(COMMAND.trim, trimmed)).error).toBe(0)
    const { data } = await client.read(0, MIB)
    for (const [at, byte] of data.entries()) {
      if (byte === base[at]) continue
      expect([byte, at >= 8192 && at < 16_384]).toEqual([0, true])
    }
  })
})

describe('requests', () => {
  async function client(...contexts: string[]): Promise<RawNbdClient> {
    const { folder } = await makeServedFiles(MIB)
    return await RawNbdClient.ready((await serve(folder)).socket, ...contexts)
  }

  test.each([
    ['a read', COMMAND.read, MIB - 1, 2, NBD_ERROR.invalid],
    ['a read far behind', COMMAND.read, 2 ** 63, 1, NBD_ERROR.invalid],
    ['a trim', COMMAND.trim, MIB, 1, NBD_ERROR.invalid],
    ['a cache', COMMAND.cache, 1, MIB, NBD_ERROR.invalid],
    ['zeros', COMMAND.writeZeroes, MIB - 512, 1024, NBD_ERROR.noSpace],
    ['a status', COMMAND.blockStatus, MIB, 1, NBD_ERROR.invalid],
  ])('%s behind the end is refused', async (_what, command, offset, length, error) => {
    const peer = await client('base:allocation')
    expect(await peer.do(command, { offset, length })).toMatchObject({ error })
    expect((await peer.read(0, 512)).error).toBe(0)
  })

  test('a write behind the end is refused, its data skipped, and nothing is written', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const peer = await RawNbdClient.ready((await serve(folder)).socket)
    const data = Buffer.alloc(300_000, 1)
    expect((await peer.write(MIB - 299_999, data)).error).toBe(NBD_ERROR.noSpace)
    expect((await peer.read(0, MIB)).data.equals(base)).toBe(true)
  })

  test('what is too long for one request is refused, and its data skipped', async () => {
    const peer = await client()
    const length = 32 * MIB + 1
    const { error, message } = await peer.do(COMMAND.read, { length })
    // the disk is shorter than that, which is told first
    expect([error, message.includes('end of the disk')]).toEqual([NBD_ERROR.invalid, true])

    const { folder } = await makeServedFiles(GIB, 'acow', 512)
    const large = await RawNbdClient.ready((await serve(folder)).socket)
    expect(await large.do(COMMAND.read, { length })).toMatchObject({ error: NBD_ERROR.invalid })
    const cookie = large.ask(COMMAND.write, { length }, Buffer.alloc(length))
    expect(await large.answer()).toMatchObject({ cookie, error: NBD_ERROR.invalid })
    expect((await large.read(0, 512)).error).toBe(0)
    const whole = await large.do(COMMAND.read, { length: 32 * MIB })
    expect([whole.error, whole.data.length]).toEqual([0, 32 * MIB])
  })

  test.each([
    ['a command that is none', 9, 0],
    ['a resize', 8, 0],
    ['a flag that is none', COMMAND.read, 0x100],
    ['a hole asked of a read', COMMAND.read, noHole],
    ['a status of nothing', COMMAND.blockStatus, 0],
    ['a trim with a flag of others', COMMAND.trim, requestOne],
  ])('%s is invalid', async (_what, command, flags) => {
    const peer = await client()
    const { error, message } = await peer.do(command, { flags, length: 512 })
    expect([error, message.length > 0]).toEqual([NBD_ERROR.invalid, true])
    expect((await peer.read(0, 512)).error).toBe(0)
  })

  test('zeros that take space cannot be promised to be fast', async () => {
    const peer = await client()
    const request = { length: 512, flags: noHole | fastZero }
    const { error } = await peer.do(COMMAND.writeZeroes, request)
    expect(error).toBe(NBD_ERROR.notSupported)
  })

  test('without structured replies all replies are simple', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const peer = await RawNbdClient.connect((await serve(folder)).socket)
    await peer.go()
    expect((await peer.read(5, 100)).data.equals(base.subarray(5, 105))).toBe(true)
    const refused = await peer.do(COMMAND.read, { offset: MIB, length: 1 })
    expect(refused).toMatchObject({ error: NBD_ERROR.invalid, message: '' })
    const unbroken = await peer.do(COMMAND.read, { length: 1, flags: dontFragment })
    expect(unbroken.error).toBe(NBD_ERROR.invalid)
    expect((await peer.do(COMMAND.blockStatus, { length: 512 })).error).toBe(NBD_ERROR.invalid)
  })

  test('a read-only export refuses what writes, and takes a flush', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const { socket } = await serve(folder, { readOnly: true })
    const peer = await RawNbdClient.ready(socket)
    expect((await peer.write(0, Buffer.alloc(5000, 1))).error).toBe(NBD_ERROR.permission)
    for (const command of [COMMAND.trim, COMMAND.writeZeroes]) {
      expect((await peer.do(command, { length: 512 })).error).toBe(NBD_ERROR.permission)
    }
    expect((await peer.do(COMMAND.flush)).error).toBe(0)
    expect((await peer.read(0, MIB)).data.equals(base)).toBe(true)
  })

  test('block status tells runs of both contexts, and one run where one is asked for', async () => {
    const { folder } = await makeServedFiles(MIB, 'acow', 512 * KIB)
    const peer = await RawNbdClient.ready(
      (await serve(folder)).socket,
      'base:allocation',
      'qemu:allocation-depth',
    )
    await peer.write(128 * KIB, Buffer.alloc(64 * KIB, 1))
    await peer.do(COMMAND.writeZeroes, { offset: 256 * KIB, length: 64 * KIB })
    const all = await peer.do(COMMAND.blockStatus, { offset: 0, length: MIB })
    const k = KIB
    expect(all.status.get(0)).toEqual([256 * k, 0, 64 * k, 3, 192 * k, 0, 512 * k, 3])
    expect(all.status.get(1)).toEqual([
      ...[128 * k, 2, 64 * k, 1, 64 * k, 2],
      ...[64 * k, 1, 192 * k, 2, 512 * k, 0],
    ])
    const request = { offset: 200 * KIB, length: 800 * KIB, flags: requestOne }
    const one = await peer.do(COMMAND.blockStatus, request)
    expect(one.status.get(0)).toEqual([56 * k, 0])
    expect(one.status.get(1)).toEqual([56 * k, 2])
  })

  test('a disk in many pieces is told piece by piece', async () => {
    const { folder } = await makeServedFiles(8 * MIB)
    const peer = await RawNbdClient.ready((await serve(folder)).socket, 'qemu:allocation-depth')
    const sector = Buffer.alloc(512, 1)
    for (let at = 0; at < 8 * MIB; at += 1024)
      peer.ask(COMMAND.write, { offset: at, length: 512 }, sector)
    for (let at = 0; at < 8 * MIB; at += 1024) expect((await peer.answer()).error).toBe(0)
    let told = 0
    let replies = 0
    for (; told < 8 * MIB; replies += 1) {
      const { status } = await peer.do(COMMAND.blockStatus, {
        offset: told,
        length: 8 * MIB - told,
      })
      const words = status.get(1) ?? []
      expect(words.length).toBeLessThanOrEqual(8192)
      for (let n = 0; n < words.length; n += 2) {
        expect([words[n], words[n + 1]]).toEqual([512, (told / 512) % 2 === 0 ? 1 : 2])
        told += words[n] ?? 0
      }
    }
    expect(replies).toBe(4)
  })

  test('requests may come byte by byte, and many in one piece', async () => {
    const peer = await client()
    const data = Buffer.from('a few bytes')
    const write = encodeRequest({ command: COMMAND.write, offset: 77, length: data.length })
    for (const byte of Buffer.concat([write, data])) {
      peer.send(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await peer.answer()).error).toBe(0)

    const reads = Array.from({ length: 1000 }, (_, cookieLow) =>
      encodeRequest({ command: COMMAND.read, cookieLow, cookieHigh: 9, offset: 77, length: 11 }),
    )
    peer.send(Buffer.concat(reads))
    for (let n = 0; n < reads.length; n += 1) {
      expect(await peer.answer(11, COMMAND.read)).toMatchObject({ cookie: n, data })
    }
  })

  test('whoever does not speak the protocol is left; others notice nothing', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { nbd, socket } = await serve(folder)
    const [good, bad] = [await RawNbdClient.ready(socket), await RawNbdClient.ready(socket)]
    good.ask(COMMAND.write, { offset: 0, length: 512 }, Buffer.alloc(500, 1))
    bad.send(Buffer.alloc(28, 1))
    await bad.hungUp()
    good.send(Buffer.alloc(12, 1))
    expect((await good.answer()).error).toBe(0)
    expect(nbd.clients).toHaveLength(1)
  })

  test('a goodbye comes after the answers', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { nbd, socket, events } = await serve(folder)
    const peer = await RawNbdClient.ready(socket)
    const cookie = peer.ask(COMMAND.write, { length: 512, flags: fua }, Buffer.alloc(512, 1))
    peer.ask(COMMAND.disconnect)
    expect(await peer.answer()).toMatchObject({ cookie, error: 0 })
    await peer.hungUp()
    peer.socket.destroy()
    await expect.poll(() => nbd.clients).toEqual([])
    expect(events).toEqual([
      { kind: 'clients', clients: 1 },
      { kind: 'clients', clients: 0 },
    ])
  })

  test('a client that hangs up in the middle of a write leaves the disk as it was', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const { socket } = await serve(folder)
    const gone = await RawNbdClient.ready(socket)
    gone.ask(COMMAND.write, { offset: 0, length: 100_000 }, Buffer.alloc(99_999, 1))
    gone.socket.end()
    await gone.hungUp()
    const peer = await RawNbdClient.ready(socket)
    expect((await peer.read(0, MIB)).data.equals(base)).toBe(true)
  })
})
