/* "Start in QEMU": a real machine, started as the window does, on a real export. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findQemu, qemuArguments, startQemu } from '../../electron/main/exports/qemu'
import { nodeHost } from '../../engine/host/node-host'
import { runJob } from '../../engine/job/jobs'
import { bootDisk, wasBooted, windowlessQemu } from '../support/boot-disk'
import { diskContent } from '../support/disks'
import { NbdProgram } from '../support/nbd-program'
import { describeNeeding, linux, program } from '../support/requires'
import { idle } from '../support/served'
import { temporaryFolder } from '../support/temporary-folder'

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

      const qemu = (await findQemu(windowlessQemu(join(folder, 'bin')))) ?? ''
      const ended = new Promise((resolve) => {
        void startQemu(qemu, qemuArguments(server.uri, throwAway), resolve)
      })
      expect(await ended).toBeUndefined()
      expect(await server.end()).toBe(0)

      expect(wasBooted(await diskContent(nodeHost, path))).toBe(!throwAway)
      expect(readFileSync(join(folder, 'base.raw')).equals(base)).toBe(true)
    },
    120_000,
  )
})
