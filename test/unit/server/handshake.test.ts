import { describe, expect, test } from 'vitest'
import { MIB } from '../../../engine/base/units'
import {
  encodeOption,
  EXPORT_FLAG,
  INFO,
  OPTION,
  OPTION_HEADER_SIZE,
  OPTION_REPLY,
} from '../../../engine/nbd/protocol'
import { contextQuery, infoRequest, RawNbdClient } from '../../support/raw-nbd-client'
import { makeServedFiles, serve } from '../../support/served'

async function connect(flags?: number, readOnly = false): Promise<RawNbdClient> {
  const { folder } = await makeServedFiles(MIB)
  const { socket } = await serve(folder, { readOnly })
  return await RawNbdClient.connect(socket, flags)
}

const types = (replies: readonly { type: number }[]): number[] => replies.map(({ type }) => type)

describe('the handshake', () => {
  test('lists the one export, whose name is empty', async () => {
    const client = await connect()
    const replies = await client.option(OPTION.list)
    expect(types(replies)).toEqual([OPTION_REPLY.server, OPTION_REPLY.ack])
    expect(replies[0]?.data).toEqual(Buffer.alloc(4))
    expect(types(await client.option(OPTION.list, Buffer.alloc(1)))).toEqual([OPTION_REPLY.invalid])
  })

  test('tells by INFO what it tells by GO, and goes on with options after INFO', async () => {
    const client = await connect()
    const kinds = [INFO.name, INFO.description, INFO.blockSize]
    const info = await client.option(OPTION.info, infoRequest('', kinds))
    const [facts, blocks, name, description] = info.map(({ data }) => data)
    expect(types(info)).toEqual([3, 3, 3, 3, OPTION_REPLY.ack])
    expect(facts?.readBigUInt64BE(2)).toBe(BigInt(MIB))
    expect([blocks?.readUInt32BE(2), blocks?.readUInt32BE(6), blocks?.readUInt32BE(10)]).toEqual([
      1,
      4096,
      32 * MIB,
    ])
    expect(name).toHaveLength(2)
    expect(description?.toString('utf8', 2)).toMatch(/x\.add-cow$/)
    expect((await client.go())[0]?.data).toEqual(facts)
    expect((await client.read(0, 1)).error).toBe(0)
  })

  test.each([false, true])('says what the export can do; read-only: %s', async (readOnly) => {
    const client = await connect(3, readOnly)
    const before = (await client.option(OPTION.info, infoRequest('', [])))[0]?.data.readUInt16BE(10)
    await client.option(OPTION.structuredReply)
    const flags = (await client.go())[0]?.data.readUInt16BE(10) ?? 0
    expect(flags - (before ?? 0)).toBe(EXPORT_FLAG.sendDf)
    const { canMultiConn, sendFua, sendFlush, sendCache, sendTrim, sendWriteZeroes } = EXPORT_FLAG
    for (const flag of [canMultiConn, sendFua, sendFlush, sendCache])
      expect(flags & flag).toBe(flag)
    expect((flags & EXPORT_FLAG.readOnly) !== 0).toBe(readOnly)
    expect((flags & (sendTrim | sendWriteZeroes)) === 0).toBe(readOnly)
  })

  test.each([
    [3, 10],
    [1, 134],
  ])('EXPORT_NAME: with flags %i a reply of %i bytes', async (flags, length) => {
    const client = await connect(flags)
    client.send(encodeOption(OPTION.exportName, Buffer.alloc(0)))
    const reply = await client.take(length)
    expect(reply.readBigUInt64BE(0)).toBe(BigInt(MIB))
    expect(reply.subarray(10).every((byte) => byte === 0)).toBe(true)
    expect((await client.read(4096, 512)).data).toHaveLength(512)
  })

  test('hangs up on EXPORT_NAME of another export, and refuses it by GO', async () => {
    const client = await connect()
    const replies = await client.option(OPTION.go, infoRequest('other', []))
    expect(types(replies)).toEqual([OPTION_REPLY.unknown])
    client.send(encodeOption(OPTION.exportName, Buffer.from('other')))
    await client.hungUp()
  })

  test('says goodbye to ABORT', async () => {
    const client = await connect()
    expect(types(await client.option(OPTION.abort))).toEqual([OPTION_REPLY.ack])
    await client.hungUp()
  })

  test.each([OPTION.startTls, 4, 11, 0, 0xffffffff])(
    'does not know option %i, and goes on',
    async (option) => {
      const client = await connect()
      expect(types(await client.option(option, Buffer.alloc(9)))).toEqual([
        OPTION_REPLY.unsupported,
      ])
      await client.go()
    },
  )

  test('skips the data of an option that is too long, and goes on', async () => {
    const client = await connect()
    expect(types(await client.option(OPTION.info, Buffer.alloc(200_000)))).toEqual([
      OPTION_REPLY.tooBig,
    ])
    await client.go()
  })

  test.each([
    ['no name', Buffer.alloc(3)],
    ['a name longer than the data', Buffer.from([0, 0, 0, 9, 65, 0, 0])],
    [
      'a name longer than a name can be',
      Buffer.concat([Buffer.from([0, 0, 0x20, 0]), Buffer.alloc(0x2002)]),
    ],
    ['more kinds than there are', Buffer.from([0, 0, 0, 0, 0, 2, 0, 3])],
    ['fewer kinds than there are', Buffer.from([0, 0, 0, 0, 0, 0, 0, 3])],
  ])('refuses INFO with %s', async (_what, data) => {
    const client = await connect()
    expect(types(await client.option(OPTION.info, data))).toEqual([OPTION_REPLY.invalid])
    await client.go()
  })

  test('lists contexts: all, by namespace, by name', async () => {
    const client = await connect()
    await client.option(OPTION.structuredReply)
    const list = async (...queries: string[]): Promise<string[]> => {
      const replies = await client.option(OPTION.listMetaContext, contextQuery('', ...queries))
      expect(types(replies).at(-1)).toBe(OPTION_REPLY.ack)
      return replies.slice(0, -1).map(({ data }) => data.toString('utf8', 4))
    }
    expect(await list()).toEqual(['base:allocation', 'qemu:allocation-depth'])
    expect(await list('qemu:')).toEqual(['qemu:allocation-depth'])
    expect(await list('base:allocation', 'x:y')).toEqual(['base:allocation'])
  })

  test('chooses contexts anew each time, after structured replies alone', async () => {
    const client = await connect()
    const set = (...queries: string[]): ReturnType<RawNbdClient['option']> =>
      client.option(OPTION.setMetaContext, contextQuery('', ...queries))
    expect(types(await set('base:allocation'))).toEqual([OPTION_REPLY.invalid])
    await client.option(OPTION.structuredReply)
    expect(types(await set('base:'))).toEqual([OPTION_REPLY.ack])
    expect(types(await set('base:allocation'))).toEqual([4, OPTION_REPLY.ack])
    expect(types(await set('qemu:allocation-depth'))).toEqual([4, OPTION_REPLY.ack])
    const other = contextQuery('other', 'base:allocation')
    expect(types(await client.option(OPTION.setMetaContext, other))).toEqual([OPTION_REPLY.unknown])
    const broken = contextQuery('', 'base:allocation').subarray(0, -1)
    expect(types(await client.option(OPTION.listMetaContext, broken))).toEqual([
      OPTION_REPLY.invalid,
    ])
    await set('qemu:allocation-depth')
    await client.go()
    const { status } = await client.do(7, { length: 512 })
    expect([...status.keys()]).toEqual([1])
  })

  test('takes a handshake that comes byte by byte', async () => {
    const client = await connect()
    for (const byte of encodeOption(OPTION.go, infoRequest('', []))) {
      client.send(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(types(await client.optionReplies()).at(-1)).toBe(OPTION_REPLY.ack)
  })

  test('takes requests that come in one piece with GO', async () => {
    const client = await connect()
    client.send(encodeOption(OPTION.go, infoRequest('', [])))
    const cookie = client.ask(0, { offset: 512, length: 512 })
    await client.optionReplies()
    expect(await client.answer(512, 0)).toMatchObject({ cookie, error: 0 })
  })

  test('hangs up on flags that it does not know, and on what is no option', async () => {
    await (await connect(0x80)).hungUp()
    const client = await connect()
    client.send(Buffer.alloc(OPTION_HEADER_SIZE, 7))
    await client.hungUp()
  })

  test('hangs up on a client that asks and asks, and never reads', async () => {
    const client = await connect()
    client.socket.pause()
    const closed = new Promise((resolve) => client.socket.once('close', resolve))
    const list = Buffer.concat(
      Array.from({ length: 4096 }, () => encodeOption(OPTION.list, Buffer.alloc(0))),
    )
    const more = (): void => {
      if (!client.socket.destroyed) client.socket.write(list, (error) => error ?? more())
    }
    more()
    await closed
  })
})
