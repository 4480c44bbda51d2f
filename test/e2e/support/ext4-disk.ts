import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, cp, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../../build/lib/project'
import { nodeHost, openDisk } from '../../../engine/index'

const run = promisify(execFile)
const SECTOR = 512
const STEP = 1024 * 1024

/** Two versions of one ext4 file system: what a base holds, and what its disk is changed to. */
export interface TwoVersions {
  readonly before: string
  readonly after: string
  /** Of both images, in bytes. */
  readonly size: number
}

/**
 * Makes an ext4 image from files of this machine, and a copy of it in which files were written,
 * replaced and removed by e2fsprogs itself, so that both are sound file systems.
 */
export async function makeTwoVersions(directory: string, size: number): Promise<TwoVersions> {
  const tree = join(directory, 'tree')
  await mkdir(tree)
  for (const name of ['typescript', 'vite', 'vue', 'zod', 'eslint', 'reka-ui']) {
    await cp(join(projectRoot, 'node_modules', name), join(tree, name), { recursive: true })
  }
  const before = join(directory, 'debian.img')
  const blocks = String(size / 4096)
  await run('mke2fs', ['-q', '-t', 'ext4', '-b', '4096', '-L', 'base', '-d', tree, before, blocks])

  const after = join(directory, 'after.img')
  await copyFile(before, after)
  const text = join(directory, 'new.txt')
  await writeFile(text, 'Written after the overlay was made.\n'.repeat(40_000))
  const commands = join(directory, 'changes.debugfs')
  await writeFile(
    commands,
    [
      'mkdir /changed',
      `write ${text} /changed/first.txt`,
      `write ${text} /changed/second.txt`,
      'rm /typescript/lib/typescript.js',
      'rm /typescript/README.md',
      `write ${text} /typescript/README.md`,
      `write ${join(projectRoot, 'package-lock.json')} /changed/package-lock.json`,
    ].join('\n'),
  )
  await run('debugfs', ['-w', '-f', commands, after])
  await isSound(after)
  return { before, after, size }
}

/** Fails where e2fsck finds anything wrong with a file system; changes nothing. */
export async function isSound(image: string): Promise<void> {
  await run('e2fsck', ['-f', '-n', image])
}

/**
 * Writes every sector of `after` that differs from `before` to the overlay; how many there were.
 */
export async function playChanges(versions: TwoVersions, overlay: string): Promise<number> {
  const disk = await openDisk(nodeHost, overlay, { writable: true })
  const [before, after] = await Promise.all([open(versions.before), open(versions.after)])
  const was = Buffer.alloc(STEP)
  const is = Buffer.alloc(STEP)
  let sectors = 0
  try {
    for (let at = 0; at < versions.size; at += STEP) {
      await before.read(was, 0, STEP, at)
      await after.read(is, 0, STEP, at)
      for (let inner = 0; inner < STEP; inner += SECTOR) {
        const sector = is.subarray(inner, inner + SECTOR)
        if (sector.equals(was.subarray(inner, inner + SECTOR))) continue
        await disk.write(sector, at + inner)
        sectors += 1
      }
    }
    await disk.flush()
  } finally {
    await Promise.all([before.close(), after.close(), disk.close()])
  }
  return sectors
}

/** The sha256 of a file, followed by zeros up to a length in bytes. */
export async function sha256(path: string, paddedTo = 0): Promise<string> {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of createReadStream(path, { highWaterMark: STEP })) {
    if (!Buffer.isBuffer(chunk)) continue
    hash.update(chunk)
    length += chunk.length
  }
  for (; length < paddedTo; length += SECTOR) hash.update(Buffer.alloc(SECTOR))
  return hash.digest('hex')
}
