/* What lies where a new file is to grow is never written over, and the error says what to do. */
import { expect, test } from 'vitest'
import { KIB } from '../../../engine/base/units'
import { runJob } from '../../../engine/job/jobs'
import type { JobRequest } from '../../../engine/model/job'
import { unwatched } from '../../support/disks'
import { expectError, failure } from '../../support/expect-error'
import { sparseBytes } from '../../support/host-log'
import { newOverlay, OVERLAY_PATH } from '../../support/overlays'
import { Random } from '../../support/random'
import { SimulatedHost } from '../../support/simulated-host'

const path = OVERLAY_PATH
const target = '/d/out'
const targetImage = '/d/out.raw'
const move = { kind: 'move', path, target, targetImage, copy: true, names: 'relative' } as const

const cases: readonly { part: string; request: JobRequest }[] = [
  { part: '/d/out.part', request: { kind: 'export', path, target, verify: false } },
  { part: '/d/out.part', request: { kind: 'export-overlay', path, target, verify: false } },
  { part: '/d/out.part', request: move },
  { part: '/d/out.raw.part', request: move },
]

test.each(cases)('$part, $request.kind', async ({ part, request }) => {
  const size = 16 * KIB
  const base = { length: size, data: [{ offset: 0, length: size }] }
  const spec = { layout: 'acow', clusterSize: 4 * KIB, size, base } as const
  const { names, files } = newOverlay(spec, new Random(1))
  const host = new SimulatedHost({
    names: new Map(names).set(part, 99),
    files: new Map(files).set(99, sparseBytes(Buffer.from('somebody else'))),
  })
  const error = await failure(runJob(host, request, unwatched))
  expectError(error, 'file/exists', /\.part exists already.* if none is, remove that file/)
  expect(error.details).toEqual({ path: part })
  expect(error.state).toBe('unchanged')
  expect(host.log.filter(({ kind }) => kind !== 'sync')).toEqual([])
  await host.remove(part)
  await runJob(host, request, unwatched)
  expect(host.paths).toContain(target)
})
