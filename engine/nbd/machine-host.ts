import * as path from 'node:path'
import { isEngineError } from '../base/errors'
import type { FileStat, Host, HostFile, NameInImage, OpenOptions } from '../host/host'
import { nodeHost } from '../host/node-host'
import type { FormatName } from '../model/image'
import type { Trust } from '../model/trust'
import { DEFAULT_CLIENT_OPTIONS } from './client'
import { NbdFile, readOnly } from './nbd-file'
import { openWithQemu } from './qemu-nbd'
import { isNbdUri, parseNbdUri } from './uri'

/**
 * The machine that the program runs on, with what it reaches over NBD: the URI of an export opens
 * like a path, for reading. Follows names in images as far as `trust` goes.
 */
export function machineHost(trust: Trust): Host {
  const { files, names, formats } = trust
  return {
    ...nodeHost,

    async open(name: string, options: OpenOptions): Promise<HostFile> {
      if (!isNbdUri(name)) return await nodeHost.open(name, options)
      const address = parseNbdUri(name, '/')
      if (options.access === 'write') throw readOnly(address.uri)
      return await NbdFile.open(address, DEFAULT_CLIENT_OPTIONS)
    },

    async stat(name: string): Promise<FileStat | undefined> {
      if (!isNbdUri(name)) return await nodeHost.stat(name)
      const file = await NbdFile.open(parseNbdUri(name, '/'), DEFAULT_CLIENT_OPTIONS)
      try {
        return await file.stat()
      } finally {
        await file.close()
      }
    },

    async realPath(name: string): Promise<string> {
      return isNbdUri(name) ? parseNbdUri(name, '/').uri : await nodeHost.realPath(name)
    },

    openInside: openWithQemu,

    async mayFollow({ target, namedBy, guessed }: NameInImage): Promise<boolean> {
      if (names.has(target)) return true
      // An export is nobody's folder, and what a server says is nothing that a person put there.
      if (isNbdUri(target) || isNbdUri(namedBy)) return false
      if (files === 'any' && !guessed) return true
      const real = await realPathOr(target)
      if (names.has(real)) return true
      return isBelow(real, path.dirname(await realPathOr(namedBy))) && !(await isDevice(real))
    },

    async settledFormat(name: string): Promise<FormatName | undefined> {
      if (formats === undefined || isNbdUri(name)) return undefined
      return formats.get(name) ?? formats.get(await realPathOr(name))
    },
  }
}

/** What is missing leads nowhere. */
async function realPathOr(name: string): Promise<string> {
  try {
    return await nodeHost.realPath(name)
  } catch (error) {
    if (isEngineError(error)) return name
    throw error
  }
}

/** Whether opening it may do more than that: a device, a socket, a pipe. */
async function isDevice(name: string): Promise<boolean> {
  try {
    return (await nodeHost.stat(name))?.kind === 'other'
  } catch (error) {
    // what cannot be looked at cannot be opened, which says why
    if (isEngineError(error)) return false
    throw error
  }
}

function isBelow(name: string, folder: string): boolean {
  const way = path.relative(folder, name)
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)
}
