import { parseSize, parseSizeChange } from '../base/units'
import { invalid } from './option-list'

const FORMS = 'a number of bytes, or one with k, M, G, T or P behind it'

/** A size from the command line, in bytes; `what` names it in the error. */
export function sizeArgument(text: string, what = 'size'): number {
  const size = parseSize(text)
  if (size === undefined) throw invalid(`Invalid ${what} '${text}': give ${FORMS}`)
  return size
}

/** A new size for a disk: a size, or with a sign a change of the present one. Bytes. */
export function newSizeArgument(text: string, present: number): number {
  const size = parseSizeChange(text, present)
  if (size !== undefined) return size
  const change = /^\s*[+-]/.test(text) && parseSize(text.trim().slice(1)) !== undefined
  if (!change) throw invalid(`Invalid size '${text}': give ${FORMS}, with + or - for a change`)
  throw invalid(`Cannot change a disk of ${present} bytes by ${text.trim()}: out of range`)
}

/**
 * Lets a last word such as `-1G` through as what it is: for the parser of the command line it looks
 * like an option. (So does qemu-img.)
 */
export function protectNegativeSize(args: readonly string[]): readonly string[] {
  const last = args.at(-1)
  const command = args[0] === 'ctl' ? args[1] : args[0]
  if (command !== 'resize' || last === undefined || !/^-\d/.test(last) || args.includes('--')) {
    return args
  }
  return [...args.slice(0, -1), '--', last]
}
