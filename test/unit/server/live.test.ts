import { randomFillSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { nodeHost } from '../../../engine/host/node-host'
import { openDisk } from '../../../engine/image/disk'
import { inspectChain } from '../../../engine/image/inspect'
import { runJob } from '../../../engine/job/jobs'
import { COMMAND, NBD_ERROR } from '../../../engine/nbd/protocol'
import { Random } from '../../support/random'
import { RawNbdClient } from '../../support/raw-nbd-client'
import { idle, makeServedFiles, serve } from '../../support/served'

const SIZE = 4 * MIB

async function content(path: string): Promise<Buffer> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  const bytes = Buffer.alloc(disk.size)
  await disk.read(bytes, 0)
  await disk.close()
  return bytes
}

/** Writes at random places of a part of the disk, some requests at a time, until it is stopped. */
class Guest {
  private stopped = false
  private readonly running: Promise<void>

  constructor(
    private readonly client: RawNbdClient,
    /** What the disk should hold. */
    private readonly disk: Buffer,
    private readonly start: number,
    private readonly length: number,
  ) {
    this.running = this.run()
  }

  private async run(): Promise<void> {
    const random = new Random(this.start)
    while (!this.stopped) {
      for (let n = 0; n < 8; n += 1) {
        const length = random.between(1, 9000)
        const offset = this.start + random.below(this.length - length)
        const data = randomFillSync(this.disk.subarray(offset, offset + length))
        this.client.ask(COMMAND.write, { offset, length }, Buffer.from(data))
      }
      for (let n = 0; n < 8; n += 1) expect((await this.client.answer()).error).toBe(0)
    }
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.running
  }
}

describe.each(['add-cow', 'acow'] as const)('an export in use: %s', (format) => {
  test('a snapshot divides what was answered before from what comes after', async () => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    await client.write(1000, Buffer.alloc(3000, 1))
    base.fill(1, 1000, 4000)
    await nbd.snapshot({ path: join(folder, 'y.add-cow'), imageFile: 'y.raw', format })
    expect(nbd.path).toBe(join(folder, 'y.add-cow'))
    const before = Buffer.from(base)
    await client.write(2000, Buffer.alloc(3000, 2))
    base.fill(2, 2000, 5000)
    expect((await client.read(0, SIZE)).data.equals(base)).toBe(true)
    await nbd.close()
    expect((await content(join(folder, 'x.add-cow'))).equals(before)).toBe(true)
    expect((await content(join(folder, 'y.add-cow'))).equals(base)).toBe(true)
    const { layers } = await inspectChain(nodeHost, join(folder, 'y.add-cow'))
    expect(layers.map(({ path }) => path)).toEqual(
      ['y.add-cow', 'x.add-cow', 'base.raw'].map((name) => join(folder, name)),
    )
  })

  test('guests write while a snapshot is taken and all is flattened', async () => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const { nbd, socket } = await serve(folder)
    const clients = [await RawNbdClient.ready(socket), await RawNbdClient.ready(socket)]
    const half = SIZE / 2
    // what they leave alone is left to be copied, however fast they are
    const written = half - MIB / 4
    const guests = clients.map((client, n) => new Guest(client, base, n * half, written))
    await nbd.snapshot({ path: join(folder, 'y.add-cow'), imageFile: 'y.raw', format: 'acow' })
    const copied = await nbd.flatten({}, idle)
    for (const guest of guests) await guest.stop()
    expect(copied).toBeGreaterThanOrEqual(MIB / 2)
    const [client] = clients
    expect((await client?.read(0, SIZE))?.data.equals(base)).toBe(true)
    await nbd.close()
    expect((await content(join(folder, 'y.raw'))).equals(base)).toBe(true)
    expect((await content(join(folder, 'y.add-cow'))).equals(base)).toBe(true)
  })

  test('after a flatten the image file alone is the disk, and stays it', async () => {
    const { folder, base } = await makeServedFiles(SIZE, format, SIZE / 2)
    const disk = Buffer.concat([base, Buffer.alloc(SIZE / 2)])
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket, 'qemu:allocation-depth')
    await client.write(700, Buffer.alloc(70_000, 3))
    disk.fill(3, 700, 70_700)
    await nbd.flatten({}, idle)
    await client.write(SIZE - 5000, Buffer.alloc(4000, 4))
    disk.fill(4, SIZE - 5000, SIZE - 1000)
    const { status } = await client.do(COMMAND.blockStatus, { length: SIZE })
    expect(status.get(1)).toEqual([SIZE, 1])
    // what is added is not allocated, and must not be taken for it
    await nbd.resize(SIZE + MIB, false)
    const grown = await RawNbdClient.ready(socket, 'qemu:allocation-depth')
    expect((await grown.read(SIZE, MIB)).data.equals(Buffer.alloc(MIB))).toBe(true)
    await grown.write(SIZE + 1000, Buffer.alloc(100, 5))
    await nbd.close()
    const whole = Buffer.concat([disk, Buffer.alloc(MIB)])
    whole.fill(5, SIZE + 1000, SIZE + 1100)
    expect((await content(join(folder, 'x.add-cow'))).equals(whole)).toBe(true)
    expect((await content(join(folder, 'x.raw'))).equals(whole)).toBe(true)
  })

  test('a resize is told to those who come, and holds for those who are there', async () => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const { nbd, socket } = await serve(folder)
    const early = await RawNbdClient.ready(socket)
    await nbd.resize(2 * SIZE, false)
    const late = await RawNbdClient.ready(socket)
    expect([early.size, late.size, nbd.size]).toEqual([SIZE, 2 * SIZE, 2 * SIZE])
    expect(nbd.clients.map(({ size }) => size)).toEqual([SIZE, 2 * SIZE])
    await late.write(2 * SIZE - 512, Buffer.alloc(512, 1))
    await expect(nbd.resize(MIB, false)).rejects.toMatchObject({ code: 'resize/needs-shrink' })
    await nbd.resize(MIB, true)
    expect((await early.read(MIB, 512)).error).toBe(NBD_ERROR.invalid)
    expect((await early.read(0, MIB)).data.equals(base.subarray(0, MIB))).toBe(true)
  })
})

describe('live operations', () => {
  test('a flatten can be stopped, goes on from there, and is one at a time', async () => {
    const { folder, base } = await makeServedFiles(SIZE)
    const { nbd } = await serve(folder)
    const stop = new AbortController()
    const slow = nbd.flatten(
      { bytesPerSecond: MIB },
      {
        signal: stop.signal,
        report: ({ current }) => {
          if (current > MIB) stop.abort()
        },
      },
    )
    await expect(nbd.flatten({}, idle)).rejects.toMatchObject({ code: 'in-use' })
    await expect(slow).rejects.toMatchObject({ code: 'job/cancelled', state: 'resumable' })
    const rest = await nbd.flatten({}, idle)
    expect(rest).toBeLessThanOrEqual(SIZE - MIB)
    await nbd.close()
    expect((await content(join(folder, 'x.raw'))).equals(base)).toBe(true)
  })

  test('a flatten is no faster than it may be', async () => {
    const { folder } = await makeServedFiles(SIZE)
    const { nbd } = await serve(folder)
    const begin = performance.now()
    await nbd.flatten({ bytesPerSecond: 8 * MIB }, idle)
    expect(performance.now() - begin).toBeGreaterThan(490)
  })

  test('closing stops a flatten, and writes all that was answered', async () => {
    const { folder, base } = await makeServedFiles(SIZE)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    await client.write(5, Buffer.from('written'))
    base.write('written', 5)
    const flattened = expect(nbd.flatten({ bytesPerSecond: MIB }, idle)).rejects.toMatchObject({
      code: 'job/cancelled',
    })
    await nbd.close()
    await flattened
    await client.hungUp()
    expect(existsSync(socket)).toBe(false)
    expect((await content(join(folder, 'x.add-cow'))).equals(base)).toBe(true)
  })

  test('a snapshot that cannot be made leaves the export as it was', async () => {
    const { folder, base } = await makeServedFiles(SIZE)
    const { nbd, socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    const taken = { path: join(folder, 'x.add-cow'), imageFile: 'y.raw', format: 'acow' } as const
    await expect(nbd.snapshot(taken)).rejects.toMatchObject({ code: 'file/exists' })
    expect(existsSync(join(folder, 'y.raw'))).toBe(false)
    expect((await client.write(0, Buffer.of(1))).error).toBe(0)
    base[0] = 1
    expect((await client.read(0, SIZE)).data.equals(base)).toBe(true)

    const readOnly = await makeServedFiles(MIB)
    const fixed = await serve(readOnly.folder, { readOnly: true })
    const request = {
      path: join(readOnly.folder, 'y'),
      imageFile: 'y.raw',
      format: 'acow',
    } as const
    await expect(fixed.nbd.snapshot(request)).rejects.toMatchObject({ code: 'read-only' })
  })

  test('the former top is locked as a backing file is: others may read it', async () => {
    const { folder } = await makeServedFiles(MIB)
    const { nbd } = await serve(folder)
    const open = async (): Promise<void> => {
      const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
      await disk.close()
    }
    await nbd.snapshot({ path: join(folder, 'y.add-cow'), imageFile: 'y.raw', format: 'acow' })
    await expect(open()).rejects.toMatchObject({ code: 'in-use' })
    // a second overlay on the same base is allowed, for writing
    const second = { path: join(folder, 'z.add-cow'), imageFile: 'z.raw', format: 'acow' } as const
    await runJob(nodeHost, { kind: 'create', backingFile: 'x.add-cow', ...second }, idle)
    const disk = await openDisk(nodeHost, second.path, { writable: true })
    await disk.close()
    await nbd.close()
    await open()
  })
})
