import type { FormatName } from '../model/image'
import { invalid } from './option-list'

const BACKING_FORMATS: readonly FormatName[] = ['raw', 'add-cow', 'acow', 'qcow2']

/** The format of a backing file, as the command line names it. */
export function backingFormat(text: string): FormatName {
  const format = BACKING_FORMATS.find((name) => name === text)
  if (format !== undefined) return format
  throw invalid(
    `A backing file of format '${text}' cannot be read; ${BACKING_FORMATS.join(', ')} can`,
  )
}
