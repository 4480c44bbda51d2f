/*
 * The command line among other programs: slow and vanished readers, a full device, Ctrl-C on a
 * real terminal.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { HEADER_SIZE, encodeHeader, fileLength } from '../../engine/format/add-cow/header'
import { MIB, SECTOR_SIZE } from '../../engine/base/units'
import { addCowImg, addCowImgPath, run } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

/** An overlay of which every other sector is allocated. */
function makeFragmented(folder: string, size: number): void {
  const metadata = new Uint8Array(fileLength(size)).fill(0x55, HEADER_SIZE)
  metadata.set(encodeHeader({ backingName: 'base.raw', imageName: 'x.raw', size }))
  writeFileSync(join(folder, 'x.add-cow'), metadata)
  for (const name of ['x.raw', 'base.raw']) {
    writeFileSync(join(folder, name), '')
    truncateSync(join(folder, name), size)
  }
}

/** A command line of the built program for a shell. */
function shellLine(...args: readonly string[]): string {
  return [process.execPath, addCowImgPath, ...args].map((word) => `'${word}'`).join(' ')
}

/** Runs a job on a terminal of its own and presses Ctrl-C as soon as it draws its progress. */
async function pressCtrlC(folder: string, ...args: readonly string[]): Promise<string> {
  const child = spawn('script', ['-qec', shellLine(...args), '/dev/null'], { cwd: folder })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    if (!said.includes('/100%)') && data.includes('/100%)')) child.stdin.write('\x03')
    said += data.toString()
  })
  const ended = await once(child, 'close')
  expect(ended, said).toEqual([130, null])
  return said
}

describeNeeding([linux, program('bash')], 'standard output', () => {
  test('a map of many runs is written as it is found', async () => {
    const folder = temporaryFolder()
    makeFragmented(folder, 128 * MIB)
    const node = `${process.execPath} --max-old-space-size=24`
    const line = `${node} ${addCowImgPath} map --output=json x.add-cow`
    const { code, stdout, stderr } = await run(
      folder,
      'bash',
      '-c',
      `${line} | wc -lc; exit $PIPESTATUS`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [lines = 0, bytes = 0] = stdout.trim().split(/\s+/).map(Number)
    expect(lines).toBe((128 * MIB) / SECTOR_SIZE)
    expect(bytes).toBeGreaterThan(24 * MIB)
  })

  test('a reader that goes away ends it without a word', async () => {
    const folder = temporaryFolder()
    makeFragmented(folder, 8 * MIB)
    const line = `${shellLine('map', '--output=json', 'x.add-cow')} | head -c 9; exit $PIPESTATUS`
    const { code, stdout, stderr } = await run(folder, 'bash', '-c', line)
    expect({ code, stdout, stderr }).toEqual({ code: 141, stdout: '[{ "start', stderr: '' })
  })

  test('a full device is an error', async () => {
    const folder = temporaryFolder()
    makeFragmented(folder, MIB)
    for (const args of [['info'], ['map'], ['check', '--output=json']]) {
      const line = `${shellLine(...args, 'x.add-cow')} > /dev/full`
      const { code, stderr } = await run(folder, 'bash', '-c', line)
      expect(code).toBe(1)
      expect(stderr).toBe(
        'add-cow-img: Cannot write to the output: no space is left on the device\n',
      )
    }
  })
})

describeNeeding([linux, program('script')], 'Ctrl-C', () => {
  const size = 64 * MIB

  /** Fragmented, with data in both files: many small copies, so there is time to press keys. */
  function makeLongJob(): string {
    const folder = temporaryFolder()
    makeFragmented(folder, size)
    writeFileSync(join(folder, 'x.raw'), new Random(1).bytes(size))
    writeFileSync(join(folder, 'base.raw'), new Random(2).bytes(size))
    return folder
  }

  test('stops a convert and leaves nothing of it', async () => {
    const folder = makeLongJob()
    const said = await pressCtrlC(folder, 'convert', '-p', 'x.add-cow', 'out.raw')
    expect(said).toMatch(/add-cow-img: The export of .*x\.add-cow was cancelled\r\n$/)
    expect(readdirSync(folder).sort()).toEqual(['base.raw', 'x.add-cow', 'x.raw'])
  })

  test('stops a flatten, which goes on from there', async () => {
    const folder = makeLongJob()
    expect((await addCowImg(folder, 'convert', 'x.add-cow', 'expected.raw')).code).toBe(0)
    const said = await pressCtrlC(folder, 'flatten', '-p', 'x.add-cow')
    expect(said).toMatch(/add-cow-img: The flatten of .*x\.add-cow was cancelled\r\n$/)
    expect((await addCowImg(folder, 'check', 'x.add-cow')).code).toBe(0)
    expect((await addCowImg(folder, 'flatten', 'x.add-cow')).code).toBe(0)
    const [found, expected] = ['x.raw', 'expected.raw'].map((name) =>
      readFileSync(join(folder, name)),
    )
    expect(expected && found?.equals(expected)).toBe(true)
  })
})
