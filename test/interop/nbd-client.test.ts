import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { KIB, MIB } from '../../engine/base/units'
import { openDisk } from '../../engine/image/disk'
import { machineHost } from '../../engine/nbd/machine-host'
import { addCowImg, addCowImgHere, addCowImgPath, output } from '../support/command-line'
import { expectError, failure } from '../support/expect-error'
import { type NbdServer, nbdkit, qemuNbd, startServer } from '../support/nbd-servers'
import { Random } from '../support/random'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { writeSparse } from './random-overlay'

const SIZE = 24 * MIB
/** Where the base has data: [offset, length]. */
const DATA = [
  [0, 64 * KIB],
  [5 * MIB, 3 * MIB],
  [20 * MIB - 4 * KIB, 8 * KIB],
] as const
const DATA_BYTES = DATA.reduce((sum, [, length]) => sum + length, 0)

const host = machineHost({ files: 'any', names: new Set() })

function makeBase(folder: string): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  for (const [offset, length] of DATA) bytes.set(new Random(offset + 1).bytes(length), offset)
  writeSparse(join(folder, 'base.raw'), bytes)
  return bytes
}

type Start = (folder: string) => Promise<NbdServer>

/** Servers that differ in what they speak. */
const servers: Readonly<Record<string, Start>> = {
  nbdkit: (folder) => nbdkit(folder, 'file', 'base.raw'),
  'nbdkit without structured replies': (folder) => nbdkit(folder, '--no-sr', 'file', 'base.raw'),
  'nbdkit without fixed newstyle': (folder) =>
    nbdkit(folder, '--mask-handshake=0', 'file', 'base.raw'),
  'nbdkit that tells nothing of holes': (folder) =>
    nbdkit(folder, '--filter=noextents', 'file', 'base.raw'),
  'nbdkit that takes whole blocks of 4 KiB, at most 64 KiB': (folder) =>
    nbdkit(
      folder,
      '--filter=blocksize-policy',
      'file',
      'base.raw',
      'blocksize-minimum=4k',
      'blocksize-preferred=4k',
      'blocksize-maximum=64k',
      'blocksize-error-policy=error',
    ),
  'nbdkit that is slow and out of order': (folder) =>
    nbdkit(folder, '--filter=delay', 'file', 'base.raw', 'rdelay=3ms', 'delay-extents=3ms'),
  'qemu-nbd': (folder) => qemuNbd(folder, '-f', 'raw', 'base.raw'),
  'add-cow-img': (folder) =>
    startServer(process.execPath, folder, (socket) => [
      addCowImgPath,
      ...['nbd', '--read-only', '--persistent', '--socket', socket, 'base.raw'],
    ]),
}

async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await addCowImg(folder, ...args)
  expect(stderr, args.join(' ')).toBe('')
  expect(code).toBe(0)
  return stdout
}

function bytesOf(folder: string, name: string): Buffer {
  return readFileSync(join(folder, name))
}

describeNeeding([program('nbdkit'), program('qemu-nbd')], 'an overlay on an export', () => {
  test.each(Object.entries(servers))('of %s', async (_, start) => {
    const folder = temporaryFolder()
    const base = makeBase(folder)
    const { uri } = await start(folder)
    const options = `backing_file=${uri},backing_fmt=raw,image_file=x.raw`
    await succeed(folder, 'create', '-f', 'acow', '-o', options, 'x.add-cow')

    const info = await succeed(folder, 'info', '--output=json', 'x.add-cow')
    expect(JSON.parse(info)).toMatchObject({ 'backing-filename': uri, 'virtual-size': SIZE })

    const disk = await openDisk(host, join(folder, 'base.raw'), { writable: false })
    expect(disk.size).toBe(SIZE)
    await disk.close()

    await succeed(folder, 'convert', 'x.add-cow', 'copy.raw')
    expect(bytesOf(folder, 'copy.raw').equals(base)).toBe(true)
    await succeed(folder, 'flatten', '--verify', 'x.add-cow')
    expect(bytesOf(folder, 'x.raw').equals(base)).toBe(true)
  })

  test('reads what was not written, in parts of clusters too', async () => {
    const folder = temporaryFolder()
    const expected = makeBase(folder)
    const { uri } = await nbdkit(folder, 'file', 'base.raw')
    const options = `backing_file=${uri},backing_fmt=raw,image_file=x.raw`
    await succeed(folder, 'create', '-f', 'acow', '-o', options, 'x.add-cow')
    const trusting = machineHost({ files: 'any', names: new Set([uri]) })
    const disk = await openDisk(trusting, join(folder, 'x.add-cow'), { writable: true })
    const random = new Random(5)
    for (let n = 0; n < 60; n += 1) {
      const offset = random.below(SIZE - 100_000)
      const bytes = random.bytes(1 + random.below(99_999))
      await disk.write(bytes, offset)
      expected.set(bytes, offset)
    }
    const all = new Uint8Array(SIZE)
    await disk.read(all, 0)
    expect(Buffer.from(all).equals(expected)).toBe(true)
    await disk.close()
  })

  test('has the map that qemu-img finds', async () => {
    const folder = temporaryFolder()
    makeBase(folder)
    for (const start of [servers['nbdkit'], servers['qemu-nbd']]) {
      if (start === undefined) throw new Error('no server')
      const { uri } = await start(folder)
      const mapOf = (text: string): unknown =>
        z
          .array(
            z.object({ start: z.int(), length: z.int(), zero: z.boolean(), data: z.boolean() }),
          )
          .parse(JSON.parse(text))
      const theirs = mapOf(
        await output(folder, 'qemu-img', 'map', '--output=json', '-f', 'raw', uri),
      )
      expect(mapOf(await succeed(folder, 'map', '--output=json', uri))).toEqual(theirs)
    }
  })

  test.each(['convert', 'flatten'])('%s reads no hole', async (command) => {
    const folder = temporaryFolder()
    makeBase(folder)
    const log = ['--filter=log', 'file', 'base.raw', 'logfile=requests.log']
    const { uri } = await nbdkit(folder, ...log)
    const options = `backing_file=${uri},backing_fmt=raw,image_file=x.raw`
    await succeed(folder, 'create', '-f', 'acow', '-o', options, 'x.add-cow')
    rmSync(join(folder, 'requests.log'), { force: true })
    writeFileSync(join(folder, 'requests.log'), '')
    const server = await restart(folder, log)
    await succeed(folder, command, 'x.add-cow', ...(command === 'convert' ? ['copy.raw'] : []))
    await server.kill()
    const requests = bytesOf(folder, 'requests.log').toString()
    const counts = [...requests.matchAll(/ Read id=\d+ offset=\S+ count=(0x[0-9a-f]+)/g)]
    const read = counts.reduce((sum, [, count = '0']) => sum + Number(count), 0)
    // flatten brings in whole clusters of 64 KiB
    expect(read).toBeGreaterThanOrEqual(DATA_BYTES)
    expect(read).toBeLessThanOrEqual(DATA_BYTES + 256 * KIB)
    const blocks = statSync(join(folder, command === 'convert' ? 'copy.raw' : 'x.raw')).blocks
    expect(blocks * 512).toBeLessThanOrEqual(DATA_BYTES + 256 * KIB)
  })

  async function restart(folder: string, args: readonly string[]): Promise<NbdServer> {
    rmSync(join(folder, 'nbdkit.sock'))
    return await nbdkit(folder, ...args)
  }

  test('waits for a server that is killed and started again', async () => {
    const folder = temporaryFolder()
    const base = makeBase(folder)
    const slow = ['--filter=delay', 'file', 'base.raw', 'rdelay=20ms']
    const server = await nbdkit(folder, ...slow)
    const disk = await openDisk(host, server.uri, { writable: false })
    const read = Buffer.alloc(SIZE)
    const reading = Promise.resolve(disk.read(read, 0))
    await server.kill()
    await restart(folder, slow)
    await reading
    expect(read.equals(base)).toBe(true)
    await disk.close()
  })

  test('says that a server is gone for good', async () => {
    const folder = temporaryFolder()
    makeBase(folder)
    const server = await nbdkit(folder, 'file', 'base.raw')
    const disk = await openDisk(host, server.uri, { writable: false })
    await server.kill()
    rmSync(server.socket)
    const error = await failure(Promise.resolve(disk.read(new Uint8Array(512), 0)))
    expectError(error, 'nbd/unreachable', /attempts to connect again failed.*no such socket/)
    await disk.close()
  })

  test('tells what a server fails with, and goes on when it recovers', async () => {
    const folder = temporaryFolder()
    const base = makeBase(folder)
    const trigger = join(folder, 'fail')
    const { uri } = await nbdkit(
      folder,
      '--filter=error',
      'file',
      'base.raw',
      'error-pread=EIO',
      'error-pread-rate=100%',
      `error-file=${trigger}`,
    )
    const disk = await openDisk(host, uri, { writable: false })
    writeFileSync(trigger, '')
    const read = Buffer.alloc(MIB)
    const error = await failure(Promise.resolve(disk.read(read, 5 * MIB)))
    expectError(error, 'io/failed', /at byte 5242880: the server reports an input\/output error/)
    rmSync(trigger)
    await disk.read(read, 5 * MIB)
    expect(read.equals(base.subarray(5 * MIB, 6 * MIB))).toBe(true)
    await disk.close()
  })

  test('is not made where the export is not there, and leaves nothing', async () => {
    const folder = temporaryFolder()
    makeBase(folder)
    const { socket } = await qemuNbd(folder, '-f', 'raw', '-x', 'disk', 'base.raw')
    const other = `nbd+unix:///other?socket=${socket}`
    const options = `backing_file=${other},backing_fmt=raw,image_file=x.raw`
    const { code, stderr } = await addCowImg(folder, 'create', '-o', options, 'x.add-cow')
    expect(code).toBe(1)
    expect(stderr).toMatch(/no export named 'other'/)
    expect(() => statSync(join(folder, 'x.raw'))).toThrow()
  })
})

describeNeeding(program('nbdkit'), 'a name on the network', () => {
  test('in an image of somebody else is opened when it is allowed, from then on', async () => {
    const folder = temporaryFolder()
    const base = makeBase(folder)
    const { uri } = await nbdkit(folder, 'file', 'base.raw')
    const options = `backing_file=${uri},backing_fmt=raw,image_file=x.raw`
    // not as the person whose program is asked below
    await addCowImgHere(folder, 'create', '-f', 'acow', '-o', options, 'x.add-cow')

    const refused = await addCowImg(folder, 'map', 'x.add-cow')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/x\.add-cow: it names nbd\+unix:.*needs your consent \(--allow /)
    const told = await addCowImg(folder, 'info', 'x.add-cow')
    expect(told.stdout).toContain(`backing file: ${uri}`)

    await succeed(folder, '--allow', uri, 'convert', 'x.add-cow', 'one.raw')
    await succeed(folder, 'convert', 'x.add-cow', 'two.raw')
    expect(bytesOf(folder, 'two.raw').equals(base)).toBe(true)
  })
})
