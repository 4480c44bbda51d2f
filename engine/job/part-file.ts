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
 */

/** The name under which a new file grows, until it is complete. */
export function partOf(target: string): string {
  return `${target}.part`
}

/**
 * Looks whether a new file can be made, with its part; changes nothing. Returns the bytes of the
 * host that a dead run has left there, and that the next one gets back. Errors: `file/exists` where
 * a file lies in the way, `in-use` where another run is at work on the part.
 */
export async function refuseExisting(host: Host, target: string): Promise<number> {
  if ((await host.stat(target)) !== undefined) {
    throw inTheWay('file/exists', target, target, 'exists already')
  }
  const part = await openDeadPart(host, target)
  if (part === undefined) return 0
  try {
    return (await part.stat()).allocatedBytes
  } finally {
    await part.close()
  }
}

/**
 * Takes away what a dead run has left at the part of a new file, so that the name is free; does
 * nothing where nothing is. Errors: those of refuseExisting.
 */
export async function removeDeadPart(host: Host, target: string): Promise<void> {
  for (;;) {
    const part = await openDeadPart(host, target)
    if (part === undefined) return
    try {
      // We have its lock: nobody else takes it away between this look and the next line.
      const found = await host.stat(part.path)
      if (found?.identity === part.identity) {
        await host.remove(part.path)
        return
      }
    } finally {
      await part.close()
    }
  }
}

/**
 * Says that a part, made this moment and open for writing, is ours and at work on, until it is
 * closed: then it must have its name, or be gone. Where the host has neither marks nor locks,
 * nothing is said, and what a killed run leaves has to be taken away by a person.
 */
export function claimPart(part: HostFile): void {
  if (canLock(part)) part.mark?.set(path.basename(part.path))
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

/** The file that a dead run has left, locked; undefined where there is none. */
async function openDeadPart(host: Host, target: string): Promise<HostFile | undefined> {
  const name = partOf(target)
  const part = await openExisting(host, name)
  if (part === undefined) return undefined
  try {
    const isLockable = lockPart(part, target)
    if (isLockable && part.mark?.get() === path.basename(name)) return part
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

function inTheWay(
  code: 'file/exists' | 'in-use',
  target: string,
  name: string,
  why: string,
): EngineError {
  const message = `Cannot write ${target}: ${name === target ? 'it' : name} ${why}`
  return new EngineError(code, message, { path: name }, { state: 'unchanged' })
}
