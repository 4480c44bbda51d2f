import { describe, expect, test } from 'vitest'
import { COMMAND, NBD_ERROR, type Request } from '../../../engine/nbd/protocol'
import { expectError, failure } from '../../support/expect-error'
import { data, errorChunk, fakeServer, open, status } from '../../support/fake-nbd-server'

const SIZE = 1024 * 1024
const never = (): undefined => undefined

describe('a connection that ends', () => {
  const answer = (r: Request): Buffer =>
    r.command === COMMAND.read
      ? data(r, r.offset, Buffer.alloc(r.length, 0x62))
      : status(r, [[r.length, 0]])

  test('is made again, and what was not answered is asked again', async () => {
    const server = await fakeServer({
      size: SIZE,
      reply: (r, connection) => (connection < 3 ? 'hang-up' : answer(r)),
    })
    const file = await open(server)
    const target = Buffer.alloc(SIZE)
    await Promise.all([file.read(target, 0), file.dataAt(0)])
    expect(target.every((byte) => byte === 0x62)).toBe(true)
    expect(server.connections()).toBe(3)
    await file.close()
  })

  test('each time over the same request is given up', async () => {
    const server = await fakeServer({ size: SIZE, reply: () => 'hang-up' })
    const file = await open(server)
    const error = await failure(file.read(new Uint8Array(512), 0))
    expectError(error, 'nbd/unreachable', /closed the connection/)
    expect(server.connections()).toBe(4)
    await file.close()
  })

  test.each([
    ['in silence', { silence: 100, answer: 60_000 }],
    ['before an answer is whole, however it trickles in', { silence: 60_000, answer: 100 }],
  ])('%s is given up', async (_, patience) => {
    const server = await fakeServer({ size: SIZE, reply: never })
    const file = await open(server, patience)
    const error = await failure(file.read(new Uint8Array(512), 0))
    expectError(error, 'nbd/unreachable', /owes an answer/)
    expect(server.connections()).toBe(4)
    await file.close()
  })

  test('with a server that shuts down is made again', async () => {
    const server = await fakeServer({
      size: SIZE,
      reply: (r, connection) => (connection === 1 ? errorChunk(r, NBD_ERROR.shutdown) : answer(r)),
    })
    const file = await open(server)
    await file.read(new Uint8Array(512), 0)
    expect(server.connections()).toBe(2)
    await file.close()
  })

  test('leads to another export: nothing is read from it', async () => {
    let size = SIZE
    const server = await fakeServer({
      get size() {
        return size
      },
      reply: (r, connection) => {
        size = SIZE / 2
        return connection === 1 ? 'hang-up' : answer(r)
      },
    })
    const file = await open(server)
    const error = await failure(file.read(new Uint8Array(512), 0))
    expect(error.code).toBe('file/changed')
    await file.close()
  })

  test('in the middle of an answer: what came of it counts for nothing', async () => {
    const server = await fakeServer({
      size: SIZE,
      reply: (r, connection) =>
        connection === 1 ? data(r, r.offset, Buffer.alloc(512, 1), false) : answer(r),
    })
    const file = await open(server)
    const target = Buffer.alloc(8192)
    await file.read(target, 0)
    expect(target.every((byte) => byte === 0x62)).toBe(true)
    await file.close()
  })

  test('when it is closed, nobody waits any more', async () => {
    const server = await fakeServer({ size: SIZE, reply: never })
    const file = await open(server)
    const reading = failure(file.read(new Uint8Array(SIZE), 0))
    await file.close()
    expect((await reading).message).toMatch(/was closed/)
  })
})

describe('requests', () => {
  test('are made of whole blocks, none too long', async () => {
    const content = Buffer.from(Array.from({ length: SIZE }, (_, n) => (n >> 8) ^ n))
    const server = await fakeServer({
      size: SIZE,
      blockSizes: [512, 4096, 65536],
      reply: (r) => data(r, r.offset, content.subarray(r.offset, r.offset + r.length)),
    })
    const file = await open(server)
    const target = Buffer.alloc(200_000)
    await file.read(target, 1000)
    expect(target.equals(content.subarray(1000, 201_000))).toBe(true)
    const tail = Buffer.alloc(2000, 0xff)
    await file.read(tail, SIZE - 1000)
    expect(tail.equals(Buffer.concat([content.subarray(SIZE - 1000), Buffer.alloc(1000)]))).toBe(
      true,
    )
    for (const { offset, length } of server.requests) {
      expect([offset % 512, length % 512, length <= 65536]).toEqual([0, 0, true])
    }
    await file.close()
  })

  test('are in flight side by side, though not too many', async () => {
    let asked = 0
    let most = 0
    const server = await fakeServer({
      size: 1024 * SIZE,
      reply: () => {
        asked += 1
        most = Math.max(most, asked)
        return undefined
      },
    })
    const file = await open(server)
    const reads = Array.from({ length: 100 }, (_, n) =>
      failure(file.read(new Uint8Array(512), n * 512)),
    )
    await expect.poll(() => asked).toBe(32)
    expect(most).toBe(32)
    await file.close()
    await Promise.all(reads)
  })
})
