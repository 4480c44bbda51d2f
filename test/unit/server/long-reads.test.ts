import { join } from 'node:path'
import { truncateSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { EngineError } from '../../../engine/base/errors'
import { KIB, MIB } from '../../../engine/base/units'
import { LinuxDirectFile } from '../../../engine/host/direct-file'
import { Disk } from '../../../engine/image/disk'
import { COMMAND, COMMAND_FLAG } from '../../../engine/nbd/protocol'
import { Random } from '../../support/random'
import { RawNbdClient } from '../../support/raw-nbd-client'
import { describeNeeding, linux } from '../../support/requires'
import { makeServedFiles, serve } from '../../support/served'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Bytes that the host was asked to send past our memory, and those it has sent, call by call. */
function watchSending(): { readonly asked: number[]; readonly sent: number[] } {
  const send = vi.spyOn(LinuxDirectFile.prototype, 'send')
  return {
    get asked() {
      return send.mock.calls.map(([, { length }]) => length)
    },
    get sent() {
      return send.mock.results.map(({ value }) => Number(value))
    },
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describeNeeding(linux, 'what the host sends by itself', () => {
  test('is a long read of what is in memory: of one file or several', async () => {
    const { folder, base } = await makeServedFiles(2 * MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    const own = Buffer.alloc(128 * KIB, 7)
    for (const offset of [MIB, MIB + 200_192]) {
      await client.write(offset, own)
      own.copy(base, offset)
    }
    const watched = watchSending()
    const check = async (offset: number, length: number): Promise<void> => {
      const { error, data } = await client.read(offset, length)
      expect([error, data.equals(base.subarray(offset, offset + length))]).toEqual([0, true])
    }
    await check(0, 64 * KIB - 1)
    expect(watched.sent).toEqual([])
    await check(0, 64 * KIB)
    await check(777, 200_001)
    expect(watched.sent).toEqual([64 * KIB, 200_001])
    await check(MIB - 50_000, 300_000)
    expect(watched.sent.slice(2)).toEqual([50_000, 128 * KIB, 200_192 - 128 * KIB, 49_808])
  })

  test('has its place among other replies, and where the socket is full, goes on', async () => {
    const { folder, base } = await makeServedFiles(8 * MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    const watched = watchSending()
    const random = new Random(7)
    for (let round = 0; round < 8; round += 1) {
      client.socket.pause()
      const waking = random.below(40)
      const asked = new Map<number, { offset: number; length: number }>()
      for (let n = 0; n < 40; n += 1) {
        const length = random.chance(0.5)
          ? random.between(1, 9000)
          : random.between(65_536, 700_000)
        const range = { offset: random.below(8 * MIB - length), length }
        asked.set(client.ask(COMMAND.read, range), range)
        // from then on the socket is emptied while it is filled
        if (n === waking) client.socket.resume()
        // some come by themselves, others in one piece
        if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve))
      }
      for (let n = 0; n < 40; n += 1) {
        const { cookie, data } = await client.answer()
        const { offset, length } = asked.get(cookie) ?? { offset: 0, length: -1 }
        expect(data.equals(base.subarray(offset, offset + length))).toBe(true)
        asked.delete(cookie)
      }
    }
    const { asked, sent } = watched
    expect(sum(sent)).toBeGreaterThan(0)
    expect(sent.some((bytes, n) => bytes > 0 && bytes < (asked[n] ?? 0))).toBe(true)
  })

  test('is nothing that would have to wait for a device', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    const watched = watchSending()
    vi.spyOn(LinuxDirectFile.prototype, 'inMemory').mockReturnValue(false)
    expect((await client.read(5, 400_000)).data.equals(base.subarray(5, 400_005))).toBe(true)
    expect(watched.sent).toEqual([])
  })

  test('comes after a simple head where replies have no structure', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const client = await RawNbdClient.connect((await serve(folder)).socket)
    await client.go()
    const watched = watchSending()
    expect((await client.read(9, 200_000)).data.equals(base.subarray(9, 200_009))).toBe(true)
    expect(sum(watched.sent)).toBe(200_000)
  })

  test('is looked for in vain where the disk cannot tell: then it is read', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    vi.spyOn(Disk.prototype, 'plainRunAt').mockImplementation(() => {
      throw new EngineError('format/corrupt', 'The image is damaged')
    })
    expect((await client.read(5, 400_000)).data.equals(base.subarray(5, 400_005))).toBe(true)
  })

  test('may be refused: then all of it goes the ordinary way', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    vi.spyOn(LinuxDirectFile.prototype, 'send').mockReturnValue(0)
    expect((await client.read(5, 400_000)).data.equals(base.subarray(5, 400_005))).toBe(true)
  })

  test('ends the connection, and no other, where it cannot be ended itself', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const { socket, events } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    const other = await RawNbdClient.ready(socket)
    const failure = new EngineError('io/failed', 'Cannot read: the device reported an error')
    vi.spyOn(LinuxDirectFile.prototype, 'send').mockReturnValue(0)
    vi.spyOn(LinuxDirectFile.prototype, 'readNow').mockImplementation(() => {
      throw failure
    })
    client.ask(COMMAND.read, { length: 100_000 })
    await expect(client.answer()).rejects.toThrow('hung up')
    expect((await other.read(0, 5000)).data.equals(base.subarray(0, 5000))).toBe(true)
    expect(events).toContainEqual({
      kind: 'failure',
      error: expect.objectContaining({ message: failure.message }) as unknown,
    })
  })
})

describe('a long read of zeros', () => {
  const { dontFragment } = COMMAND_FLAG

  test('is told as a hole where nothing is stored', async () => {
    const { folder } = await makeServedFiles(4 * MIB, 'acow', 512 * KIB)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    // behind the base's end, where no layer has anything
    expect((await client.read(512 * KIB, 256 * KIB)).hole).toBe(256 * KIB)
    const whole = { offset: MIB, length: 3 * MIB, flags: dontFragment }
    expect((await client.do(COMMAND.read, whole)).hole).toBe(3 * MIB)
    expect(nbd.traffic.bytesRead).toBe(3.25 * MIB)
    // across the base's end
    expect((await client.read(511 * KIB, 256 * KIB)).hole).toBe(0)
    await client.write(MIB + 100_000, Buffer.of(1))
    const { hole, data } = await client.read(MIB, 256 * KIB)
    expect([hole, data.indexOf(1)]).toEqual([0, 100_000])
  })

  test('is data for a client without structured replies', async () => {
    const { folder } = await makeServedFiles(4 * MIB, 'acow', 512 * KIB)
    const client = await RawNbdClient.connect((await serve(folder)).socket)
    await client.go()
    const { hole, data } = await client.read(MIB, MIB)
    expect([hole, data.equals(Buffer.alloc(MIB))]).toEqual([0, true])
  })
})

describeNeeding(linux, 'a hole in a file that serves', () => {
  test('of a base and of an image file', async () => {
    const { folder } = await makeServedFiles(4 * MIB, 'add-cow', MIB)
    truncateSync(join(folder, 'base.raw'), 4 * MIB)
    const client = await RawNbdClient.ready((await serve(folder)).socket)
    expect((await client.read(2 * MIB, 128 * KIB)).hole).toBe(128 * KIB)
    await client.do(COMMAND.writeZeroes, { offset: 0, length: 256 * KIB })
    expect((await client.read(0, 128 * KIB)).hole).toBe(128 * KIB)
    expect((await client.read(0, 257 * KIB)).hole).toBe(0)
  })
})
