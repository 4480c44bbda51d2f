import type { ErrorCode } from '../../../engine/base/errors'
import type { ImageAction } from '../image/image-actions'

/** Actions on the image in question that help with an error. */
export type HelpfulAction = Extract<
  ImageAction,
  'rescan' | 'check' | 'show-in-folder' | 'forget' | 'resize' | 'locate' | 'rebase' | 'export'
>

/** What helps: an action on the image, or a look into the program's own log. */
export type Help = HelpfulAction | 'show-log'

const HELP: Readonly<Record<ErrorCode, readonly Help[]>> = {
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
  internal: ['show-log'],
}

/** Errors that no button beside them helps with, and where the help is instead. */
export const HELP_ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  'invalid-argument': 'the field that it is about',
  'file/exists': 'the field of the name, where another one is typed',
  'not-supported': 'its details, as there is nothing to be done with this image',
  'chain/too-deep': 'a layer further down, which is to be flattened first',
  'job/cancelled': 'the job, which can be started again or goes on',
}

/** One or two things that help with an error, the most helpful first. */
export function helpFor(code: ErrorCode): readonly Help[] {
  return HELP[code]
}
