import type { ErrorCode, ErrorData } from '../../../engine'
import type { ImageState } from '../../contract/library'
import type { BaseMark, ScannedImage } from '../../worker/calls'
import type { ImageRecord } from './image-record'

/** What came of a scan. */
export type ScanOutcome =
  | { readonly found: ScannedImage }
  /** The image itself cannot be opened. */
  | { readonly error: ErrorData }

export interface Judgement {
  readonly state: Exclude<ImageState, 'scanning'>
  readonly problem?: ErrorData
  /**
   * The problem forbids every job that reads the base: it has become another format. Whoever could
   * write to a raw base may have made it look like an overlay on any file of this computer.
   */
  readonly baseIsForeign?: true
}

/** The state of an image by what a scan found and what is remembered of it. */
export function judge(record: ImageRecord, outcome: ScanOutcome): Judgement {
  if ('error' in outcome) return { state: stateOfTop(outcome.error.code), problem: outcome.error }
  const { chain } = outcome.found
  if (chain.problem !== undefined) {
    return { state: stateOfChain(chain.problem.code), problem: chain.problem }
  }
  const base = judgeBase(record, outcome.found)
  if (base?.baseIsForeign) return base
  if (record.needsCheck) return { state: 'needs-check', problem: record.needsCheck }
  return base ?? { state: 'ok' }
}

function stateOfTop(code: ErrorCode): Judgement['state'] {
  switch (code) {
    case 'file/missing':
      return 'missing'
    case 'chain/data-missing':
      return 'data-missing'
    case 'in-use':
      return 'in-use'
    case 'chain/needs-consent':
      return 'needs-consent'
    default:
      return 'unreadable'
  }
}

function stateOfChain(code: ErrorCode): Judgement['state'] {
  switch (code) {
    case 'file/missing':
    case 'chain/backing-missing':
    case 'chain/data-missing':
      return 'base-missing'
    case 'in-use':
      return 'in-use'
    case 'chain/needs-consent':
      return 'needs-consent'
    default:
      return 'unreadable'
  }
}

/** Undefined where the base is what it was, or nothing of it is read. */
function judgeBase(record: ImageRecord, found: ScannedImage): Judgement | undefined {
  const { base: known, path } = record
  const { base: now, backingPath: basePath = '' } = found
  if (known === undefined || now === undefined || !usesBase(found)) return undefined
  if (isSameBase(known, now)) return undefined
  const message =
    `${basePath}, which ${path} stands on, is not what it was: ` +
    `${describe(known)} then, ${describe(now)} now`
  const details = { path: basePath, overlay: path }
  const problem = { code: 'file/changed', message, details, state: 'unchanged' } as const
  if (known.format === now.format) return { state: 'base-changed', problem }
  return { state: 'base-changed', problem, baseIsForeign: true }
}

function usesBase({ chain: { layers } }: ScannedImage): boolean {
  const [top] = layers
  return top !== undefined && top.allAllocated !== true && top.allocatedBytes < top.virtualSize
}

function describe({ format, fingerprint: { size, modifiedAt } }: BaseMark): string {
  return `${format}, ${size} bytes, last changed ${new Date(modifiedAt).toISOString()}`
}

function isSameBase(known: BaseMark, now: BaseMark): boolean {
  return hasSameContent(known, now) && known.fingerprint.modifiedAt === now.fingerprint.modifiedAt
}

/** The same but for the time of the last change, as far as the samples tell. */
export function hasSameContent(known: BaseMark, now: BaseMark): boolean {
  return (
    known.format === now.format &&
    known.fingerprint.size === now.fingerprint.size &&
    known.fingerprint.sample === now.fingerprint.sample
  )
}
