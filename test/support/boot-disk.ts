import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../build/system/packages'
import { MIB } from '../../engine/base/units'

/**
 * A boot sector for a PC: writes itself to the third sector of its disk by the BIOS, and turns the
 * machine off by the power management of QEMU's board.
 *
 *     start: xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00
 *            mov ax, 0x0301; mov bx, 0x7c00; mov cx, 3; mov dh, 0; int 0x13
 *            mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt
 */
const BOOT_SECTOR = '31c08ed88ec08ed0bc007cb80103bb007cb90300b600cd13ba0406b80020eff4'

/** A disk that a PC boots from. */
export function bootDisk(): Buffer {
  const disk = Buffer.alloc(MIB)
  disk.write(BOOT_SECTOR, 'hex')
  disk.writeUInt16LE(0xaa55, 510)
  return disk
}

/** What a machine that had the disk left where it writes to: its boot sector, or nothing. */
export function wasBooted(disk: Buffer): boolean {
  const written = disk.subarray(1024, 1536)
  if (written.equals(bootDisk().subarray(0, 512))) return true
  if (written.every((byte) => byte === 0)) return false
  throw new Error('The third sector holds something else')
}

/** The real emulator under its name, without a window: where the tests run there may be none. */
export function windowlessQemu(folder: string): string {
  mkdirSync(folder)
  const path = join(folder, 'qemu-system-x86_64')
  const real = findProgram('qemu-system-x86_64') ?? ''
  writeFileSync(path, `#!/bin/sh\nexec '${real}' -display none "$@"\n`)
  chmodSync(path, 0o755)
  return folder
}
