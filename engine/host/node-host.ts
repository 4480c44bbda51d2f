import * as fs from 'node:fs/promises'
import { closeSync, constants, open as openCallback } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from '../base/errors'
import type { FileStat, Host, HostFile, OpenOptions } from './host'
import { ioError } from './io-error'
import { type LinuxCalls, linuxCalls } from './linux-calls'
import { fileStat, NodeFile } from './node-file'

const openDescriptor: (path: string, flags: number, mode: number) => Promise<number> =
  promisify(openCallback)

/** The machine that the program runs on. */
export const nodeHost: Host = {
  async open(path: string, options: OpenOptions): Promise<HostFile> {
    const action = options.create === true ? 'make' : 'open'
    try {
      const prepared = await makePrepared(path, options)
      return prepared ?? (await openFile(path, options))
    } catch (error) {
      throw ioError(action, path, error)
    }
  },

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      return fileStat(await fs.stat(path, { bigint: true }))
    } catch (error) {
      const failure = ioError('look at', path, error)
      if (failure.code === 'file/missing') return undefined
      throw failure
    }
  },

  async realPath(path: string): Promise<string> {
    try {
      return await fs.realpath(path)
    } catch (error) {
      throw ioError('look at', path, error)
    }
  },

  async publish(path: string, finalPath: string): Promise<void> {
    if (renameNew(path, finalPath)) return
    try {
      await fs.link(path, finalPath)
    } catch (error) {
      const failure = ioError('make', finalPath, error)
      if (failure.code !== 'io/denied' && failure.code !== 'io/failed') throw failure
      // A file system without hard links (FAT, exFAT, some network ones): look, then rename.
      if ((await nodeHost.stat(finalPath)) !== undefined) {
        throw ioError('make', finalPath, Object.assign(new Error(), { code: 'EEXIST' }))
      }
      await nodeHost.replace(path, finalPath)
      return
    }
    try {
      await nodeHost.remove(path)
    } catch (error) {
      // Done or not done, nothing between: whoever asked takes the file for not published.
      await fs.unlink(finalPath).catch(() => undefined)
      throw error
    }
  },

  async replace(path: string, finalPath: string): Promise<void> {
    try {
      await keepOwner(path, finalPath)
      await fs.rename(path, finalPath)
    } catch (error) {
      throw ioError(`rename ${path} to`, finalPath, error)
    }
  },

  async link(path: string, secondPath: string): Promise<void> {
    try {
      await fs.link(path, secondPath)
    } catch (error) {
      const failure = ioError(`give ${path} the second name`, secondPath, error)
      if (!NO_LINKS.has(String(failure.details['errno']))) throw failure
      throw new EngineError('not-supported', failure.message, failure.details, { cause: error })
    }
  },

  async rename(path: string, newPath: string): Promise<void> {
    try {
      await fs.rename(path, newPath)
    } catch (error) {
      throw ioError(`rename ${path} to`, newPath, error)
    }
  },

  async remove(path: string): Promise<void> {
    try {
      await fs.unlink(path)
    } catch (error) {
      throw ioError('remove', path, error)
    }
  },

  async syncDirectory(directory: string): Promise<void> {
    // Windows makes names durable by itself and cannot open a directory.
    if (process.platform === 'win32') return
    try {
      const handle = await fs.open(directory, 'r')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw ioError('make the names durable in', directory, error)
    }
  },

  async freeSpace(directory: string): Promise<number | undefined> {
    try {
      const { bavail, bsize } = await fs.statfs(directory)
      return bavail * bsize
    } catch {
      return undefined
    }
  },
}

/** Whether a file got another name in one step; `file/exists` where that is taken. */
function renameNew(path: string, newPath: string): boolean {
  const calls = linuxCalls()
  if (calls === undefined) return false
  try {
    calls.renameNew(path, newPath)
    return true
  } catch (error) {
    const failure = ioError('make', newPath, error)
    if (failure.code === 'file/exists') throw failure
    // a file system that has no such call, or whatever else the common way will tell
    return false
  }
}

/** What link(2) says between two file systems, and on one without hard links. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Gives a file the permissions of the one whose place it takes, and its owner where it may. */
async function keepOwner(path: string, replaced: string): Promise<void> {
  const stat = await fs.stat(replaced).catch(() => undefined)
  if (stat === undefined) return
  // Only root may give a file away, and whoever may not can still replace it.
  await fs.chown(path, stat.uid, stat.gid).catch(() => undefined)
  await fs.chmod(path, stat.mode & 0o7777)
}

async function openFile(path: string, options: OpenOptions): Promise<HostFile> {
  const access = options.access === 'write' ? constants.O_RDWR : constants.O_RDONLY
  const create = options.create === true ? constants.O_CREAT | constants.O_EXCL : 0
  // A named pipe would hold the open until somebody writes to it.
  const nonBlocking = process.platform === 'win32' ? 0 : constants.O_NONBLOCK
  const fd = await openDescriptor(path, access | create | nonBlocking, 0o644)
  try {
    const file = new NodeFile(path, fd, '', options.access === 'write')
    const { kind, identity } = await file.stat()
    if (kind !== 'file') {
      const what = kind === 'directory' ? 'a directory' : 'not a regular file'
      throw new EngineError('file/not-a-file', `Cannot open ${path}: it is ${what}`, { path })
    }
    const opened = new NodeFile(path, fd, identity, options.access === 'write')
    options.prepare?.(opened)
    return opened
  } catch (error) {
    closeSync(fd)
    // why it could not be opened matters more than whether it could be removed again
    if (options.create === true) await fs.unlink(path).catch(() => undefined)
    throw error
  }
}

/** open(2) with O_TMPFILE; Node has no name for it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

/**
 * Makes a file that gets its name when it is prepared: a process that is killed before leaves
 * nothing. Undefined where the system or the directory's file system cannot, or where that fails in
 * another way, which the making of an ordinary file will tell.
 */
async function makePrepared(path: string, options: OpenOptions): Promise<HostFile | undefined> {
  const calls = linuxCalls()
  if (calls === undefined || options.create !== true || options.prepare === undefined) {
    return undefined
  }
  const flags = O_TMPFILE | constants.O_RDWR
  const fd = await openDescriptor(dirname(path), flags, 0o644).catch(() => undefined)
  if (fd === undefined) return undefined
  try {
    const { identity } = await new NodeFile(path, fd, '', true).stat()
    const file = new NodeFile(path, fd, identity, true)
    options.prepare(file)
    if (nameIt(calls, fd, path)) return file
  } catch (error) {
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  return undefined
}

/** False where it cannot; throws where the name is taken. */
function nameIt(calls: LinuxCalls, fd: number, path: string): boolean {
  try {
    calls.giveName(fd, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw error
    return false
  }
}
