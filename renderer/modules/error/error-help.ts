import type { ErrorCode } from '../../../engine/base/errors'
import type { ImageAction } from '../image/image-actions'

/** Actions on the image in question that help with an error. */
export type HelpfulAction = Extract<
  ImageAction,
  'rescan' | 'check' | 'show-in-folder' | 'forget' | 'resize' | 'locate' | 'rebase' | 'export'
>

const HELP: Readonly<Record<ErrorCode, readonly HelpfulAction[]>> = {
  'invalid-argument': [],
  'read-only': ['show-in-folder'],
  'in-use': ['rescan'],
  'not-supported': [],
  'file/missing': ['rescan', 'forget'],
  'file/exists': [],
  'file/not-a-file': ['forget'],
  'file/changed': ['locate', 'check'],
  'format/unrecognized': ['rescan', 'forget'],
  'format/unsupported-version': ['forget'],
  'format/unsupported-feature': ['forget'],
  'format/corrupt': ['show-in-folder', 'forget'],
  'format/needs-program': ['rescan'],
  'chain/backing-missing': ['locate', 'rescan'],
  'chain/data-missing': ['rescan', 'show-in-folder'],
  'chain/loop': ['show-in-folder', 'rescan'],
  'chain/same-file': ['show-in-folder', 'rescan'],
  'chain/too-deep': [],
  'chain/base-differs': ['rebase'],
  'chain/breaks-others': ['export'],
  'chain/needs-consent': ['show-in-folder', 'forget'],
  'resize/needs-shrink': ['resize'],
  'verify/mismatch': ['check'],
  'io/failed': ['rescan'],
  'io/no-space': ['show-in-folder'],
  'io/denied': ['show-in-folder', 'rescan'],
  'nbd/unreachable': ['rescan'],
  'nbd/refused': ['rescan'],
  'nbd/malformed': ['rescan', 'forget'],
  'job/cancelled': [],
  internal: [],
}

/** One or two things that help with an error, the most helpful first. */
export function helpFor(code: ErrorCode): readonly HelpfulAction[] {
  return HELP[code]
}
