import { FORMAT_NAMES, type FormatName } from '../model/image'
import { invalid } from './option-list'

/** The format of a backing file, as the command line names it. */
export function backingFormat(text: string): FormatName {
  const format = FORMAT_NAMES.find((name) => name === text)
  if (format !== undefined) return format
  throw invalid(`A backing file of format '${text}' cannot be read; ${FORMAT_NAMES.join(', ')} can`)
}
