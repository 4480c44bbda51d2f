import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { runJob } from '../../engine/job/jobs'
import { output, run } from '../support/command-line'
import { NbdProgram } from '../support/nbd-program'
import { describeNeeding, linux, program } from '../support/requires'
import { idle } from '../support/served'
import { temporaryFolder } from '../support/temporary-folder'

/**
 * A boot sector for a PC: reads the second sector of its disk by the BIOS, says the text in it on
 * the first serial port, writes it to the third sector, and ends the machine (port 0xf4) with 0x10,
 * or with 0x20 where the disk failed.
 *
 *     start: xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00; push dx
 *            mov ax, 0x0201; mov bx, 0x8000; mov cx, 2; mov dh, 0; int 0x13; jc failed
 *            mov si, 0x8000
 *     say:   lodsb; test al, al; jz said; mov dx, 0x3f8; out dx, al; jmp say
 *     said:  pop dx; mov ax, 0x0301; mov bx, 0x8000; mov cx, 3; mov dh, 0; int 0x13; jc failed
 *            mov al, 0x10; out 0xf4, al
 *     failed: mov al, 0x20; out 0xf4, al; hlt
 */
const BOOT_SECTOR =
  '31c08ed88ec08ed0bc007c52b80102bb0080b90200b600cd137222be0080ac84c07406baf803eeebf5' +
  '5ab80103bb0080b90300b600cd137204b010e6f4b020e6f4f4'

/** What QEMU ends with where the machine says 0x10. */
const DONE = 0x10 * 2 + 1

function bootDisk(text: string): Buffer {
  const disk = Buffer.alloc(MIB)
  disk.write(BOOT_SECTOR, 'hex')
  disk.writeUInt16LE(0xaa55, 510)
  disk.write(`${text}\r\n\0`, 512)
  return disk
}

async function boot(folder: string, uri: string): Promise<{ code: number; stdout: string }> {
  return await run(
    folder,
    'qemu-system-x86_64',
    ...['-accel', 'tcg', '-m', '16', '-nodefaults', '-display', 'none', '-serial', 'stdio'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-no-reboot'],
    ...['-drive', `file=${uri},format=raw,if=ide`],
  )
}

const needs = [linux, program('qemu-system-x86_64'), program('qemu-io')]

describeNeeding(needs, 'a machine', () => {
  test.each(['add-cow', 'acow'] as const)(
    'boots from an overlay, and writes to it: %s',
    async (format) => {
      const folder = temporaryFolder()
      const base = bootDisk('from the base')
      writeFileSync(join(folder, 'base.raw'), base)
      const path = join(folder, 'x.add-cow')
      const overlay = { path, imageFile: 'x.raw', backingFile: 'base.raw' }
      await runJob(nodeHost, { kind: 'create', format, ...overlay }, idle)
      const { uri } = await NbdProgram.start(folder, '-t', '--socket', 's', 'x.add-cow')
      expect(await boot(folder, uri)).toMatchObject({ code: DONE, stdout: 'from the base\r\n' })

      const text = Buffer.from('from the overlay\r\n\0')
      writeFileSync(join(folder, 'text'), Buffer.concat([text, Buffer.alloc(512 - text.length)]))
      await output(folder, 'qemu-io', '-f', 'raw', '-c', 'write -s text 512 512', uri)
      expect(await boot(folder, uri)).toMatchObject({ code: DONE, stdout: 'from the overlay\r\n' })

      const disk = await openDisk(nodeHost, path, { writable: false })
      const third = Buffer.alloc(512)
      await disk.read(third, 1024)
      await disk.close()
      expect(third.toString().startsWith('from the overlay')).toBe(true)
      expect(readFileSync(join(folder, 'base.raw')).equals(base)).toBe(true)
    },
  )
})
