import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { KIB, MIB } from '../../../engine/base/units'
import type { HostFile } from '../../../engine/host/host'
import { linuxCalls } from '../../../engine/host/linux-calls'
import { nodeHost } from '../../../engine/host/node-host'
import { WriteQueue } from '../../../engine/host/write-queue'
import { Random } from '../../support/random'
import { describeNeeding, linux } from '../../support/requires'
import { temporaryFolder } from '../../support/temporary-folder'

const PIECE = 256 * KIB
const BLOCK = 4 * KIB
const { O_CREAT, O_DIRECT, O_RDWR } = fs.constants

/** Memory that starts at a block's start. */
function alignedMemory(length: number): Buffer {
  const memory = Buffer.alloc(length + BLOCK)
  const address = Number((linuxCalls()?.addressOf(memory) ?? 0n) % BigInt(BLOCK))
  const start = (BLOCK - address) % BLOCK
  return memory.subarray(start, start + length)
}

function openQueue(): WriteQueue {
  const queue = WriteQueue.open()
  if (queue === undefined) throw new Error('this system has no queue')
  return queue
}

describeNeeding(linux, 'a queue of direct writes', () => {
  test('takes many at once, and writes each to its place', async () => {
    const path = join(temporaryFolder(), 'file')
    const fd = fs.openSync(path, O_CREAT | O_RDWR | O_DIRECT)
    const content = new Random(1).bytes(100 * PIECE)
    const queue = openQueue()
    const written = await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        const offset = ((n * 37) % 100) * PIECE
        const memory = alignedMemory(PIECE)
        memory.set(content.subarray(offset, offset + PIECE))
        return queue.write(fd, memory, offset)
      }),
    )
    expect(new Set(written)).toEqual(new Set([PIECE]))
    expect(fs.readFileSync(path).equals(content)).toBe(true)
    // and once more, after a while without any
    expect(await queue.write(fd, alignedMemory(BLOCK), 0)).toBe(BLOCK)
    await queue.close()
    fs.closeSync(fd)
  })

  test('tells what failed by its code, and goes on', async () => {
    const path = join(temporaryFolder(), 'file')
    const fd = fs.openSync(path, O_CREAT | O_RDWR | O_DIRECT)
    const queue = openQueue()
    const memory = alignedMemory(BLOCK)
    const results = await Promise.allSettled([
      queue.write(fd, memory, 0),
      queue.write(fd, memory, 2 ** 52),
      queue.write(fd, memory, BLOCK),
    ])
    expect(results).toEqual([
      { status: 'fulfilled', value: BLOCK },
      { status: 'rejected', reason: expect.objectContaining({ code: 'EFBIG' }) as unknown },
      { status: 'fulfilled', value: BLOCK },
    ])
    expect(await queue.write(-1, memory, 0)).toBe(0)
    await queue.close()
    fs.closeSync(fd)
  })
})

describeNeeding(linux, 'a copy that is long enough for a queue', () => {
  const size = 80 * MIB + 700

  async function copy(): Promise<{ source: string; target: string; error: unknown }> {
    const folder = temporaryFolder()
    const [source, target] = [join(folder, 'source'), join(folder, 'target')]
    const block = new Random(2).bytes(MIB)
    const fd = fs.openSync(source, 'w')
    for (let at = 0; at < size; at += MIB) {
      block.set(new Random(at).bytes(64))
      fs.writeSync(fd, block, 0, Math.min(MIB, size - at))
    }
    fs.closeSync(fd)
    const from = await nodeHost.open(source, { access: 'read' })
    const to = await nodeHost.open(target, { access: 'write', create: true })
    const error = await copyAll(from, to)
    await from.close()
    await to.close()
    return { source, target, error }
  }

  /** Two halves side by side, in pieces of many lengths. */
  async function copyAll(source: HostFile, target: HostFile): Promise<unknown> {
    const random = new Random(3)
    const half = 40 * MIB
    const parts = [
      { start: 0, end: half },
      { start: half, end: size },
    ].map(({ start, end }) => {
      const pieces = []
      for (let offset = start; offset < end;) {
        const length = Math.min(end - offset, 512 * random.between(1, 6000))
        pieces.push({ source, sourceOffset: offset, offset, length })
        offset += length
      }
      return target.copyFrom(pieces)
    })
    const results = await Promise.allSettled(parts)
    return results.find((result) => result.status === 'rejected')?.reason
  }

  function expectSame({ source, target, error }: Awaited<ReturnType<typeof copy>>): void {
    expect(error).toBeUndefined()
    expect(fs.readFileSync(target).equals(fs.readFileSync(source))).toBe(true)
  }

  afterEach(() => vi.restoreAllMocks())

  test('goes through it', async () => {
    const write = vi.spyOn(WriteQueue.prototype, 'write')
    const close = vi.spyOn(WriteQueue.prototype, 'close')
    expectSame(await copy())
    expect(write.mock.calls.length).toBeGreaterThan(4)
    expect(close).toHaveBeenCalledOnce()
  })

  test('does without where there is none', async () => {
    const open = vi.spyOn(WriteQueue, 'open').mockReturnValue(undefined)
    expectSame(await copy())
    expect(open).toHaveBeenCalledOnce()
  })

  test('writes what it does not take through the page cache', async () => {
    vi.spyOn(WriteQueue.prototype, 'write').mockResolvedValue(0)
    expectSame(await copy())
  })

  test('writes the rest where a write was cut short', async () => {
    const queue = openQueue()
    const write = queue.write.bind(queue)
    vi.spyOn(WriteQueue, 'open').mockReturnValue(queue)
    vi.spyOn(queue, 'write').mockImplementation((fd, bytes, offset) =>
      write(fd, bytes.subarray(0, BLOCK), offset),
    )
    expectSame(await copy())
  })

  describe('where a direct write fails', () => {
    test('goes through the page cache where the file system takes none', async () => {
      const error = Object.assign(new Error('EINVAL'), { code: 'EINVAL' })
      const write = vi.spyOn(WriteQueue.prototype, 'write').mockRejectedValue(error)
      expectSame(await copy())
      // those that were under way, and no more
      expect(write.mock.calls.length).toBeLessThanOrEqual(8)
    })

    test('says so, with the file', async () => {
      const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      vi.spyOn(WriteQueue.prototype, 'write').mockRejectedValue(error)
      const copied = await copy()
      expect(copied.error).toMatchObject({ code: 'io/no-space', details: { path: copied.target } })
    })
  })
})
