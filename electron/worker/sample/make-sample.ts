import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Disk, EngineError, type Host, openDisk, runJob } from '../../../engine'
import { fileError } from '../file-error'
import { baseFiles, overlayFiles } from './content'
import { type Run, fatDisk } from './fat16'

const DISK_SIZE = 64 * 1024 * 1024
const SECTOR = 512
const LABEL = 'SAMPLE'
/** An end to the search for a name that is free. */
const MAX_SAMPLES = 1000

/**
 * Makes a small disk and an overlay on it, in a new folder below `parent`. Nothing that exists is
 * touched, and nothing is left behind where it fails. Resolves with the paths of the two. Errors:
 * those of the host, `file/exists` where no name is free.
 */
export async function makeSample(
  host: Host,
  parent: string,
): Promise<{ base: string; overlay: string }> {
  try {
    const folder = await newFolder(parent)
    try {
      return await fillFolder(host, folder)
    } catch (error) {
      // all that is in there was made a moment ago, and is half a sample
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  } catch (error) {
    throw fileError('Cannot make a sample disk below', parent, error)
  }
}

async function fillFolder(host: Host, folder: string): Promise<{ base: string; overlay: string }> {
  const base = join(folder, 'base.raw')
  const overlay = join(folder, 'overlay.add-cow')

  await makeEmptyFile(base)
  await bringUpTo(host, base, fatDisk(DISK_SIZE, LABEL, baseFiles()))
  const create = {
    kind: 'create',
    path: overlay,
    format: 'add-cow',
    imageFile: 'overlay.raw',
    backingFile: 'base.raw',
  } as const
  await runJob(host, create, { signal: new AbortController().signal, report: () => undefined })
  await bringUpTo(host, overlay, fatDisk(DISK_SIZE, LABEL, overlayFiles()))
  return { base, overlay }
}

async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true })
  for (let number = 1; number <= MAX_SAMPLES; number += 1) {
    const folder = join(parent, number === 1 ? 'sample' : `sample ${number}`)
    try {
      await mkdir(folder)
      return folder
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
  const message = `Cannot make a sample disk: ${parent} holds ${MAX_SAMPLES} of them already`
  throw new EngineError('file/exists', message, { path: parent }, { state: 'unchanged' })
}

async function makeEmptyFile(path: string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.truncate(DISK_SIZE)
  } finally {
    await file.close()
  }
}

/** Writes the sectors of the runs that the disk does not hold already. */
async function bringUpTo(host: Host, path: string, runs: readonly Run[]): Promise<void> {
  const disk = await openDisk(host, path, { writable: true })
  try {
    for (const run of runs) await writeDifferent(disk, run)
    await disk.flush()
  } finally {
    await disk.close()
  }
}

async function writeDifferent(disk: Disk, { offset, bytes }: Run): Promise<void> {
  const present = new Uint8Array(bytes.length)
  await disk.read(present, offset)
  const differs = (at: number): boolean =>
    at < bytes.length &&
    Buffer.compare(present.subarray(at, at + SECTOR), bytes.subarray(at, at + SECTOR)) !== 0

  for (let start = 0; start < bytes.length; start += SECTOR) {
    if (!differs(start)) continue
    let end = start + SECTOR
    while (differs(end)) end += SECTOR
    await disk.write(bytes.subarray(start, end), offset + start)
    start = end
  }
}
