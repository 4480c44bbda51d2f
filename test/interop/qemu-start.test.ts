/* "Start in QEMU": a real machine, started as the window does, on a real export. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findQemu, qemuArguments, startQemu } from '../../electron/main/exports/qemu'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { runJob } from '../../engine/job/jobs'
import { findProgram } from '../../build/system/packages'
import { diskContent } from '../support/disks'
import { NbdProgram } from '../support/nbd-program'
import { describeNeeding, linux, program } from '../support/requires'
import { idle } from '../support/served'
import { temporaryFolder } from '../support/temporary-folder'

/**
 * A boot sector for a PC: writes itself to the third sector of its disk by the BIOS, and turns the
 * machine off by the power management of QEMU's board.
 *
 *     start: xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00
 *            mov ax, 0x0301; mov bx, 0x7c00; mov cx, 3; mov dh, 0; int 0x13
 *            mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt
 */
const BOOT_SECTOR = '31c08ed88ec08ed0bc007cb80103bb007cb90300b600cd13ba0406b80020eff4'

function bootDisk(): Buffer {
  const disk = Buffer.alloc(MIB)
  disk.write(BOOT_SECTOR, 'hex')
  disk.writeUInt16LE(0xaa55, 510)
  return disk
}

/** The real emulator under its name, without a window: where the tests run there may be none. */
function windowless(folder: string): string {
  mkdirSync(folder)
  const path = join(folder, 'qemu-system-x86_64')
  const real = findProgram('qemu-system-x86_64') ?? ''
  writeFileSync(path, `#!/bin/sh\nexec '${real}' -display none "$@"\n`)
  chmodSync(path, 0o755)
  return folder
}

describeNeeding([linux, program('qemu-system-x86_64')], 'a machine from the window', () => {
  test.each([
    ['keeps what it writes', false],
    ['forgets what it writes', true],
  ])(
    'boots from an export, and %s',
    async (_, throwAway) => {
      const folder = temporaryFolder()
      const base = bootDisk()
      writeFileSync(join(folder, 'base.raw'), base)
      const path = join(folder, 'x.add-cow')
      const names = { path, imageFile: 'x.raw', backingFile: 'base.raw' }
      await runJob(nodeHost, { kind: 'create', format: 'add-cow', ...names }, idle)
      const server = await NbdProgram.start(folder, '-t', '--socket', 'a,socket', 'x.add-cow')

      const qemu = (await findQemu(windowless(join(folder, 'bin')))) ?? ''
      const ended = new Promise((resolve) => {
        void startQemu(qemu, qemuArguments(server.uri, throwAway), resolve)
      })
      expect(await ended).toBeUndefined()
      expect(await server.end()).toBe(0)

      const disk = await diskContent(nodeHost, path)
      const third = disk.subarray(1024, 1536)
      expect(third.equals(throwAway ? Buffer.alloc(512) : base.subarray(0, 512))).toBe(true)
      expect(readFileSync(join(folder, 'base.raw')).equals(base)).toBe(true)
    },
    120_000,
  )
})
