import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { COMMAND } from '../../../engine/nbd/protocol'
import { encodeRequest, RawNbdClient } from '../../support/raw-nbd-client'
import { makeServedFiles, serve } from '../../support/served'

/** Longer than the server watches a client before it is left. */
const WATCHED = 120_000

test('who stops in the middle of a message is left; who has nothing to say is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { folder } = await makeServedFiles(16 * MIB)
  const { nbd, socket } = await serve(folder)
  const quiet = await RawNbdClient.ready(socket)
  const undecided = await RawNbdClient.connect(socket)
  const halfHead = await RawNbdClient.ready(socket)
  halfHead.send(encodeRequest({ command: COMMAND.read, length: 512 }).subarray(0, 20))
  const halfWrite = await RawNbdClient.ready(socket)
  halfWrite.ask(COMMAND.write, { length: 4096 }, Buffer.alloc(4095))
  const halfSkipped = await RawNbdClient.ready(socket)
  halfSkipped.ask(COMMAND.write, { offset: 17 * MIB, length: 4096 }, Buffer.alloc(4095))
  const deaf = await RawNbdClient.ready(socket)
  deaf.ask(COMMAND.read, { length: 16 * MIB })
  // the rest of the answer waits for it from here on
  await once(deaf.socket, 'data')
  deaf.socket.pause()
  const slow = await RawNbdClient.ready(socket)
  const write = Buffer.concat([
    encodeRequest({ command: COMMAND.write, length: 3 }),
    Buffer.from('abc'),
  ])
  const closed = new Promise((resolve) => deaf.socket.once('close', resolve))

  for (const [index, byte] of write.entries()) {
    slow.send(Buffer.of(byte))
    // until the byte has come and been counted
    for (let n = 0; n < 3; n += 1) expect((await quiet.read(0, 1)).error).toBe(0)
    if (index < 4) vi.advanceTimersByTime(WATCHED)
  }
  expect((await slow.answer()).error).toBe(0)
  for (const client of [undecided, halfHead, halfWrite, halfSkipped]) await client.hungUp()
  deaf.socket.resume()
  await closed
  vi.advanceTimersByTime(3 * WATCHED)
  expect((await quiet.read(0, 512)).error).toBe(0)
  expect(nbd.clients).toHaveLength(2)
  vi.useRealTimers()
})
