/* Zeros that are asked for to be fast, on file systems with and without holes. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../../engine/nbd/protocol'
import { findProgram } from '../../build/system/packages'
import { addCowImgPath } from '../support/command-line'
import { startServer } from '../support/nbd-servers'
import { RawNbdClient } from '../support/raw-nbd-client'
import { describeNeeding, linux, root, tmpfs } from '../support/requires'
import { makeServedFiles, serve } from '../support/served'
import { temporaryFolder } from '../support/temporary-folder'

const SIZE = MIB
const fast = { offset: 64 * KIB, length: 512 * KIB, flags: COMMAND_FLAG.fastZero }

describeNeeding(linux, 'fast zeros on a file system with holes', () => {
  test.each(['add-cow', 'acow'] as const)('give the blocks back: %s', async (format) => {
    const { folder, base } = await makeServedFiles(SIZE, format)
    const { socket } = await serve(folder)
    const client = await RawNbdClient.ready(socket)
    await client.write(0, base)
    const before = statSync(join(folder, 'x.raw')).blocks
    expect((await client.do(COMMAND.writeZeroes, fast)).error).toBe(0)
    expect(statSync(join(folder, 'x.raw')).blocks).toBeLessThanOrEqual(before - fast.length / 512)
    base.fill(0, fast.offset, fast.offset + fast.length)
    expect((await client.read(0, SIZE)).data.equals(base)).toBe(true)
  })
})

describeNeeding([linux, root, tmpfs], 'fast zeros on a file system without holes', () => {
  test('are refused, and change nothing; all others are written', async () => {
    const folder = temporaryFolder()
    // ramfs has no fallocate(2). Mounted where the server alone sees it: it goes with its process.
    mkdirSync(join(folder, 'm'))
    const unshare = findProgram('unshare') ?? 'unshare'
    const script =
      'mount -t ramfs ramfs m && truncate -s "$4" m/disk.raw && ' +
      'exec "$1" "$2" nbd -t --socket "$3" m/disk.raw'
    const { socket } = await startServer(unshare, folder, (path) => {
      const values = [process.execPath, addCowImgPath, path, String(SIZE)]
      return ['--mount', 'sh', '-c', script, 'sh', ...values]
    })
    expect(spawnSync('mountpoint', ['-q', join(folder, 'm')]).status).not.toBe(0)

    const client = await RawNbdClient.ready(socket)
    const data = Buffer.alloc(SIZE, 7)
    await client.write(0, data)
    expect((await client.do(COMMAND.writeZeroes, fast)).error).toBe(NBD_ERROR.notSupported)
    expect((await client.read(0, SIZE)).data.equals(data)).toBe(true)
    expect((await client.do(COMMAND.writeZeroes, { ...fast, flags: 0 })).error).toBe(0)
    data.fill(0, fast.offset, fast.offset + fast.length)
    expect((await client.read(0, SIZE)).data.equals(data)).toBe(true)
  })
})
