import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ByteRange } from '../../../engine/base/byte-range'
import { EngineError } from '../../../engine/base/errors'
import type { MaybePromise } from '../../../engine/base/maybe-promise'
import { GIB, MIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../../../engine/nbd/protocol'
import { Outbox } from '../../../engine/server/outbox'
import { serveDisk } from '../../../engine/server/nbd-export'
import { Random } from '../../support/random'
import { encodeRequest, RawNbdClient } from '../../support/raw-nbd-client'
import { makeServedFiles, serve } from '../../support/served'
import { temporaryFolder } from '../../support/temporary-folder'
import { HostOfWrappedFiles, WrappedFile } from '../../support/wrapped-host'

describe('what one client can make the server hold', () => {
  test.each([
    ['small reads', 4096],
    ['large reads', MIB],
  ])('a client that never reads its replies is not read from: %s', async (_what, length) => {
    const { folder } = await makeServedFiles(16 * MIB)
    const { nbd, socket } = await serve(folder)
    const bytes = vi.spyOn(Outbox.prototype, 'bytes', 'get')
    const greedy = await RawNbdClient.ready(socket)
    greedy.socket.pause()
    const count = (256 * MIB) / length
    const read = encodeRequest({ command: COMMAND.read, length })
    greedy.send(Buffer.concat(Array.from({ length: count }, () => read)))

    const other = await RawNbdClient.ready(socket)
    for (let n = 0; n < 50; n += 1) expect((await other.read(n * 512, 512)).error).toBe(0)
    const asked = nbd.clients[0]?.requests ?? 0
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(count / 2)
    const most = bytes.mock.results.reduce((sum, { value }) => Math.max(sum, Number(value)), 0)
    expect(most).toBeGreaterThan(8 * MIB)
    expect(most).toBeLessThan(10 * MIB)

    // and when it reads at last, it gets all of it
    greedy.socket.resume()
    await expect.poll(() => nbd.clients[0]?.requests, { timeout: 30_000 }).toBe(count)
  })

  test('replies that wait for a client keep their memory', async () => {
    const { folder, base } = await makeServedFiles(8 * MIB)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    client.socket.pause()
    const length = 256 * 1024
    const offsets = new Map<number, number>()
    for (let n = 0; n < 28; n += 1) {
      const offset = n * length
      offsets.set(client.ask(COMMAND.read, { offset, length }), offset)
      await expect.poll(() => nbd.traffic.requests, { interval: 1 }).toBe(n + 1)
    }
    client.socket.resume()
    for (let n = 0; n < 28; n += 1) {
      const { cookie, data } = await client.answer()
      const offset = offsets.get(cookie) ?? 0
      expect(data.equals(base.subarray(offset, offset + length))).toBe(true)
    }
  })

  test('requests under way are bounded, and all are answered', async () => {
    let syncs = 0
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    class StuckFile extends WrappedFile {
      override async sync(): Promise<void> {
        syncs += 1
        await released
        await super.sync()
      }
    }
    const { folder } = await makeServedFiles(MIB)
    const host = new HostOfWrappedFiles(nodeHost, (file) => new StuckFile(file))
    const { nbd, socket } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    const count = 2000
    for (let n = 0; n < count; n += 1) client.ask(COMMAND.flush)
    await expect.poll(() => nbd.clients[0]?.requests).toBe(128)
    const other = await RawNbdClient.ready(socket)
    expect((await other.read(0, MIB)).error).toBe(0)
    expect(nbd.clients[0]?.requests).toBe(128)
    release()
    for (let n = 0; n < count; n += 1) expect((await client.answer()).error).toBe(0)
    // those that wait together are flushed together
    expect(syncs).toBeLessThan(count / 4)
  })

  test('random bytes end a connection, or nothing at all', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { nbd, socket } = await serve(folder)
    const good = await RawNbdClient.ready(socket)
    const random = new Random(5)
    for (let n = 0; n < 200; n += 1) {
      const bad = random.chance(0.5)
        ? await RawNbdClient.connect(socket)
        : await RawNbdClient.ready(socket, 'base:allocation')
      for (let k = random.between(1, 20); k > 0; k -= 1) bad.send(mutated(random))
      bad.socket.end()
      if (random.chance(0.3)) bad.socket.destroy()
      else await bad.hungUp()
      expect((await good.read(n * 512, 512)).error).toBe(0)
    }
    await expect.poll(() => nbd.clients.length).toBe(1)
  })

  /** A message of a client with some bytes of it changed, repeated or left out. */
  function mutated(random: Random): Buffer {
    const length = random.below(3000)
    const request = encodeRequest({
      command: random.below(10),
      flags: random.chance(0.5) ? 0 : random.below(64),
      offset: random.below(2 * MIB),
      length: random.chance(0.8) ? length : random.below(GIB),
    })
    const bytes = Buffer.concat([request, random.bytes(random.chance(0.5) ? length : 0)])
    for (let k = random.below(3); k > 0; k -= 1)
      bytes[random.below(bytes.length)] = random.below(256)
    return bytes.subarray(0, random.chance(0.8) ? bytes.length : random.below(bytes.length))
  }
})

describe('a disk that fails', () => {
  type Failing = 'read' | 'write' | 'sync' | undefined
  let failing: Failing
  const errors = {
    read: new EngineError('io/failed', 'Cannot read: the device reported an error'),
    write: new EngineError('io/no-space', 'Cannot write: no space is left'),
    sync: new EngineError('io/failed', 'Cannot make durable: the device reported an error'),
  }

  class FailingFile extends WrappedFile {
    override read(target: Uint8Array, offset: number): MaybePromise<void> {
      return failing === 'read' ? Promise.reject(errors.read) : super.read(target, offset)
    }

    override write(source: Uint8Array, offset: number): MaybePromise<void> {
      if (failing === 'write') throw errors.write
      return super.write(source, offset)
    }

    override punchHole(range: ByteRange): Promise<void> {
      return failing === 'write' ? Promise.reject(errors.write) : super.punchHole(range)
    }

    override sync(): Promise<void> {
      return failing === 'sync' ? Promise.reject(errors.sync) : super.sync()
    }
  }

  test('says why, and goes on with what works', async () => {
    failing = undefined
    const { folder, base } = await makeServedFiles(MIB)
    const host = new HostOfWrappedFiles(nodeHost, (file) => new FailingFile(file))
    const { nbd, socket, events } = await serve(folder, { host })
    const client = await RawNbdClient.ready(socket)
    const data = Buffer.alloc(512, 1)
    expect((await client.write(0, data)).error).toBe(0)

    failing = 'read'
    const read = await client.read(0, 512)
    expect([read.error, read.message]).toEqual([NBD_ERROR.io, errors.read.message])
    failing = 'write'
    expect((await client.write(512, data)).error).toBe(NBD_ERROR.noSpace)
    failing = undefined
    expect((await client.read(0, 512)).data.equals(data)).toBe(true)
    expect((await client.read(512, 512)).data.equals(base.subarray(512, 1024))).toBe(true)

    failing = 'sync'
    expect((await client.do(COMMAND.flush)).error).toBe(NBD_ERROR.io)
    failing = undefined
    // what a failed sync has lost cannot be told: all later changes fail
    expect((await client.write(0, data)).error).toBe(NBD_ERROR.io)
    expect((await client.write(0, data, COMMAND_FLAG.fua)).error).toBe(NBD_ERROR.io)
    expect(events.filter(({ kind }) => kind === 'failure')).toHaveLength(5)
    await expect(nbd.close()).rejects.toMatchObject({ code: 'io/failed' })
  })
})

describe('the address', () => {
  test('a port of the loopback interface', async () => {
    const { folder } = await makeServedFiles(MIB)
    const path = join(folder, 'x.add-cow')
    const address = { kind: 'tcp', port: 0 } as const
    const nbd = await serveDisk(nodeHost, { path, readOnly: true, address })
    expect(nbd.uri).toMatch(/^nbd:\/\/127\.0\.0\.1:[1-9]\d+$/)
    const second = { path, readOnly: true, address: nbd.address }
    await expect(serveDisk(nodeHost, second)).rejects.toMatchObject({ code: 'in-use' })
    await nbd.close()
    await (await serveDisk(nodeHost, second)).close()
  })

  test('a socket that somebody listens on and a file that is none are left alone', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { socket } = await serve(folder, { readOnly: true })
    const other = { path: join(folder, 'base.raw'), readOnly: true } as const
    const taken = { ...other, address: { kind: 'socket', path: socket } } as const
    await expect(serveDisk(nodeHost, taken)).rejects.toMatchObject({ code: 'in-use' })
    await RawNbdClient.ready(socket)

    writeFileSync(join(folder, 'file'), 'mine')
    const file = { ...other, address: { kind: 'socket', path: join(folder, 'file') } } as const
    await expect(serveDisk(nodeHost, file)).rejects.toMatchObject({ code: 'file/exists' })
    const long = { kind: 'socket', path: join(folder, 'n'.repeat(108)) } as const
    const refused = serveDisk(nodeHost, { ...other, address: long })
    await expect(refused).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('a disk that is in use is refused, and no socket is left', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { socket } = await serve(folder)
    const path = join(folder, 'x.add-cow')
    const address = { kind: 'socket', path: `${socket}2` } as const
    const refused = serveDisk(nodeHost, { path, readOnly: false, address })
    await expect(refused).rejects.toMatchObject({ code: 'in-use' })
    await (await serveDisk(nodeHost, { path, readOnly: true, address })).close()
  })

  test('names of sockets with odd characters make sound addresses', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'disk.raw'), Buffer.alloc(MIB))
    const path = join(folder, 'a socket & more?')
    const address = { kind: 'socket', path } as const
    const nbd = await serveDisk(nodeHost, {
      path: join(folder, 'disk.raw'),
      readOnly: true,
      address,
    })
    expect(new URL(nbd.uri).searchParams.get('socket')).toBe(path)
    await RawNbdClient.ready(path)
    await nbd.close()
  })

  test('a server that listens without serving is no reason to wait', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'disk.raw'), Buffer.alloc(MIB))
    const path = join(folder, 's')
    const mute = createServer()
    await new Promise<void>((resolve) => mute.listen(path, resolve))
    onTestFinished(() => {
      mute.close()
    })
    const address = { kind: 'socket', path } as const
    const refused = serveDisk(nodeHost, { path: join(folder, 'disk.raw'), readOnly: true, address })
    await expect(refused).rejects.toMatchObject({ code: 'in-use' })
  })
})
