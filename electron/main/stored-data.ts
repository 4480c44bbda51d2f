/*
 * What the application keeps in files, as it must look to be used. A key that a later version adds
 * is dropped, anything else that does not fit makes the file unusable; see JsonFile.
 */
import * as z from 'zod'
import {
  type CheckResult,
  type CompareResult,
  ERROR_CODES,
  type ErrorData,
  FINDING_CODES,
  type Fingerprint,
  FORMAT_NAMES,
  type JobKind,
  type MeasureResult,
} from '../../engine'
import { settingsChange } from '../contract/schemas'
import type { Settings } from '../contract/settings'
import type { BaseMark } from '../worker/calls'
import type { StoredJob } from './jobs/job-queue'
import type { ResolvedJob } from './jobs/job-requests'
import type { ImageRecord } from './library/image-record'
import type { FoldersState } from './library/watched-folders'

const bytes = z.int().nonnegative()
/** Milliseconds since 1970; file systems know fractions of them. */
const time = z.number()
const details = z.record(z.string(), z.union([z.string(), z.number()]))
const format = z.enum(FORMAT_NAMES)

const errorData: z.ZodType<ErrorData> = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  details,
  state: z.enum(['unchanged', 'resumable', 'uncertain']).exactOptional(),
})

const checkResult: z.ZodType<CheckResult> = z.object({
  path: z.string(),
  format,
  findings: z.array(
    z.object({
      code: z.enum(FINDING_CODES),
      severity: z.enum(['corruption', 'leak', 'notice']),
      message: z.string(),
      details,
      repair: z.object({ by: z.enum(['leaks', 'all']), action: z.string() }).exactOptional(),
      repaired: z.boolean(),
    }),
  ),
  totalClusters: bytes,
  allocatedClusters: bytes,
})

const fingerprint: z.ZodType<Fingerprint> = z.object({
  size: bytes,
  modifiedAt: time,
  sample: z.string(),
})

const cost = z.object({ bytesToCopy: bytes, spaceNeeded: bytes, spaceFreed: bytes })

const measureResult: z.ZodType<MeasureResult> = z.object({
  virtualSize: bytes,
  flatten: cost.exactOptional(),
  commit: cost.exactOptional(),
  export: cost,
  equalToBase: bytes.exactOptional(),
})

const compareResult: z.ZodType<CompareResult> = z.object({
  identical: z.boolean(),
  sizes: z.tuple([bytes, bytes]),
  firstDifference: bytes.exactOptional(),
  ranges: z.array(z.object({ offset: bytes, length: bytes })),
  differingBytes: bytes,
  more: z.boolean(),
})

const baseMark: z.ZodType<BaseMark> = z.object({ format, fingerprint })

const imageRecord: z.ZodType<ImageRecord> = z.object({
  id: z.string(),
  path: z.string(),
  seen: z.object({
    format,
    looksLike: z.string().exactOptional(),
    virtualSize: bytes,
    sizeOnDisk: bytes,
    allocatedBytes: bytes,
    modifiedAt: time,
    imagePath: z.string().exactOptional(),
    baseName: z.string().exactOptional(),
    basePath: z.string().exactOptional(),
    filesBelow: z.array(z.string()),
  }),
  base: baseMark.exactOptional(),
  needsCheck: errorData.exactOptional(),
  lastCheck: z.object({ at: time, result: checkResult }).exactOptional(),
})

/** Every kind there is: one that is missing here does not compile. */
const KINDS: Readonly<Record<JobKind, JobKind>> = {
  create: 'create',
  resize: 'resize',
  check: 'check',
  flatten: 'flatten',
  export: 'export',
  'export-overlay': 'export-overlay',
  'import-overlay': 'import-overlay',
  commit: 'commit',
  rebase: 'rebase',
  compare: 'compare',
  measure: 'measure',
  move: 'move',
}
const kind = z.enum(KINDS)

const status = z.enum([
  ...(['queued', 'running', 'paused', 'cancelling'] as const),
  ...(['done', 'failed', 'cancelled', 'interrupted'] as const),
])

const work: z.ZodType<ResolvedJob> = z.object({
  request: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['flatten', 'commit']), path: z.string(), verify: z.boolean() }),
    z.object({
      kind: z.literal('rebase'),
      path: z.string(),
      backingFile: z.string(),
      backingFormat: format.exactOptional(),
      namesOnly: z.boolean(),
      verify: z.boolean().exactOptional(),
      expectedBase: fingerprint.exactOptional(),
    }),
    z.object({
      kind: z.literal('check'),
      path: z.string(),
      repair: z.enum(['none', 'leaks', 'all']),
      expectedBase: fingerprint.exactOptional(),
    }),
  ]),
  imageId: z.string(),
  files: z.object({ writes: z.array(z.string()), reads: z.array(z.string()) }),
  trashOverlay: z.literal(true).exactOptional(),
  accepted: z.array(z.string()).exactOptional(),
})

const storedJob: z.ZodType<StoredJob> = z.object({
  id: z.string(),
  kind,
  status,
  canPause: z.literal(true).exactOptional(),
  canGoOn: z.literal(true).exactOptional(),
  cleared: z.literal(true).exactOptional(),
  imageId: z.string().exactOptional(),
  path: z.string(),
  target: z.string().exactOptional(),
  otherId: z.string().exactOptional(),
  progress: z
    .object({
      phase: z.enum(['preparing', 'copying', 'verifying']),
      current: bytes,
      total: bytes,
    })
    .exactOptional(),
  createdAt: time,
  startedAt: time.exactOptional(),
  endedAt: time.exactOptional(),
  result: z
    .object({
      kind,
      path: z.string(),
      bytesCopied: bytes.exactOptional(),
      check: checkResult.exactOptional(),
      measure: measureResult.exactOptional(),
      compare: compareResult.exactOptional(),
    })
    .exactOptional(),
  error: errorData.exactOptional(),
  trashed: z.object({ path: z.string(), error: errorData.exactOptional() }).exactOptional(),
  work: work.exactOptional(),
})

export interface StoredLibrary {
  readonly version: 1
  readonly images: readonly ImageRecord[]
}

export const libraryFile: z.ZodType<StoredLibrary> = z.object({
  version: z.literal(1),
  images: z.array(imageRecord),
})

export interface StoredNames {
  readonly version: 1
  readonly names: readonly string[]
}

export const agreedNamesFile: z.ZodType<StoredNames> = z.object({
  version: z.literal(1),
  names: z.array(z.string()),
})

export interface StoredFolders extends FoldersState {
  readonly version: 1
}

export const foldersFile: z.ZodType<StoredFolders> = z.object({
  version: z.literal(1),
  folders: z.array(z.string()),
  leftOut: z.array(z.string()),
})

export interface StoredJobs {
  readonly version: 1
  readonly jobs: readonly StoredJob[]
}

export const jobsFile: z.ZodType<StoredJobs> = z.object({
  version: z.literal(1),
  jobs: z.array(storedJob),
})

/** A setting that the file does not have is at its default. */
export const settingsFile: z.ZodType<Partial<Settings>> = z.object(settingsChange.shape)

/** Place and size of the window on the desktop, in device-independent pixels. */
export interface WindowPlace {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly maximized: boolean
}

export const windowFile: z.ZodType<WindowPlace> = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().positive(),
  height: z.int().positive(),
  maximized: z.boolean(),
})
