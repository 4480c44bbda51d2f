import type { ErrorCode, ErrorData } from '../base/errors'
import { NBD_ERROR } from '../nbd/protocol'

/** What a client is told of a failure. */
export interface Refusal {
  /** One of NBD_ERROR. */
  readonly value: number
  /** One line for people; reaches them where structured replies were agreed on. */
  readonly message: string
}

const VALUES: Partial<Record<ErrorCode, number>> = {
  'io/no-space': NBD_ERROR.noSpace,
  'io/denied': NBD_ERROR.permission,
  'read-only': NBD_ERROR.permission,
  'invalid-argument': NBD_ERROR.invalid,
  'not-supported': NBD_ERROR.notSupported,
}

/** A failure of the disk in the words of the protocol; EIO where it has no better one. */
export function refusalOf({ code, message }: ErrorData): Refusal {
  return { value: VALUES[code] ?? NBD_ERROR.io, message }
}
