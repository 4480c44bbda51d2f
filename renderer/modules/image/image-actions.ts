import type { ImageState, ImageSummary } from '../../../electron/contract/library'
import type { JobSnapshot } from '../../../electron/contract/jobs'

/** What can be done with one image. */
export type ImageAction =
  | 'new-overlay'
  | 'check'
  | 'resize'
  | 'flatten'
  | 'export'
  | 'rescan'
  | 'show-in-folder'
  | 'copy-path'
  | 'forget'

/** Why an action cannot be done now: the key of its text. */
export type Obstacle =
  | 'select-first'
  | 'missing'
  | 'base-missing'
  | 'data-missing'
  | 'unreadable'
  | 'in-use'
  | 'job-running'
  | 'not-overlay'

const NEEDS_NO_FILE: ReadonlySet<ImageAction> = new Set([
  'rescan',
  'show-in-folder',
  'copy-path',
  'forget',
])
const OVERLAYS_ONLY: ReadonlySet<ImageAction> = new Set(['flatten'])

const BLOCKING_STATES: Readonly<Record<ImageState, Obstacle | undefined>> = {
  scanning: undefined,
  ok: undefined,
  missing: 'missing',
  'base-missing': 'base-missing',
  'data-missing': 'data-missing',
  'base-changed': undefined,
  'needs-check': undefined,
  'in-use': 'in-use',
  unreadable: 'unreadable',
}

/**
 * The one precondition of every action on an image: what a disabled button says, and what is asked
 * again before the action runs. Undefined where nothing is in the way.
 */
export function obstacle(
  action: ImageAction,
  image: ImageSummary | undefined,
  job: JobSnapshot | undefined,
): Obstacle | undefined {
  if (image === undefined) return action === 'new-overlay' ? undefined : 'select-first'
  if (action === 'forget') return job === undefined ? undefined : 'job-running'
  if (NEEDS_NO_FILE.has(action)) return undefined
  if (job !== undefined) return 'job-running'
  const state = BLOCKING_STATES[image.state]
  // A base that is missing is no hindrance to looking at the overlay's own bitmap.
  if (state !== undefined && !(state === 'base-missing' && action === 'check')) return state
  if (OVERLAYS_ONLY.has(action) && image.format === 'raw') return 'not-overlay'
  return undefined
}
