import { KIB, SECTOR_SIZE } from '../../engine/base/units'
import { DEFAULT_CLUSTER_BITS } from '../../engine/format/acow/header'
import { runJob } from '../../engine/job/jobs'
import type { OverlayFormat } from '../../engine/model/image'
import { checkDisk, diskContent, inSteps } from '../support/disks'
import { type FileSystemState, fileSystem } from '../support/host-log'
import { buildQcow2 } from '../support/qcow2-builder'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import type { Recorded } from './explore'
import type { HostWrapper } from './workload'

const SIZE = 40 * KIB
export const SOURCE = '/d/source.qcow2'
export const IMPORT = {
  kind: 'import-overlay',
  path: SOURCE,
  target: '/d/new.add-cow',
  imageFile: 'new.raw',
} as const
const MADE = [IMPORT.target, '/d/new.raw']

/** A qcow2 overlay with all kinds of clusters on a raw base. */
export function qcow2Files(seed: number): FileSystemState {
  const random = new Random(seed)
  const kinds = ['none', 'data', 'zero', 'compressed', 'data'] as const
  const clusters = Array.from({ length: SIZE / (4 * KIB) }, () => random.pick(kinds))
  const image = { version: 3, clusterBits: 12, size: SIZE, extended: false, snapshots: 0 } as const
  const backing = { name: 'base.raw', format: 'raw' }
  const { file } = buildQcow2({ ...image, clusters, backing }, random)
  return fileSystem({ '/d/base.raw': random.bytes(SIZE), [SOURCE]: file })
}

/** An import, its crashes judged. */
export async function recordImport(
  format: OverlayFormat,
  seed: number,
  wrap: HostWrapper = (host) => host,
): Promise<Recorded> {
  const start = qcow2Files(seed)
  const host = new SimulatedHost(start)
  const content = await diskContent(host, SOURCE)
  const clusterSize = format === 'acow' ? 1 << DEFAULT_CLUSTER_BITS : SECTOR_SIZE
  const control = inSteps(SIZE, clusterSize, new Random(seed))
  await runJob(wrap(host), { ...IMPORT, format, verify: seed % 2 === 0 }, control)
  const judge = async (state: FileSystemState, cut: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = (await diskContent(crashed, SOURCE)).equals(content) ? [] : ['the source changed']
    const made = crashed.paths.filter((path) => !start.names.has(path))
    if (cut === host.log.length && made.join() !== MADE.join()) wrong.push(`left: ${made.join()}`)
    if (!made.includes(IMPORT.target)) return wrong
    const disk = await diskContent(crashed, IMPORT.target)
    if (!disk.equals(content)) wrong.push('the overlay reads wrong')
    const { findings } = await checkDisk(crashed, IMPORT.target, 'none')
    const bad = findings.filter(({ severity }) => severity === 'corruption')
    return [...wrong, ...bad.map(({ code, message }) => `check finds ${code}: ${message}`)]
  }
  return { start, log: host.log, judge }
}
