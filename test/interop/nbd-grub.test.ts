/* GRUB, on its rescue image, boots from an overlay export, and writes to it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { runJob } from '../../engine/job/jobs'
import { findProgram, grubRescueImage } from '../../build/system/packages'
import { output } from '../support/command-line'
import { diskContent } from '../support/disks'
import { NbdProgram } from '../support/nbd-program'
import { describeNeeding, file, linux, program } from '../support/requires'
import { idle } from '../support/served'
import { temporaryFolder } from '../support/temporary-folder'

/** Where a second partition is put behind the image: bytes. */
const PARTITION = { offset: 10 * MIB, length: 4 * MIB }
const DISK_SIZE = 16 * MIB
/** GRUB's file of variables has a fixed length. */
const ENVIRONMENT = '# GRUB Environment Block\n'.padEnd(1024, '#')

/** How long a machine may take that is emulated. */
const WAIT = { timeout: 60_000, interval: 20 }

/** The rescue image with an ext2 partition, in which is `grubenv`. */
async function makeBase(folder: string): Promise<Buffer> {
  const path = join(folder, 'base.raw')
  copyFileSync(grubRescueImage, path)
  truncateSync(path, DISK_SIZE)
  mkdirSync(join(folder, 'content'))
  writeFileSync(join(folder, 'content/grubenv'), ENVIRONMENT)
  const size = `${PARTITION.length / MIB}M`
  await output(folder, 'mke2fs', '-q', '-t', 'ext2', '-d', 'content', 'fs.img', size)
  const disk = readFileSync(path)
  readFileSync(join(folder, 'fs.img')).copy(disk, PARTITION.offset)
  // the second entry of the partition table: its type, its first sector, its sectors
  disk[446 + 16 + 4] = 0x83
  disk.writeUInt32LE(PARTITION.offset / 512, 446 + 16 + 8)
  disk.writeUInt32LE(PARTITION.length / 512, 446 + 16 + 12)
  writeFileSync(path, disk)
  return disk
}

/** A machine whose screen and keyboard are a serial line: the BIOS sees to that. */
class Machine {
  private shown = ''

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.on('data', (data: Buffer) => (this.shown += data.toString('latin1')))
  }

  static start(uri: string): Machine {
    const qemu = findProgram('qemu-system-x86_64') ?? 'qemu-system-x86_64'
    const child = spawn(qemu, [
      ...['-accel', 'tcg', '-m', '64', '-nodefaults', '-display', 'none', '-serial', 'stdio'],
      ...['-machine', 'graphics=off', '-drive', `file=${uri},format=raw,if=ide`],
    ])
    onTestFinished(() => void child.kill('SIGKILL'))
    return new Machine(child)
  }

  /** What stands on the screen, without what only moves the cursor. */
  get screen(): string {
    return stripVTControlCharacters(this.shown)
  }

  async shows(text: string): Promise<void> {
    await expect.poll(() => this.screen, WAIT).toContain(text)
  }

  async press(key: string): Promise<void> {
    const heard = once(this.child.stdout, 'data')
    this.child.stdin.write(key)
    await heard
  }

  /** A line, each key when the one before has shown: the BIOS keeps no more than a few. */
  async type(line: string): Promise<void> {
    for (const key of line) await this.press(key)
    this.child.stdin.write('\r')
  }

  async ended(): Promise<unknown> {
    if (this.child.exitCode === null) await once(this.child, 'close')
    return this.child.exitCode
  }
}

async function atPrompt(uri: string): Promise<Machine> {
  const machine = Machine.start(uri)
  await machine.shows('for a command-line')
  await machine.press('c')
  await machine.shows('grub>')
  return machine
}

const needs = [
  linux,
  program('qemu-system-x86_64'),
  program('mke2fs'),
  file(grubRescueImage, 'grub-rescue-pc is not installed'),
]

describeNeeding(needs, 'GRUB', () => {
  // each layout boots in nbd-machine.test; what takes so long is done with one
  test('boots from an overlay, and finds again what it wrote there', async () => {
    const folder = temporaryFolder()
    const base = await makeBase(folder)
    const path = join(folder, 'x.add-cow')
    const names = { path, imageFile: 'x.raw', backingFile: 'base.raw' }
    await runJob(nodeHost, { kind: 'create', format: 'acow', ...names }, idle)
    const server = await NbdProgram.start(folder, '-t', '--socket', 's', 'x.add-cow')

    const first = await atPrompt(server.uri)
    await first.type('set answer=42')
    await first.type('save_env -f (hd0,msdos2)/grubenv answer')
    await first.type('halt')
    expect(await first.ended()).toBe(0)
    const second = await atPrompt(server.uri)
    await second.type('load_env -f (hd0,msdos2)/grubenv')
    await second.type('echo found=$answer')
    await second.shows('found=42')
    await second.type('halt')
    expect(await second.ended()).toBe(0)

    expect(await server.end()).toBe(0)
    const whole = Buffer.from(await diskContent(nodeHost, path))
    const written = whole.indexOf('# GRUB Environment Block\nanswer=42\n')
    expect(written).toBeGreaterThan(PARTITION.offset)
    expect(whole.subarray(0, PARTITION.offset).equals(base.subarray(0, PARTITION.offset))).toBe(
      true,
    )
    expect(readFileSync(join(folder, 'base.raw')).equals(base)).toBe(true)
  }, 180_000)
})
