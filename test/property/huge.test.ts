import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { GIB } from '../../engine/base/units'

const run = promisify(execFile)

const LIMIT_MIB = 32
/** What the files of 100 000 scattered writes take, with room to spare. */
const SPACE_NEEDED = 3 * GIB

/** A folder in memory where there is room: what is measured is the process, not the disk. */
function roomyFolder(): string {
  const folder = mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), 'add-cow-huge-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > SPACE_NEEDED
  } catch {
    return false
  }
}

/**
 * What the command line is started with: V8 lets its youngest objects take what it likes up to a
 * size of its own; there, to a small one.
 */
function commandLineFlags(): string[] {
  const [first = ''] = readFileSync(join(projectRoot, 'engine/cli/index.ts'), 'utf8').split('\n')
  const [, flags = ''] = /^#!\/usr\/bin\/env -S node (--.*)$/.exec(first) ?? []
  expect(flags, 'flags in the first line of the command line').not.toBe('')
  return flags.split(' ')
}

it('takes little memory for 16 TiB, however many bitmap pages are changed', async () => {
  const script = join(import.meta.dirname, 'huge-overlay.ts')
  const args = [...commandLineFlags(), '--import', 'tsx', script, roomyFolder()]
  const { stdout } = await run(process.execPath, args)
  process.stdout.write(stdout)
  const [, peak = ''] = /peak growth: (\S+) MiB/.exec(stdout) ?? []
  expect(peak).not.toBe('')
  expect(Number(peak)).toBeLessThan(LIMIT_MIB)
})
