/* What a rebase that verifies finds while it can still be left alone. */
import { describe, expect, test } from 'vitest'
import { KIB } from '../../../engine/base/units'
import type { HostFile } from '../../../engine/host/host'
import { inspectImage } from '../../../engine/image/inspect'
import { planJob, runJob } from '../../../engine/job/jobs'
import type { JobProgress, RebaseRequest } from '../../../engine/model/job'
import { checkDisk, diskContent, unwatched } from '../../support/disks'
import { expectError, failure } from '../../support/expect-error'
import { sparseBytes } from '../../support/host-log'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'
import { HostOfWrappedFiles, WrappedFile } from '../../support/wrapped-host'

const SIZE = 256 * KIB
const NEW_BASE = '/d/new.raw'
const path = OVERLAY_PATH

/** An overlay, and beside its base one that is the same but for 32 KiB in the middle. */
async function twoBases(layout: 'add-cow' | 'acow'): Promise<SimulatedHost> {
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE }] }
  const clusterSize = layout === 'acow' ? 16 * KIB : 512
  const { names, files } = newOverlay({ layout, clusterSize, size: SIZE, base }, new Random(1))
  const bytes = files.get(names.get(BASE_PATH) ?? 0)?.toBytes() ?? new Uint8Array(0)
  bytes.fill(9, 64 * KIB, 96 * KIB)
  const host = new SimulatedHost({
    names: new Map(names).set(NEW_BASE, 99),
    files: new Map(files).set(99, sparseBytes(bytes)),
  })
  return await Promise.resolve(host)
}

/** A file whose bytes are read wrong in one phase of the job. */
class ReadWrong extends WrappedFile {
  constructor(
    inner: HostFile,
    private readonly isNow: () => boolean,
  ) {
    super(inner)
  }

  override async read(target: Uint8Array, offset: number): Promise<void> {
    await super.read(target, offset)
    if (this.isNow()) target[target.length - 1] = (target[target.length - 1] ?? 0) ^ 1
  }
}

async function rebase(
  host: SimulatedHost,
  verify: boolean,
  wrong: { readonly path: string; readonly phase: JobProgress['phase'] },
): Promise<unknown> {
  let phase: JobProgress['phase'] = 'preparing'
  const bad = new HostOfWrappedFiles(host, (file) =>
    file.path === wrong.path ? new ReadWrong(file, () => phase === wrong.phase) : file,
  )
  const request: RebaseRequest = {
    ...{ kind: 'rebase', path, backingFile: NEW_BASE, namesOnly: false, verify },
  }
  const control = { ...unwatched, report: (now: JobProgress) => (phase = now.phase) }
  return await failure(runJob(bad, request, control))
}

describe.each(['add-cow', 'acow'] as const)('a rebase that verifies: %s', (layout) => {
  test.each([
    { what: 'a new base that is another by then', path: NEW_BASE, phase: 'verifying' },
    { what: 'what did not come to the image file', path: IMAGE_PATH, phase: 'copying' },
  ] as const)('finds $what, and stays on the old base', async ({ path: file, phase }) => {
    const host = await twoBases(layout)
    const content = await diskContent(host, path)
    const error = await rebase(host, true, { path: file, phase })
    expectError(error, 'verify/mismatch', /\d/)
    expect(error).toMatchObject({ state: 'resumable' })
    expect((await inspectImage(host, path)).backing?.path).toBe(BASE_PATH)
    expect((await diskContent(host, path)).equals(content)).toBe(true)
  })

  test('goes through where all is well, and all is as it was', async () => {
    const host = await twoBases(layout)
    const content = await diskContent(host, path)
    const phases = new Set<string>()
    const request = { kind: 'rebase', path, backingFile: NEW_BASE, namesOnly: false } as const
    const plan = await planJob(host, { ...request, verify: true })
    expect(plan.commandLine).toContain('rebase --verify -b')
    await runJob(
      host,
      { ...request, verify: true },
      {
        ...unwatched,
        report: ({ phase }) => phases.add(phase),
      },
    )
    expect([...phases]).toEqual(['preparing', 'copying', 'verifying'])
    expect((await inspectImage(host, path)).backing?.path).toBe(NEW_BASE)
    expect((await diskContent(host, path)).equals(content)).toBe(true)
    const { findings } = await checkDisk(host, path, 'none')
    expect(findings.filter(({ severity }) => severity === 'corruption')).toEqual([])
  })
})
