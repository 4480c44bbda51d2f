import { randomFillSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { addCowImg, expectSuccess, output, run } from '../support/command-line'
import { NbdProgram } from '../support/nbd-program'
import { describeNeeding, linux, program } from '../support/requires'
import { makeServedFiles } from '../support/served'

const SIZE = 4 * MIB

/** What the disk reads as, told by the command line tool itself. */
async function content(folder: string): Promise<Buffer> {
  const args = ['convert', 'x.add-cow', 'content.raw']
  expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
  return readFileSync(join(folder, 'content.raw'))
}

describeNeeding([linux, program('nbdinfo'), program('nbdcopy')], 'libnbd', () => {
  test('nbdinfo reads what the export is, and both maps', async () => {
    const { folder } = await makeServedFiles(SIZE, 'acow', 2 * MIB)
    const { uri } = await NbdProgram.start(folder, '--persistent', '--socket', 's', 'x.add-cow')
    expect(statSync(join(folder, 's')).mode & 0o777).toBe(0o600)
    const info: unknown = JSON.parse(await output(folder, 'nbdinfo', '--json', uri))
    expect(info).toMatchObject({
      protocol: 'newstyle-fixed',
      structured: true,
      exports: [
        {
          'export-name': '',
          'export-size': SIZE,
          is_read_only: false,
          can_multi_conn: true,
          can_flush: true,
          can_fua: true,
          can_trim: true,
          can_zero: true,
          can_fast_zero: true,
          can_cache: true,
          can_df: true,
          block_size_minimum: 1,
          block_size_preferred: 64 * KIB,
          block_size_maximum: 32 * MIB,
        },
      ],
    })
    await output(folder, 'qemu-io', '-f', 'raw', '-c', 'write -P 7 1M 64k', uri)
    const map = async (name: string): Promise<unknown> =>
      JSON.parse(await output(folder, 'nbdinfo', '--json', `--map=${name}`, uri))
    expect(await map('base:allocation')).toMatchObject([
      { offset: 0, length: 2 * MIB, type: 0 },
      { offset: 2 * MIB, length: 2 * MIB, type: 3 },
    ])
    expect(await map('qemu:allocation-depth')).toMatchObject([
      { offset: 0, length: MIB, type: 2 },
      { offset: MIB, length: 64 * KIB, type: 1 },
      { offset: MIB + 64 * KIB, length: MIB - 64 * KIB, type: 2 },
      { offset: 2 * MIB, length: 2 * MIB, type: 0 },
    ])
  })

  test.each(['add-cow', 'acow'] as const)('nbdcopy copies both ways: %s', async (format) => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const { uri } = await NbdProgram.start(folder, '--persistent', '--port', '0', 'x.add-cow')
    await output(folder, 'nbdcopy', uri, 'out.raw')
    expect(readFileSync(join(folder, 'out.raw')).equals(base)).toBe(true)

    const other = Buffer.alloc(SIZE)
    randomFillSync(other, 0, MIB)
    randomFillSync(other, 2 * MIB + 5, 100_000)
    writeFileSync(join(folder, 'in.raw'), other)
    await output(folder, 'nbdcopy', '--flush', 'in.raw', uri)
    expect((await content(folder)).equals(other)).toBe(true)
  })
})

const qemu = [linux, program('qemu-img'), program('qemu-io')]

describeNeeding(qemu, 'qemu-img and qemu-io on an export', () => {
  test('info, convert, compare and map agree with the disk', async () => {
    const { folder, base } = await makeServedFiles(SIZE, 'acow', SIZE - 100_000)
    const { uri } = await NbdProgram.start(folder, '-t', '-r', '--socket', 's', 'x.add-cow')
    const disk = Buffer.concat([base, Buffer.alloc(100_000)])
    const info: unknown = JSON.parse(await output(folder, 'qemu-img', 'info', '--output=json', uri))
    expect(info).toMatchObject({ 'virtual-size': SIZE, format: 'raw' })
    await output(folder, 'qemu-img', 'convert', '-f', 'raw', '-O', 'raw', uri, 'out.raw')
    // qemu counts in sectors: the base's last part of one reads as zero
    disk.fill(0, SIZE - 100_000 - ((SIZE - 100_000) % 512))
    expect(readFileSync(join(folder, 'out.raw')).equals(disk)).toBe(true)
    await output(folder, 'qemu-img', 'compare', '-f', 'raw', '-F', 'raw', uri, 'out.raw')
    const map: unknown = JSON.parse(
      await output(folder, 'qemu-img', 'map', '--output=json', '-f', 'raw', uri),
    )
    expect(map).toMatchObject([
      { start: 0, data: true },
      { zero: true, data: false },
    ])
  })

  /** Writes in the shapes of copy-on-write: where a request begins and ends in its clusters. */
  const shapes = [
    ['a whole cluster', 64 * KIB, 64 * KIB],
    ['the head of a cluster', 128 * KIB, 8 * KIB],
    ['the body of a cluster', 200 * KIB, 4 * KIB],
    ['the tail of a cluster', 316 * KIB, 4 * KIB],
    ['tail, body and head of three', 440 * KIB, 80 * KIB],
    ['odd bytes of one', 600_001, 13],
    ['odd bytes of two', 655_350, 21],
    ["across the base's end", MIB - 5000, 10_000],
    ["behind the base's end", MIB + 200_000, 4 * KIB],
    ['up to the end of the disk', 2 * MIB - 700, 700],
  ] as const

  test.each(['add-cow', 'acow'] as const)('patterns: %s', async (format) => {
    const { folder, base } = await makeServedFiles(2 * MIB, format, MIB)
    const disk = Buffer.concat([base, Buffer.alloc(MIB)])
    const server = await NbdProgram.start(folder, '--socket', 's', 'x.add-cow')
    const commands: string[] = []
    for (const [index, [, offset, length]] of shapes.entries()) {
      const byte = index + 1
      commands.push(`write -P ${byte} ${offset} ${length}`)
      commands.push(`read -P ${byte} ${offset} ${length}`)
      disk.fill(byte, offset, offset + length)
    }
    commands.push('write -z 300k 50k', 'write -z -u 1500k 70k', 'discard 1700k 64k', 'flush')
    disk.fill(0, 300 * KIB, 350 * KIB)
    disk.fill(0, 1500 * KIB, 1570 * KIB)
    commands.push(
      'read -P 0 300k 50k',
      'aio_write -P 99 0 512',
      'aio_write -P 98 512 512',
      'aio_flush',
    )
    disk.fill(99, 0, 512)
    disk.fill(98, 512, 1024)
    const args = commands.flatMap((command) => ['-c', command])
    const said = await output(folder, 'qemu-io', '-f', 'raw', ...args, server.uri)
    expect(said).not.toMatch(/fail|error|Pattern/i)
    // the last client has gone
    expect(await server.ended()).toBe(0)
    expect((await content(folder)).equals(disk)).toBe(true)
    const check = await addCowImg(folder, 'check', 'x.add-cow')
    expect(check).toMatchObject({ code: 0 })
  })

  test('a read-only export is not written to', async () => {
    const { folder, base } = await makeServedFiles(MIB)
    const { uri } = await NbdProgram.start(folder, '-r', '-t', '--socket', 's', 'x.add-cow')
    const { code } = await run(folder, 'qemu-io', '-f', 'raw', '-c', 'write 0 512', uri)
    expect(code).toBe(1)
    expect((await content(folder)).equals(base)).toBe(true)
  })
})

describeNeeding([linux, program('nbdinfo')], 'add-cow-img nbd', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
    const { folder } = await makeServedFiles(MIB)
    const server = await NbdProgram.start(folder, '--socket', 's', 'x.add-cow')
    expect(await server.end(signal)).toBe(0)
    expect(statSync(join(folder, 's'), { throwIfNoEntry: false })).toBeUndefined()
    const again = await NbdProgram.start(folder, '--socket', 's', 'x.add-cow')
    expect(await again.end()).toBe(0)
  })

  test('the socket of a killed process is replaced, that of a living one is not', async () => {
    const { folder } = await makeServedFiles(MIB)
    const killed = await NbdProgram.start(folder, '--socket', 's', 'x.add-cow')
    expect(await killed.end('SIGKILL')).toBe('SIGKILL')
    const living = await NbdProgram.start(folder, '-t', '--socket', 's', 'x.add-cow')
    await output(folder, 'nbdinfo', '--size', living.uri)
    const refused = await addCowImg(folder, 'nbd', '-r', '--socket', 's', 'base.raw')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^add-cow-img: Cannot listen on .*\/s: another program does\n$/)
    await output(folder, 'nbdinfo', '--size', living.uri)
  })

  test('without --persistent it ends with its last client', async () => {
    const { folder } = await makeServedFiles(MIB)
    const server = await NbdProgram.start(folder, '--port', '0', 'x.add-cow')
    expect((await output(folder, 'nbdinfo', '--size', server.uri)).trim()).toBe(String(MIB))
    expect(await server.ended()).toBe(0)
  })

  test('says what is wrong with its options', async () => {
    const { folder } = await makeServedFiles(MIB)
    const wrong = [
      ['--port', '70000', 'x.add-cow'],
      ['--port', '1x', 'x.add-cow'],
      ['--port', '0', '--socket', 's', 'x.add-cow'],
      ['--socket', 's', 'missing.add-cow'],
    ]
    for (const args of wrong) {
      const { code, stderr } = await addCowImg(folder, 'nbd', ...args)
      expect([code, stderr.split('\n').length], args.join(' ')).toEqual([1, 2])
    }
  })
})
