import {
  COMMAND,
  COMMAND_FLAG,
  DEFAULT_MAX_PAYLOAD,
  NBD_ERROR,
  type Request,
} from '../nbd/protocol'
import type { Refusal } from './error-value'
import type { Agreement } from './replies'

/** Bytes that one read may ask for, and one write may bring. */
export const MAX_PAYLOAD = DEFAULT_MAX_PAYLOAD

interface Rule {
  /** Flags that the command may have; those that are not known are refused. */
  readonly flags: number
  readonly changes: boolean
  /** Whether offset and length name bytes of the disk. */
  readonly ranged: boolean
}

const { fua, dontFragment, noHole, fastZero, requestOne } = COMMAND_FLAG
const looks: Rule = { flags: fua, changes: false, ranged: true }
const changes: Rule = { flags: fua, changes: true, ranged: true }
const bare: Rule = { flags: fua, changes: false, ranged: false }

const RULES: ReadonlyMap<number, Rule> = new Map([
  [COMMAND.read, { ...looks, flags: fua | dontFragment }],
  [COMMAND.write, changes],
  [COMMAND.disconnect, bare],
  [COMMAND.flush, bare],
  [COMMAND.trim, changes],
  [COMMAND.cache, looks],
  [COMMAND.writeZeroes, { ...changes, flags: fua | noHole | fastZero }],
  [COMMAND.blockStatus, { ...looks, flags: fua | requestOne }],
])

/** What of the disk decides which requests are in order. */
export interface ServedAs {
  /** Bytes. */
  readonly size: number
  readonly readOnly: boolean
  /** Whether zeros without NO_HOLE are faster than the same as data. */
  readonly zeroesFast: boolean
}

/**
 * What is wrong with a request for a disk; undefined where nothing is. A request
 * that passes can be done by the disk.
 */
export function faultOf(
  request: Readonly<Request>,
  { size, readOnly, zeroesFast }: ServedAs,
  { structured, contexts }: Agreement,
): Refusal | undefined {
  const { command, flags, offset, length } = request
  const rule = RULES.get(command)
  if (rule === undefined) return invalid(`There is no command ${command}`)
  if (rule.changes && readOnly) {
    return { value: NBD_ERROR.permission, message: 'The export is read-only' }
  }
  if ((flags & ~rule.flags) !== 0) return invalid(`Flags ${flags} do not fit command ${command}`)
  if (rule.ranged && offset + length > size) return beyond(command, offset, length, size)
  switch (command) {
    case COMMAND.read:
    case COMMAND.write:
      if (length > MAX_PAYLOAD) return invalid(`${length} bytes are too many for one request`)
      if ((flags & dontFragment) !== 0 && !structured) {
        return invalid('Without structured replies nothing is fragmented')
      }
      return undefined
    case COMMAND.writeZeroes:
      if ((flags & fastZero) === 0) return undefined
      if ((flags & noHole) !== 0) return notFast('Zeros that take space')
      return zeroesFast ? undefined : notFast('Zeros in a file system without holes')
    case COMMAND.blockStatus:
      if (contexts.length === 0) return invalid('No metadata context was agreed on')
      return length === 0 ? invalid('The status of no bytes was asked for') : undefined
    default:
      return undefined
  }
}

function notFast(what: string): Refusal {
  return { value: NBD_ERROR.notSupported, message: `${what} are not faster than a write` }
}

function invalid(message: string): Refusal {
  return { value: NBD_ERROR.invalid, message }
}

function beyond(command: number, offset: number, length: number, size: number): Refusal {
  const grows = command === COMMAND.write || command === COMMAND.writeZeroes
  const message = `Bytes ${offset} to ${offset + length} pass the end of the disk at ${size}`
  return { value: grows ? NBD_ERROR.noSpace : NBD_ERROR.invalid, message }
}
