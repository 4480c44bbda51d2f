import { EngineError } from '../base/errors'
import { formatSize, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../base/units'
import type { Host, HostFile } from '../host/host'
import {
  EXTERNAL_FORMATS,
  type ExternalFormat,
  FORMAT_NAMES,
  type FormatName,
} from '../model/image'
import { openAcow } from './acow/driver'
import { MAGIC as ACOW_MAGIC } from './acow/header'
import { openAddCow } from './add-cow/driver'
import { MAGIC as ADD_COW_MAGIC } from './add-cow/header'
import { openExternal } from './external/driver'
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

function magic(detected: Detected, text: string | readonly number[], offset = 0): Magic {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : Uint8Array.from(text)
  return { bytes, offset, detected }
}

/**
 * A guest can write any of these to the start of a raw disk. So a file that shows one is never
 * taken for raw by guessing, and a raw file whose format was stated is never taken for one of
 * these.
 */
const MAGICS: readonly Magic[] = [
  { bytes: ADD_COW_MAGIC, offset: 0, detected: { format: 'add-cow' } },
  { bytes: ACOW_MAGIC, offset: 0, detected: { format: 'acow' } },
  magic({ foreign: 'qcow' }, [...QCOW2_MAGIC, 0, 0, 0, 1]),
  { bytes: QCOW2_MAGIC, offset: 0, detected: { format: 'qcow2' } },
  magic({ format: 'qed' }, [0x51, 0x45, 0x44, 0x00]),
  magic({ format: 'vmdk' }, 'KDMV'),
  magic({ format: 'vmdk' }, 'COWD'),
  magic({ format: 'vmdk' }, '# Disk DescriptorFile'),
  magic({ format: 'vdi' }, [0x7f, 0x10, 0xda, 0xbe], 64),
  magic({ format: 'vhdx' }, 'vhdxfile'),
  magic({ format: 'vpc' }, 'conectix'),
  magic({ format: 'parallels' }, 'WithoutFreeSpace'),
  magic({ format: 'parallels' }, 'WithouFreSpacExt'),
  magic({ foreign: 'luks' }, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
]

/**
 * Formats that tell themselves by their last sector, if at all; that counts only in a file that has
 * such a name, as the last sector of a raw disk is as good as any.
 */
const TRAILERS: readonly (Magic & { readonly name: RegExp })[] = [
  { ...magic({ format: 'vpc' }, 'conectix'), name: /\.vhd$/i },
  { ...magic({ format: 'dmg' }, 'koly'), name: /\.dmg$/i },
]

/** As many first bytes of a file are looked at, in bytes. */
export const PROBE_SIZE = 512

/** Tells a format by the first bytes; raw where nothing is recognised. */
export function detectFormat(prefix: Uint8Array): Detected {
  return MAGICS.find((known) => shows(prefix, known))?.detected ?? { format: 'raw' }
}

function shows(sector: Uint8Array, { bytes, offset }: Magic): boolean {
  return bytes.every((byte, index) => sector[offset + index] === byte)
}

/** The same for an open file. */
export async function probeFile(file: HostFile): Promise<Detected> {
  const { size } = await file.stat()
  const prefix = new Uint8Array(Math.min(size, PROBE_SIZE))
  await file.read(prefix, 0)
  const detected = detectFormat(prefix)
  const trailer = TRAILERS.find(({ name }) => name.test(file.path))
  const isRaw = 'format' in detected && detected.format === 'raw'
  if (trailer === undefined || !isRaw || size < SECTOR_SIZE) return detected
  const last = new Uint8Array(SECTOR_SIZE)
  await file.read(last, size - SECTOR_SIZE)
  return shows(last, trailer) ? trailer.detected : detected
}

/**
 * Opens one layer. `stated` is the format that an overlay or a person names for the file; without
 * it, it is the one that the host knows to be settled, and else the file is probed. Layout 2 was
 * called add-cow by those who made it, so that word stands for both layouts.
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
    const detected = await probeFile(file)
    const settled = stated ?? (await host.settledFormat?.(path))
    const format = chooseFormat(path, settled, detected)
    if (format === 'add-cow') return await openAddCow(host, path, file, options)
    if (format === 'acow') return await openAcow(host, path, file, options)
    if (format === 'qcow2') return await openQcow2(host, path, file, options)
    if (isExternal(format)) return await openExternal(host, file, format, options)
    const { size } = await file.stat()
    if (size > MAX_VIRTUAL_SIZE) throw tooLong(path, size)
    const found = nameOf(detected)
    return new RawLayer(path, file, size, found === 'raw' ? undefined : found)
  } catch (error) {
    await file.close()
    throw error
  }
}

function nameOf(detected: Detected): string {
  return 'foreign' in detected ? detected.foreign : detected.format
}

function isExternal(format: string): format is ExternalFormat {
  return EXTERNAL_FORMATS.some((external) => external === format)
}

/** What may be found where a format is stated that tells itself by its first bytes. */
const STATED: Readonly<Record<string, readonly FormatName[]>> = {
  'add-cow': ['add-cow', 'acow'],
  acow: ['add-cow', 'acow'],
  qcow2: ['qcow2'],
}

function chooseFormat(path: string, stated: string | undefined, detected: Detected): FormatName {
  // What QEMU opens by format, QEMU looks at itself.
  if (stated === 'raw' || (stated !== undefined && isExternal(stated))) return stated
  if (stated === undefined) {
    if ('foreign' in detected) throw unreadable(path, detected.foreign)
    if (detected.format === 'raw' && path.endsWith('.add-cow')) throw notAddCow(path)
    return detected.format
  }
  const accepted = STATED[stated]
  if (accepted === undefined) throw unreadable(path, stated)
  if ('format' in detected && accepted.includes(detected.format)) return detected.format
  const name = nameOf(detected)
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
  const why =
    format === 'luks'
      ? 'it is encrypted (luks), which cannot be read'
      : `${format} images cannot be read; ${FORMAT_NAMES.join(', ')} can`
  const message = `Cannot open ${path}: ${why}`
  return new EngineError('not-supported', message, { path, format }, { state: 'unchanged' })
}
