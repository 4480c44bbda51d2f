import type { ImageState, ImageSummary } from '../../../electron/contract/library'
import type { JobSnapshot } from '../../../electron/contract/jobs'

/** What can be done with one image. */
export type ImageAction =
  | 'new-overlay'
  | 'check'
  | 'resize'
  | 'flatten'
  | 'export'
  | 'export-overlay'
  | 'import-overlay'
  | 'serve'
  | 'commit'
  | 'rebase'
  | 'locate'
  | 'move'
  | 'measure'
  | 'compare'
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
  | 'needs-consent'
  | 'in-use'
  | 'job-running'
  | 'exported'
  | 'not-overlay'
  | 'no-base'
  | 'read-only-qcow2'
  | 'read-only-format'
  | 'not-qcow2'
  | 'is-qcow2'
  | 'base-only-read'
  | 'base-is-overlay'
  | 'base-found'

const NEEDS_NO_FILE: ReadonlySet<ImageAction> = new Set([
  'rescan',
  'show-in-folder',
  'copy-path',
  'forget',
])
/** What an export of the image is no reason against. */
const NEEDS_NO_LOOK: ReadonlySet<ImageAction> = new Set(['rescan', 'show-in-folder', 'copy-path'])
const OVERLAYS_ONLY: ReadonlySet<ImageAction> = new Set([
  'flatten',
  'export-overlay',
  'commit',
  'rebase',
  'locate',
  'move',
  'measure',
])
/** What needs a base to be named. */
const BASE_ONLY: ReadonlySet<ImageAction> = new Set(['commit', 'locate'])
/** What can be done although the base is not there: it is not needed, or comes back by it. */
const WITHOUT_BASE: ReadonlySet<ImageAction> = new Set(['check', 'rebase', 'locate', 'move'])

/** What can be done while the disk is served for reading. */
const WHILE_SERVED: ReadonlySet<ImageAction> = new Set([
  'new-overlay',
  'export',
  'export-overlay',
  'import-overlay',
  'measure',
  'compare',
])

/** What can be done with several images at once. */
export const FOR_MANY: ReadonlySet<ImageAction> = new Set([
  'check',
  'flatten',
  'compare',
  'rescan',
  'copy-path',
  'forget',
])

const BLOCKING_STATES: Readonly<Record<ImageState, Obstacle | undefined>> = {
  scanning: undefined,
  ok: undefined,
  missing: 'missing',
  'base-missing': 'base-missing',
  'data-missing': 'data-missing',
  'base-changed': undefined,
  'needs-check': undefined,
  'needs-consent': 'needs-consent',
  'in-use': 'in-use',
  unreadable: 'unreadable',
}

const LOST_BASE: ReadonlySet<ImageState> = new Set(['base-missing', 'base-changed'])

export function isOverlay({ format }: ImageSummary): boolean {
  return format === 'add-cow' || format === 'acow'
}

/** Whether its format is one that is never written to. */
export function isOnlyRead(image: ImageSummary): boolean {
  return image.format !== undefined && image.format !== 'raw' && !isOverlay(image)
}

/** What the format of an image, or that of its base, has against an action. */
function formatObstacle(
  action: ImageAction,
  image: ImageSummary,
  base: ImageSummary | undefined,
): Obstacle | undefined {
  const isQcow2 = image.format === 'qcow2'
  if (action === 'import-overlay') return isQcow2 ? undefined : 'not-qcow2'
  if (action === 'export-overlay' && isQcow2) return 'is-qcow2'
  if (isOnlyRead(image) && (action === 'resize' || OVERLAYS_ONLY.has(action)))
    return isQcow2 ? 'read-only-qcow2' : 'read-only-format'
  if (OVERLAYS_ONLY.has(action) && !isOverlay(image)) return 'not-overlay'
  if (base === undefined) return undefined
  if (action === 'commit' && isOnlyRead(base)) return 'base-only-read'
  return action === 'export-overlay' && isOverlay(base) ? 'base-is-overlay' : undefined
}

/**
 * The one precondition of every action on an image: what a disabled button says, and what is asked
 * again before the action runs. Undefined where nothing is in the way.
 */
export function obstacle(
  action: ImageAction,
  image: ImageSummary | undefined,
  job: JobSnapshot | undefined,
  served?: 'reading' | 'writing',
  base?: ImageSummary,
): Obstacle | undefined {
  if (image === undefined) return action === 'new-overlay' ? undefined : 'select-first'
  const blocked = served === 'writing' || !WHILE_SERVED.has(action)
  if (served !== undefined && blocked && !NEEDS_NO_LOOK.has(action)) return 'exported'
  if (action === 'forget') return job === undefined ? undefined : 'job-running'
  if (NEEDS_NO_FILE.has(action)) return undefined
  if (job !== undefined) return 'job-running'
  const state = BLOCKING_STATES[image.state]
  if (state !== undefined && !(state === 'base-missing' && WITHOUT_BASE.has(action))) return state
  const format = formatObstacle(action, image, base)
  if (format !== undefined) return format
  if (BASE_ONLY.has(action) && image.baseName === undefined) return 'no-base'
  if (action === 'locate' && !LOST_BASE.has(image.state)) return 'base-found'
  return undefined
}
