import { EngineError } from '../base/errors'
import type { Layer } from '../format/layer'
import type { HostFile } from '../host/host'

/**
 * QEMU's image locks on Linux (block/file-posix.c), so that QEMU and we refuse each other. Two
 * shared byte locks stand for each permission: byte 100 + n, "I use permission n"; byte 200 + n,
 * "nobody else may use permission n". Before taking a permission one looks whether another holds
 * its "nobody else" byte, and the reverse. The locks belong to the open file: the kernel drops them
 * with the process.
 */
const USED = 100
const REFUSED = 200

const CONSISTENT_READ = 0
const WRITE = 1
const RESIZE = 3

interface Permissions {
  readonly used: readonly number[]
  readonly refused: readonly number[]
}

const WRITING: Permissions = { used: [CONSISTENT_READ, WRITE, RESIZE], refused: [WRITE, RESIZE] }
const READING_BELOW: Permissions = { used: [CONSISTENT_READ], refused: [WRITE, RESIZE] }

/**
 * Locks a chain of which the first `writable` layers are to be written: their files against
 * everybody who writes or relies on them, those below against everybody who writes. `in-use` where
 * another open file is in the way; then what was taken is given back when the files are closed.
 * Does nothing where the host has no such locks.
 */
export function lockForWriting(layers: readonly Layer[], writable = 1): void {
  for (const [depth, layer] of layers.entries()) {
    for (const { file } of layer.files) lock(file, depth < writable ? WRITING : READING_BELOW)
  }
}

/**
 * A top that was open for writing is only read from now on, as it lies below another one: its files
 * stay locked against those who write, and others may read them.
 */
export function lowerToReading(layer: Layer): void {
  const given = WRITING.used.filter((n) => !READING_BELOW.used.includes(n))
  for (const { file } of layer.files) {
    for (const n of given) file.locks?.release(USED + n)
  }
}

/**
 * Locks one file against everybody else, as one that is written; `in-use` where another has it.
 * False where the host has no such locks.
 */
export function lockAlone(file: HostFile): boolean {
  lock(file, WRITING)
  return file.locks !== undefined
}

function lock(file: HostFile, permissions: Permissions): void {
  const { locks } = file
  if (locks === undefined) return
  for (const n of permissions.used) locks.share(USED + n)
  for (const n of permissions.refused) locks.share(REFUSED + n)
  const inTheWay =
    permissions.used.some((n) => locks.heldByOther(REFUSED + n)) ||
    permissions.refused.some((n) => locks.heldByOther(USED + n))
  if (!inTheWay) return
  const message = `Cannot use ${file.path}: another program has it open`
  throw new EngineError('in-use', message, { path: file.path }, { state: 'unchanged' })
}
