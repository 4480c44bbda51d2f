import { describe, expect, test } from 'vitest'
import type { EngineError, ErrorCode } from '../../../engine/base/errors'
import { ENDLESS } from '../../../engine/host/host'
import {
  CHUNK,
  encodeGreeting,
  encodeOptionReply,
  NBD_ERROR,
  OPTION,
  OPTION_REPLY,
  type Request,
} from '../../../engine/nbd/protocol'
import { expectError, failure } from '../../support/expect-error'
import {
  type Behaviour,
  chunk,
  data,
  errorChunk,
  exportInfo,
  fakeServer,
  open,
  simple,
  status,
  uint32,
  uint64,
} from '../../support/fake-nbd-server'

const SIZE = 1024 * 1024
/** The error of a read of 8 KiB at 4096 from a server that answers so. */
async function readError(behaviour: Omit<Behaviour, 'size'>): Promise<EngineError> {
  const server = await fakeServer({ size: SIZE, ...behaviour })
  const file = await open(server)
  try {
    return await failure(file.read(new Uint8Array(8192), 4096))
  } finally {
    await file.close()
  }
}

const never = (): undefined => undefined
const block = Buffer.alloc(4096, 0x61)

describe('a server that does not keep to the handshake', () => {
  const garbage = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')
  const endless = Array.from({ length: 100 }, () => exportInfo(SIZE))
  const info = (...infos: readonly Buffer[]): Buffer =>
    Buffer.concat([
      ...infos.map((bytes) => encodeOptionReply(OPTION.go, OPTION_REPLY.info, bytes)),
      encodeOptionReply(OPTION.go, OPTION_REPLY.ack, Buffer.alloc(0)),
    ])
  const blocks = (smallest: number, largest: number): Buffer =>
    Buffer.concat([Buffer.from([0, 3]), uint32(smallest), uint32(4096), uint32(largest)])
  const go =
    (answer: Buffer | 'hang-up') =>
    (option: number): Buffer | 'hang-up' | undefined =>
      option === OPTION.go ? answer : undefined

  test.each<[string, Partial<Behaviour>, ErrorCode, RegExp]>([
    ['garbage', { greeting: garbage }, 'nbd/malformed', /no NBD server/],
    ['an old server', { greeting: Buffer.alloc(152, 1) }, 'nbd/malformed', /no NBD server/],
    ['nothing at all', { greeting: Buffer.alloc(0) }, 'nbd/unreachable', /does not answer/],
    ['no answer to GO', { option: go(Buffer.alloc(0)) }, 'nbd/unreachable', /does not answer/],
    ['hanging up', { option: go('hang-up') }, 'nbd/unreachable', /during the handshake/],
    ['no magic', { option: go(Buffer.alloc(20)) }, 'nbd/malformed', /not asked/],
    [
      'an answer to another option',
      { option: go(encodeOptionReply(OPTION.info, OPTION_REPLY.ack, Buffer.alloc(0))) },
      'nbd/malformed',
      /not asked/,
    ],
    [
      'a reply of 4 GiB',
      { option: go(lengthOf(encodeOptionReply(OPTION.go, OPTION_REPLY.info, Buffer.alloc(0)))) },
      'nbd/malformed',
      /too long/,
    ],
    ['no size', { option: go(info()) }, 'nbd/malformed', /does not tell the size/],
    ['a short size', { option: go(info(Buffer.alloc(3))) }, 'nbd/malformed', /wrong length/],
    ['no end', { option: go(info(...endless)) }, 'nbd/malformed', /never comes to an end/],
    [
      'blocks of no power of two',
      { option: go(info(exportInfo(SIZE), blocks(3000, 65536))) },
      'nbd/malformed',
      /impossible/,
    ],
    [
      'blocks larger than a request may be',
      { option: go(info(exportInfo(SIZE), blocks(8192, 4096))) },
      'nbd/malformed',
      /impossible/,
    ],
    ['a size beyond all sizes', { size: 2 ** 63 }, 'nbd/malformed', /bytes long/],
    [
      'an export that is not there',
      { option: go(encodeOptionReply(OPTION.go, OPTION_REPLY.unknown, Buffer.from('no\nway'))) },
      'nbd/refused',
      /no export named 'x' \(no way\)/,
    ],
    [
      'TLS',
      { option: () => encodeOptionReply(OPTION.structuredReply, 0x80000005, Buffer.alloc(0)) },
      'nbd/refused',
      /wants TLS/,
    ],
  ])('%s', async (_, lie, code, message) => {
    const server = await fakeServer({ size: SIZE, reply: never, ...lie })
    const error = await failure(open(server))
    expectError(error, code, message)
  })
})

describe('a server that is old', () => {
  const unsupported = (...options: readonly number[]) => {
    return (option: number): Buffer | undefined => {
      if (option === OPTION.exportName) return Buffer.concat([uint64(SIZE), Buffer.from([0, 3])])
      if (!options.includes(option)) return undefined
      return encodeOptionReply(option, OPTION_REPLY.unsupported, Buffer.alloc(0))
    }
  }
  const simpleRead = (request: Request): Buffer => simple(request, 0, block)

  test.each([
    ['without GO', [OPTION.go, OPTION.structuredReply]],
    ['without structured replies', [OPTION.structuredReply]],
  ] as const)('%s is read', async (_, options) => {
    const server = await fakeServer({
      size: SIZE,
      option: unsupported(...options),
      reply: simpleRead,
    })
    const file = await open(server)
    const target = Buffer.alloc(4096)
    await file.read(target, 512)
    expect(target.equals(block)).toBe(true)
    expect(await file.dataAt(100)).toEqual({ data: true, end: SIZE })
    expect(await file.dataAt(SIZE)).toEqual({ data: false, end: ENDLESS })
    await file.close()
  })

  test('that has nothing but the name of an export is read', async () => {
    const server = await fakeServer({
      size: SIZE,
      greeting: encodeGreeting(0),
      option: () => Buffer.concat([uint64(SIZE), Buffer.alloc(126)]),
      reply: simpleRead,
    })
    const file = await open(server)
    const target = Buffer.alloc(4096)
    await file.read(target, SIZE - 4096)
    expect(target.equals(block)).toBe(true)
    await file.close()
  })
})

describe('a server that answers a read with', () => {
  test.each<[string, (request: Request) => Buffer, RegExp]>([
    ['no reply', () => Buffer.alloc(64, 0x55), /is none/],
    ['a reply to nobody', (r) => data({ ...r, cookieLow: 99 }, 4096, block), /not asked/],
    ['a reply to nobody here', (r) => data({ ...r, cookieHigh: 9 }, 4096, block), /not asked/],
    ['a simple reply', (r) => simple(r, 0, Buffer.alloc(8192)), /simple reply/],
    ['bytes before', (r) => data(r, 4095, block), /should not/],
    ['bytes behind', (r) => data(r, 4096 + 4097, block), /should not/],
    ['bytes at the end of all numbers', (r) => data(r, 2 ** 63, block), /should not/],
    ['half of it', (r) => data(r, 4096, block), /complete that is not/],
    ['nothing', (r) => chunk(r, CHUNK.none, Buffer.alloc(0)), /complete that is not/],
    [
      'the same half twice',
      (r) => Buffer.concat([data(r, 4096, block, false), data(r, 4096, block)]),
      /not again/,
    ],
    [
      'halves that overlap',
      (r) => Buffer.concat([data(r, 8192, block, false), data(r, 6000, block)]),
      /not again/,
    ],
    ['an empty chunk', (r) => data(r, 4096, Buffer.alloc(0)), /wrong length/],
    ['no end to nothing', (r) => chunk(r, CHUNK.none, Buffer.alloc(0), false), /does not end/],
    ['a hole of no size', (r) => hole(r, 4096, 0), /should not/],
    ['a hole larger than the read', (r) => hole(r, 4096, 0xffffffff), /should not/],
    ['a block status', (r) => status(r, [[8192, 0]]), /no answer to a read/],
    ['a chunk that nobody knows', (r) => chunk(r, 99, Buffer.alloc(8)), /no answer to a read/],
    ['an error that is none', (r) => errorChunk(r, 0), /wrong way/],
    ['an error of no length', (r) => chunk(r, CHUNK.error, Buffer.alloc(2)), /wrong length/],
    ['an error without end', (r) => chunk(r, 0x8005, Buffer.alloc(9000)), /wrong length/],
    [
      'a text longer than its chunk',
      (r) => chunk(r, CHUNK.error, Buffer.from([0, 0, 0, 5, 1, 0])),
      /wrong way/,
    ],
    [
      'crumbs',
      (r) => {
        const crumbs = Array.from({ length: 2000 }, (_, n) => hole(r, 4096 + n * 4, 1, false))
        return Buffer.concat(crumbs)
      },
      /should not/,
    ],
  ])('%s', async (_, reply, message) => {
    const error = await readError({ reply })
    expectError(error, 'nbd/malformed', message)
  })

  test('errors tells them', async () => {
    const error = await readError({ reply: (r) => errorChunk(r, NBD_ERROR.io, 'head\u0007 crash') })
    expect(error).toMatchObject({ code: 'io/failed', details: { errno: 'EIO' } })
    expect(error.message).toMatch(/at byte 4096: .*input\/output error \(head crash\)/)
    const denied = await readError({ reply: (r) => errorChunk(r, NBD_ERROR.permission) })
    expect(denied.code).toBe('io/denied')
    const strange = await readError({ reply: (r) => simple(r, 4711) })
    expect(strange.message).toMatch(/error 4711/)
  })

  test('its parts in any order fills the target', async () => {
    const reply = (r: Request): Buffer =>
      Buffer.concat([
        data(r, 9216, Buffer.alloc(3072, 3), false),
        hole(r, 5120, 4096, false),
        data(r, 4096, Buffer.alloc(1024, 1)),
      ])
    const server = await fakeServer({ size: SIZE, reply })
    const file = await open(server)
    const target = Buffer.alloc(8192, 0xff)
    await file.read(target, 4096)
    const expected = [Buffer.alloc(1024, 1), Buffer.alloc(4096), Buffer.alloc(3072, 3)]
    expect(target.equals(Buffer.concat(expected))).toBe(true)
    await file.close()
  })
})

describe('a server that answers a block status with', () => {
  test.each<[string, (request: Request) => Buffer, RegExp]>([
    ['no runs', (r) => status(r, []), /wrong length/],
    ['half a run', (r) => chunk(r, CHUNK.blockStatus, Buffer.alloc(9)), /wrong length/],
    ['a run of no length', (r) => status(r, [[0, 0]]), /impossible run/],
    ['another context', (r) => status(r, [[512, 0]], 8), /not asked for/],
    ['success without an answer', (r) => simple(r, 0), /simple reply/],
    [
      'runs behind the end',
      (r) =>
        status(r, [
          [SIZE, 0],
          [1, 0],
        ]),
      /impossible run/,
    ],
    ['content', (r) => data(r, 0, block), /no answer to the request/],
    [
      'two answers',
      (r) => {
        const first = status(r, [[512, 0]])
        first.writeUInt16BE(0, 4)
        return Buffer.concat([first, status(r, [[512, 0]])])
      },
      /not asked for/,
    ],
  ])('%s', async (_, reply, message) => {
    const server = await fakeServer({ size: SIZE, reply })
    const file = await open(server)
    const error = await failure(Promise.resolve(file.dataAt(0)))
    expectError(error, 'nbd/malformed', message)
    await file.close()
  })

  test('an error is taken to have data everywhere', async () => {
    const server = await fakeServer({ size: SIZE, reply: (r) => errorChunk(r, NBD_ERROR.invalid) })
    const file = await open(server)
    expect(await file.dataAt(5)).toEqual({ data: true, end: SIZE })
    await file.close()
  })

  test('a part of the truth is asked for the rest, once', async () => {
    const runs: Record<number, readonly (readonly [number, number])[]> = {
      0: [
        [4096, 0],
        [4096, 1],
        [8192, 3],
      ],
      16384: [[1024 ** 3, 2]],
    }
    const server = await fakeServer({ size: SIZE, reply: (r) => status(r, runs[r.offset] ?? []) })
    const file = await open(server)
    // a hole that may hold anything has to be read
    expect(await file.dataAt(0)).toEqual({ data: true, end: 8192 })
    expect(await file.dataAt(8200)).toEqual({ data: false, end: 16384 })
    expect(await file.dataAt(16384)).toEqual({ data: false, end: SIZE })
    for (let at = 0; at < SIZE; at += 999) await file.dataAt(at)
    expect(server.requests.map(({ offset }) => offset)).toEqual([0, 16384])
    await file.close()
  })
})

function hole(request: Request, offset: number, size: number, done = true): Buffer {
  return chunk(request, CHUNK.offsetHole, Buffer.concat([uint64(offset), uint32(size)]), done)
}

/** The same head with the largest length that there is. */
function lengthOf(reply: Buffer): Buffer {
  reply.writeUInt32BE(0xffffffff, 16)
  return reply
}
