import type { ImageSummary } from '../../../electron/contract/library'
import { FORMAT_NAMES, type FormatName } from '../../../engine/model/image'

/** Two ways to read a file, of which only its owner knows the right one. */
export interface Doubt {
  /** Whether it is read as a raw disk now. */
  readonly isRaw: boolean
  /** The format that its first bytes tell. */
  readonly looksLike: string
  /** What it could be read as instead; undefined where that cannot be read at all. */
  readonly other: FormatName | undefined
}

/** Undefined for a file that is what it looks like. */
export function doubtAbout({ name, format, looksLike }: ImageSummary): Doubt | undefined {
  if (format === 'raw' && looksLike !== undefined) {
    return { isRaw: true, looksLike, other: FORMAT_NAMES.find((known) => known === looksLike) }
  }
  if (format === undefined || format === 'raw' || !/\.raw$/i.test(name)) return undefined
  return { isRaw: false, looksLike: format, other: 'raw' }
}
