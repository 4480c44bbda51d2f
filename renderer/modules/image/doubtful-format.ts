import type { ImageSummary } from '../../../electron/contract/library'
import type { FormatName } from '../../../engine/model/image'

/** Two ways to read a file, of which only its owner knows the right one. */
export interface Doubt {
  /** Whether it is read as a raw disk now. */
  readonly isRaw: boolean
  /** The format that its first bytes tell. */
  readonly looksLike: string
  /** What it could be read as instead; undefined where that cannot be read at all. */
  readonly other: FormatName | undefined
}

const FORMATS: Readonly<Record<FormatName, FormatName>> = {
  raw: 'raw',
  'add-cow': 'add-cow',
  acow: 'acow',
  qcow2: 'qcow2',
  vmdk: 'vmdk',
  vdi: 'vdi',
  vhdx: 'vhdx',
  vpc: 'vpc',
  qed: 'qed',
  parallels: 'parallels',
  dmg: 'dmg',
}
/** By name: every format that can be read. One that is missing above does not compile. */
const READABLE: Readonly<Partial<Record<string, FormatName>>> = FORMATS

/** Undefined for a file that is what it looks like. */
export function doubtAbout({ name, format, looksLike }: ImageSummary): Doubt | undefined {
  if (format === 'raw' && looksLike !== undefined) {
    return { isRaw: true, looksLike, other: READABLE[looksLike] }
  }
  if (format === undefined || format === 'raw' || !/\.raw$/i.test(name)) return undefined
  return { isRaw: false, looksLike: format, other: 'raw' }
}
