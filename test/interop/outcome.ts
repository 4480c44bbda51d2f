/*
 * What a disk has become, held against what it had to become: by sha256, and by QEMU where it can
 * read the image.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { output } from '../support/command-line'

/** What a disk has to be. */
export interface Expected {
  /** A raw file. */
  readonly path: string
  readonly sha256: string
}

/** Of all that a disk reads as. */
export async function contentHash(path: string): Promise<string> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(MIB)
  for (let at = 0; at < disk.size; at += MIB) {
    const part = buffer.subarray(0, Math.min(MIB, disk.size - at))
    await disk.read(part, at)
    hash.update(part)
  }
  await disk.close()
  return hash.digest('hex')
}

export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * Expects the bytes of a raw file, or the disk of an image, to be so; QEMU has its say on what it
 * can read.
 */
export async function expectOutcome(path: string, expected: Expected): Promise<void> {
  const hash = path.endsWith('.raw') ? await fileHash(path) : await contentHash(path)
  expect(hash).toBe(expected.sha256)
  const format = extname(path).slice(1)
  if (format !== 'raw' && format !== 'qcow2') return
  const formats = ['-f', format, '-F', 'raw']
  await output(dirname(path), 'qemu-img', 'compare', ...formats, path, expected.path)
}
