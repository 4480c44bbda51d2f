import { EngineError } from '../base/errors'
import { formatSize, MAX_VIRTUAL_SIZE } from '../base/units'
import type { Host, HostFile } from '../host/host'
import type { FormatName } from '../model/image'
import { openAcow } from './acow/driver'
import { MAGIC as ACOW_MAGIC } from './acow/header'
import { openAddCow } from './add-cow/driver'
import { MAGIC as ADD_COW_MAGIC } from './add-cow/header'
import type { Layer } from './layer'
import type { OpenLayerOptions } from './overlay/open-overlay'
import { openQcow2 } from './qcow2/driver'
import { MAGIC as QCOW2_MAGIC } from './qcow2/header'
import { RawLayer } from './raw/raw-layer'

/**
 * What the first bytes of a file say. `foreign`: a format by its magic that is not opened as a
 * layer.
 */
export type Detected = { readonly format: FormatName } | { readonly foreign: string }

interface Magic {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly detected: Detected
}

function foreign(name: string, magic: string | readonly number[], offset = 0): Magic {
  const bytes = typeof magic === 'string' ? new TextEncoder().encode(magic) : Uint8Array.from(magic)
  return { bytes, offset, detected: { foreign: name } }
}

/**
 * A guest can write any of these to the start of a raw disk. So a file that shows one is never
 * taken for raw by guessing, and a raw file whose format was stated is never taken for one of
 * these.
 */
const MAGICS: readonly Magic[] = [
  { bytes: ADD_COW_MAGIC, offset: 0, detected: { format: 'add-cow' } },
  { bytes: ACOW_MAGIC, offset: 0, detected: { format: 'acow' } },
  foreign('qcow', [...QCOW2_MAGIC, 0, 0, 0, 1]),
  { bytes: QCOW2_MAGIC, offset: 0, detected: { format: 'qcow2' } },
  foreign('qed', [0x51, 0x45, 0x44, 0x00]),
  foreign('vmdk', 'KDMV'),
  foreign('vmdk', 'COWD'),
  foreign('vmdk', '# Disk DescriptorFile'),
  foreign('vdi', [0x7f, 0x10, 0xda, 0xbe], 64),
  foreign('vhdx', 'vhdxfile'),
  foreign('vpc', 'conectix'),
  foreign('parallels', 'WithoutFreeSpace'),
  foreign('parallels', 'WithouFreSpacExt'),
  foreign('luks', [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
]

/** As many first bytes of a file are looked at, in bytes. */
export const PROBE_SIZE = 512

/** Tells a format by the first bytes; raw where nothing is recognised. */
export function detectFormat(prefix: Uint8Array): Detected {
  const hit = MAGICS.find(({ bytes, offset }) =>
    bytes.every((byte, index) => prefix[offset + index] === byte),
  )
  return hit?.detected ?? { format: 'raw' }
}

/** The same for an open file. */
export async function probeFile(file: HostFile): Promise<Detected> {
  const { size } = await file.stat()
  const prefix = new Uint8Array(Math.min(size, PROBE_SIZE))
  await file.read(prefix, 0)
  return detectFormat(prefix)
}

/**
 * Opens one layer. `stated` is the format that an overlay or a person names for the file; without
 * it the file is probed. Layout 2 was called add-cow by those who made it, so that word stands for
 * both layouts.
 *
 * Errors: `format/unrecognized` where the file shows another magic than a format that is known, or
 * not the stated one; `not-supported` where the stated format is not known; those of the format's
 * driver, and of the host.
 */
export async function openLayer(
  host: Host,
  path: string,
  stated: string | undefined,
  options: OpenLayerOptions,
): Promise<Layer> {
  const file = await host.open(path, { access: options.access === 'read' ? 'read' : 'write' })
  try {
    const format = chooseFormat(path, stated, await probeFile(file))
    if (format === 'add-cow') return await openAddCow(host, path, file, options)
    if (format === 'acow') return await openAcow(host, path, file, options)
    if (format === 'qcow2') return await openQcow2(host, path, file, options)
    const { size } = await file.stat()
    if (size > MAX_VIRTUAL_SIZE) throw tooLong(path, size)
    return new RawLayer(path, file, size)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** What may be found where a format is stated that tells itself by its first bytes. */
const STATED: Readonly<Record<string, readonly FormatName[]>> = {
  'add-cow': ['add-cow', 'acow'],
  acow: ['add-cow', 'acow'],
  qcow2: ['qcow2'],
}

function chooseFormat(path: string, stated: string | undefined, detected: Detected): FormatName {
  if (stated === 'raw') return 'raw'
  if (stated === undefined) {
    if ('foreign' in detected) throw unreadable(path, detected.foreign)
    if (detected.format === 'raw' && path.endsWith('.add-cow')) throw notAddCow(path)
    return detected.format
  }
  const accepted = STATED[stated]
  if (accepted === undefined) throw unreadable(path, stated)
  if ('format' in detected && accepted.includes(detected.format)) return detected.format
  const name = 'foreign' in detected ? detected.foreign : detected.format
  const found = name === 'raw' ? `no ${stated} image` : `a ${name} image`
  const message = `Cannot open ${path}: it is said to be ${stated}, but is ${found}`
  throw new EngineError('format/unrecognized', message, { path, stated }, { state: 'unchanged' })
}

/** Any file can be a raw disk, but not one that calls itself an overlay. */
function notAddCow(path: string): EngineError {
  const message = `Cannot open ${path}: by its name it is an add-cow file, by its content it is not`
  return new EngineError('format/unrecognized', message, { path }, { state: 'unchanged' })
}

function tooLong(path: string, size: number): EngineError {
  const message = `Cannot open ${path}: it is longer than a disk can be, ${formatSize(size)}`
  const details = { path, size, limit: MAX_VIRTUAL_SIZE }
  return new EngineError('not-supported', message, details, { state: 'unchanged' })
}

function unreadable(path: string, format: string): EngineError {
  const message =
    `Cannot open ${path}: ${format} images cannot be read; ` + 'raw, qcow2, add-cow and acow can'
  return new EngineError('not-supported', message, { path, format }, { state: 'unchanged' })
}
