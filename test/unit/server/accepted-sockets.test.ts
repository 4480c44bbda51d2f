import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { AcceptedSockets } from '../../../engine/server/accepted-sockets'
import { listen, type NbdAddress } from '../../../engine/server/address'
import { RawNbdClient } from '../../support/raw-nbd-client'
import { describeNeeding, linux } from '../../support/requires'
import { makeServedFiles, serve } from '../../support/served'
import { temporaryFolder } from '../../support/temporary-folder'

/** As Linux counts it; Node has no name for it. */
const O_CLOEXEC = 0o2000000

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

function infoOf(fd: string): string {
  return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
}

describeNeeding(linux, 'the descriptor of a connection', () => {
  test.each(['socket', 'tcp'] as const)('is found for each client: %s', async (kind) => {
    const server = createServer()
    const wanted: NbdAddress =
      kind === 'tcp' ? { kind, port: 0 } : { kind, path: join(temporaryFolder(), 'ß s') }
    const address = await listen(server, wanted)
    const accepted = new AcceptedSockets(address)
    const sockets = new Set<Socket>()
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const found: (number | undefined)[] = []
    server.on('connection', (socket) => {
      found.push(accepted.find())
      sockets.add(socket)
    })
    for (let n = 0; n < 20; n += 1) {
      const where = address.kind === 'tcp' ? { port: address.port } : { path: address.path }
      sockets.add(connect({ ...where, host: '127.0.0.1' }))
    }
    await expect.poll(() => found.length).toBe(20)
    const links = found.map((fd) => readlinkSync(`/proc/self/fd/${String(fd)}`))
    expect(new Set(links).size).toBe(20)
    for (const link of links) expect(link).toMatch(/^socket:/)
  })

  test('is used by an export', async () => {
    const find = vi.spyOn(AcceptedSockets.prototype, 'find')
    const { folder, base } = await makeServedFiles(MIB)
    const { socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    expect((await client.read(512, 4096)).data).toEqual(base.subarray(512, 4608))
    expect(find).toHaveBeenCalledTimes(1)
    const accepted: unknown = find.mock.results[0]?.value
    expect(accepted).toBeTypeOf('number')
    const link = readlinkSync(`/proc/self/fd/${String(accepted)}`)
    const same = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === link)
    expect(same).toHaveLength(2)
    // neither goes to a program that is started meanwhile, and would keep the connection open
    for (const fd of same) {
      const [, flags = '0'] = /flags:\s*(\d+)/.exec(infoOf(fd)) ?? []
      expect(parseInt(flags, 8) & O_CLOEXEC).toBe(O_CLOEXEC)
    }
    client.socket.destroy()
    const openNow = (): boolean => readdirSync('/proc/self/fd').some((fd) => linkOf(fd) === link)
    await expect.poll(openNow).toBe(false)
  })
})

test('an export serves without knowing the descriptor', async () => {
  vi.spyOn(AcceptedSockets.prototype, 'find').mockReturnValue(undefined)
  const { folder, base } = await makeServedFiles(2 * MIB)
  const { nbd, socket } = await serve(folder)
  const client = await RawNbdClient.ready(socket)
  const data = Buffer.alloc(MIB, 7)
  expect((await client.write(512, data)).error).toBe(0)
  const expected = Buffer.concat([base.subarray(0, 512), data.subarray(512)])
  expect((await client.read(0, MIB)).data.equals(expected)).toBe(true)
  client.socket.destroy()
  await expect.poll(() => nbd.clients.length).toBe(0)
})
