import type { EngineError } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { alignDown, SECTOR_SIZE } from '../base/units'
import type { Layer } from '../format/layer'
import { Overlay } from '../format/overlay/overlay-layer'
import { Qcow2Layer } from '../format/qcow2/qcow2-layer'
import { closeLayers, openPartialChain } from '../image/chain'
import { DiskView } from '../image/disk-view'
import { sampleContent } from '../image/fingerprint'
import { lockForWriting } from '../image/locks'
import type { CheckResult, Finding, Fingerprint } from '../model/image'
import type { CheckRequest, JobPlan, JobResult } from '../model/job'
import type { Job, JobControl } from './job'
import { commandLine, filesOf } from './plan'
import type { Host } from '../host/host'

/**
 * Looks for what is wrong in one layer, and mends what was asked for. What cannot be opened at all
 * is an error.
 */
export const checkJob: Job<CheckRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const { layers } = await openForCheck(host, request)
    try {
      const flags = request.repair === 'none' ? [] : ['-r', request.repair]
      return {
        kind: 'check',
        problems: [],
        warnings: [],
        files: filesOf({ layers }, request.repair === 'none' ? 'read' : 'write'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: commandLine('check', ...flags, request.path),
      }
    } finally {
      await closeLayers(layers)
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const { layers, problem } = await openForCheck(host, request)
    try {
      const check = await checkTop(layers, problem, request, control)
      return { kind: 'check', path: request.path, check }
    } finally {
      await closeLayers(layers)
    }
  },
}

/** Opens what can be opened: a missing base is a finding, a top that cannot be read is an error. */
async function openForCheck(
  host: Host,
  request: CheckRequest,
): Promise<{ layers: readonly Layer[]; problem: EngineError | undefined }> {
  const access = request.repair === 'none' ? 'read' : 'repair'
  const opened = await openPartialChain(host, request.path, { access })
  try {
    if (opened.layers.length === 0 && opened.problem !== undefined) throw opened.problem
    if (access === 'repair') lockForWriting(opened.layers)
  } catch (error) {
    await closeLayers(opened.layers)
    throw error
  }
  return opened
}

async function checkTop(
  layers: readonly Layer[],
  problem: EngineError | undefined,
  request: CheckRequest,
  control: JobControl,
): Promise<CheckResult> {
  const [top] = layers
  const chain = chainFindings(layers, problem)
  const checked = await checkLayer(
    top,
    chain.length === 0 ? new DiskView(layers, 1) : undefined,
    request,
    control,
  )
  const changed = problem === undefined ? await baseFindings(layers, request.expectedBase) : []
  const findings = [...chain, ...changed, ...checked.findings]
  return { ...checked, findings }
}

/** What is wrong in one layer, whatever lies below. */
async function checkLayer(
  layer: Layer | undefined,
  below: DiskView | undefined,
  { path, repair }: CheckRequest,
  control: JobControl,
): Promise<CheckResult> {
  const total = layer?.size ?? 0
  const { signal } = control
  const report = (current: number): MaybePromise<void> => {
    control.report({ phase: 'preparing', current, total })
    return control.paused?.()
  }
  if (layer instanceof Overlay) return await layer.check({ repair, below, signal, report })
  if (layer instanceof Qcow2Layer) return await layer.check({ signal, report })
  return rawResult(layer, path)
}

function chainFindings(layers: readonly Layer[], problem: EngineError | undefined): Finding[] {
  const findings: Finding[] = []
  if (problem !== undefined) {
    const { message, details } = problem
    findings.push({
      code: 'backing-unusable',
      severity: 'corruption',
      message,
      details,
      repaired: false,
    })
  }
  const identities = new Set<string>()
  for (const { file } of layers.flatMap(({ files }) => files)) {
    if (identities.has(file.identity)) {
      const message =
        `${file.path} is its own image file and backing file at once; ` + 'it can only be read'
      const details = { path: file.path }
      findings.push({
        code: 'same-file',
        severity: 'corruption',
        message,
        details,
        repaired: false,
      })
    }
    identities.add(file.identity)
  }
  return findings
}

/** Whether the base reads as it did: an overlay fits only what it was made on. */
async function baseFindings(
  layers: readonly Layer[],
  expected: Fingerprint | undefined,
): Promise<Finding[]> {
  const base = new DiskView(layers, 1)
  const [, layer] = layers
  if (expected === undefined || layer === undefined) return []
  const sample = await sampleContent(base, base.size)
  if (base.size === expected.size && sample === expected.sample) return []
  const message = `${layer.path} is not what it was when this overlay was last seen on it`
  const details = { path: layer.path, size: base.size, expectedSize: expected.size }
  return [{ code: 'base-changed', severity: 'corruption', message, details, repaired: false }]
}

function rawResult(layer: Layer | undefined, path: string): CheckResult {
  const size = layer?.size ?? 0
  const clusters = Math.ceil(size / SECTOR_SIZE)
  const findings: Finding[] = []
  if (size !== alignDown(size, SECTOR_SIZE)) {
    const message =
      `The file is ${String(size)} bytes long, no whole number of sectors; ` +
      'an overlay on it does not see the rest'
    const details = { path, size }
    findings.push({ code: 'size-unaligned', severity: 'notice', message, details, repaired: false })
  }
  return { path, format: 'raw', findings, totalClusters: clusters, allocatedClusters: clusters }
}
