import * as path from 'node:path'
import { EngineError, isEngineError } from '../base/errors'
import type { Host, HostFile } from '../host/host'
import { lockAlone } from '../image/locks'

/*
 * What a job makes grows under another name, NAME.part, and gets its own when it is complete.
 *
 * A run that is killed leaves that file, and the next run to the same name takes it away: where it
 * is known to be ours, and nobody is at work on it. Ours are those that carry our mark with that
 * very name; a run is at work on it while the file is locked, and the lock goes with the process.
 * So a run locks its file first, marks it then, and keeps it open until it has its name; where the
 * host can, both are done before others find it as NAME.part. What is locked, has no mark, or lies
 * where the host has neither marks nor locks, is left alone.
 *
 * A run that makes several files gives them their names one after the other, and only with the last
 * one they are of use to anybody. Killed between, it leaves some under their final names. Those are
 * ours as long as the last one is still a part, and theirs is the mark of the same run: the step in
 * which the last one gets its name is the one from which on nothing is taken away any more.
 */

/** The name under which a new file grows, until it is complete. */
export function partOf(target: string): string {
  return `${target}.part`
}

/**
 * Looks whether new files can be made, with their parts; changes nothing. Takes them in the order
 * in which they get their names. Returns the bytes of the host that a dead run has left there, and
 * that the next one gets back. Errors: `file/exists` where a file lies in the way, `in-use` where
 * another run is at work on a part.
 */
export async function refuseExisting(host: Host, targets: readonly string[]): Promise<number> {
  const left = await openLeft(host, targets)
  try {
    const stats = await Promise.all(left.map((file) => file.stat()))
    return stats.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0)
  } finally {
    await closeAll(left)
  }
}

/**
 * Takes away what a dead run has left at the places of new files, so that their names are free;
 * does nothing where nothing is. Takes them in the order in which they get their names. Errors:
 * those of refuseExisting.
 */
export async function removeLeft(host: Host, targets: readonly string[]): Promise<void> {
  for (let isDone = false; !isDone;) {
    const left = await openLeft(host, targets)
    try {
      // We have their locks: nobody else takes them away between this look and the next lines.
      isDone = await areInPlace(host, left)
      if (!isDone) continue
      // The last one's part goes last: until then it says whose the others are.
      for (const file of [...left].reverse()) await host.remove(file.path)
    } finally {
      await closeAll(left)
    }
  }
}

async function areInPlace(host: Host, files: readonly HostFile[]): Promise<boolean> {
  const found = await Promise.all(files.map((file) => host.stat(file.path)))
  return files.every((file, index) => found[index]?.identity === file.identity)
}

/**
 * Says that a part, made this moment and open for writing, is of a run and at work on, until it is
 * closed: then it must have its name, or be gone. `run` is like no other run's. Where the host has
 * neither marks nor locks, nothing is said, and what a killed run leaves has to be taken away by a
 * person.
 */
export function claimPart(part: HostFile, run: string): void {
  if (canLock(part)) part.mark?.set(`${path.basename(part.path)}/${run}`)
}

/** The run that marked a file as it grew under this name; undefined where none did. */
function runOf(file: HostFile, part: string): string | undefined {
  const [name, run] = file.mark?.get()?.split('/') ?? []
  return name === path.basename(part) ? run : undefined
}

/** Locks a file; false where its file system cannot, `in-use` where another has it. */
function canLock(part: HostFile): boolean {
  try {
    return lockAlone(part)
  } catch (error) {
    if (isEngineError(error, 'in-use')) throw error
    return false
  }
}

/** The files that a dead run has left, locked; the last one's part first. */
async function openLeft(host: Host, targets: readonly string[]): Promise<readonly HostFile[]> {
  const left: HostFile[] = []
  let lastRun: string | undefined
  try {
    for (const [index, target] of [...targets].reverse().entries()) {
      const final = await openDeadFinal(host, target, lastRun)
      const part = await openDeadPart(host, target)
      left.push(...[part, final].filter((file) => file !== undefined))
      if (index === 0 && part !== undefined) lastRun = runOf(part, part.path)
    }
    return left
  } catch (error) {
    await closeAll(left)
    throw error
  }
}

/** What a dead run has given its name already; undefined where nothing is at that name. */
async function openDeadFinal(
  host: Host,
  target: string,
  run: string | undefined,
): Promise<HostFile | undefined> {
  const found = await host.stat(target)
  if (found === undefined) return undefined
  if (run === undefined || found.kind !== 'file') {
    throw inTheWay('file/exists', target, target, 'exists already')
  }
  const file = await openExisting(host, target)
  if (file === undefined) return undefined
  try {
    // the mark first: what is not ours is not even locked for a moment
    if (runOf(file, partOf(target)) === run && lockPart(file, target)) return file
    throw inTheWay('file/exists', target, target, 'exists already')
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The part that a dead run has left; undefined where there is none. */
async function openDeadPart(host: Host, target: string): Promise<HostFile | undefined> {
  const name = partOf(target)
  const part = await openExisting(host, name)
  if (part === undefined) return undefined
  try {
    const isLockable = lockPart(part, target)
    if (isLockable && runOf(part, name) !== undefined) return part
    const why =
      'exists already, and is not known to be what a killed run has left: ' +
      'if nobody needs it, remove that file'
    throw inTheWay('file/exists', target, name, why)
  } catch (error) {
    await part.close()
    throw error
  }
}

async function openExisting(host: Host, name: string): Promise<HostFile | undefined> {
  try {
    return await host.open(name, { access: 'read' })
  } catch (error) {
    if (isEngineError(error, 'file/missing')) return undefined
    throw error
  }
}

function lockPart(part: HostFile, target: string): boolean {
  try {
    return canLock(part)
  } catch (error) {
    if (!isEngineError(error, 'in-use')) throw error
    throw inTheWay('in-use', target, part.path, 'is being written by another run')
  }
}

async function closeAll(files: readonly HostFile[]): Promise<void> {
  for (const file of files) await file.close()
}

function inTheWay(
  code: 'file/exists' | 'in-use',
  target: string,
  name: string,
  why: string,
): EngineError {
  const message = `Cannot write ${target}: ${name === target ? 'it' : name} ${why}`
  return new EngineError(code, message, { path: name }, { state: 'unchanged' })
}
