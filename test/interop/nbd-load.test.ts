import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { COMMAND } from '../../engine/nbd/protocol'
import { addCowImg, output } from '../support/command-line'
import { NbdProgram } from '../support/nbd-program'
import { Random } from '../support/random'
import { RawNbdClient } from '../support/raw-nbd-client'
import { describeNeeding, linux, program } from '../support/requires'
import { idle, makeServedFiles, serve } from '../support/served'

describeNeeding([linux, program('fio')], 'fio verifies what it writes', () => {
  test.each(['add-cow', 'acow'] as const)(
    'several jobs, while a snapshot is taken and all is flattened: %s',
    async (format) => {
      const { folder } = await makeServedFiles(64 * MIB, format)
      const { nbd } = await serve(folder)
      const written = output(
        folder,
        'fio',
        ...['--name=j', '--ioengine=nbd', `--uri=${nbd.uri}`, '--rw=randwrite', '--iodepth=16'],
        ...['--numjobs=3', '--size=12m', '--offset_increment=20m', '--bsrange=512-32k'],
        ...['--bs_unaligned=1', '--verify=crc32c', '--verify_fatal=1', '--verify_backlog=256'],
        ...['--loops=2', '--fsync=500', '--randseed=3'],
      )
      await expect.poll(() => nbd.traffic.bytesWritten, { timeout: 20_000 }).toBeGreaterThan(MIB)
      await nbd.snapshot({ path: join(folder, 'y.add-cow'), imageFile: 'y.raw', format: 'acow' })
      const during = nbd.traffic.bytesWritten
      await nbd.flatten({ bytesPerSecond: 64 * MIB }, idle)
      await written
      // both were done under load, not after it
      expect(during).toBeLessThan(nbd.traffic.bytesWritten)
      await nbd.close()
      for (const file of ['x.add-cow', 'y.add-cow']) {
        expect(await addCowImg(folder, 'check', file)).toMatchObject({ code: 0 })
      }
      const compared = await addCowImg(folder, 'compare', 'y.add-cow', 'y.raw')
      expect(compared).toMatchObject({ code: 0, stderr: '' })
    },
  )
})

describeNeeding([linux], 'a server that is killed', () => {
  const SIZE = 8 * MIB

  test.each(['add-cow', 'acow'] as const)('keeps what was flushed: %s', async (format) => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const random = new Random(11)
    const flushed = Buffer.from(base)
    /** What was written since the last flush, by sector: any of these, or what was there before. */
    const later = new Map<number, Buffer[]>()
    for (let round = 0; round < 3; round += 1) {
      const server = await NbdProgram.start(folder, '-t', '--socket', 's', 'x.add-cow')
      const client = await RawNbdClient.ready(join(folder, 's'))
      const flushes = random.between(3, 8)
      for (let n = 0; n < flushes; n += 1) {
        for (let k = 0; k < 40; k += 1) {
          const length = 512 * random.between(1, 20)
          const offset = 512 * random.below((SIZE - length) / 512)
          const data = random.bytes(length)
          data.forEach((byte, at) => (flushed[offset + at] = byte))
          client.ask(COMMAND.write, { offset, length }, data)
        }
        for (let k = 0; k < 40; k += 1) expect((await client.answer()).error).toBe(0)
        expect((await client.do(COMMAND.flush)).error).toBe(0)
      }
      later.clear()
      for (let k = 0; k < 200; k += 1) {
        const offset = 512 * random.below(SIZE / 512)
        const data = Buffer.from(random.bytes(512))
        later.set(offset, [...(later.get(offset) ?? []), data])
        client.ask(COMMAND.write, { offset, length: 512 }, data)
      }
      await client.answer()
      expect(await server.end('SIGKILL')).toBe('SIGKILL')

      const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: false })
      const found = Buffer.alloc(SIZE)
      await disk.read(found, 0)
      await disk.close()
      for (let at = 0; at < SIZE; at += 512) {
        const sector = found.subarray(at, at + 512)
        const allowed = [flushed.subarray(at, at + 512), ...(later.get(at) ?? [])]
        expect(
          allowed.some((bytes) => bytes.equals(sector)),
          `sector at ${at}`,
        ).toBe(true)
      }
      found.copy(flushed)
    }
  })

  test('with many clusters of bits in memory, all that FUA promised is there', async () => {
    const { folder, base } = await makeServedFiles(SIZE, 'add-cow')
    const server = await NbdProgram.start(folder, '-t', '--socket', 's', 'x.add-cow')
    const client = await RawNbdClient.ready(join(folder, 's'))
    for (let n = 0; n < 30; n += 1) {
      const offset = n * 256 * KIB + 512
      const data = Buffer.alloc(1024, n + 1)
      data.copy(base, offset)
      expect((await client.write(offset, data, 1)).error).toBe(0)
    }
    await server.end('SIGKILL')
    const disk = await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: false })
    const found = Buffer.alloc(SIZE)
    await disk.read(found, 0)
    await disk.close()
    expect(found.equals(base)).toBe(true)
  })
})
