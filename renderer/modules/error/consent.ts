import type { ErrorData } from '../../../engine/base/errors'

/** What an image wants to have opened that needs a yes. */
export interface WantedConsent {
  /** An absolute path, or a URI without anything left out. */
  readonly target: string
  readonly kind: 'network' | 'socket' | 'file'
}

/** What an error asks the person to allow; undefined for every other error. */
export function wantedConsent({ code, details }: ErrorData): WantedConsent | undefined {
  const { target } = details
  if (code !== 'chain/needs-consent' || typeof target !== 'string') return undefined
  if (/^nbd\+unix:/i.test(target)) return { target, kind: 'socket' }
  return { target, kind: /^[a-z][a-z\d+.-]+:\/\//i.test(target) ? 'network' : 'file' }
}
