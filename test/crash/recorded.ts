import { isEngineError } from '../../engine/base/errors'
import { KIB } from '../../engine/base/units'
import { headerSize } from '../../engine/format/acow/header'
import { HEADER_SIZE } from '../../engine/format/add-cow/header'
import type { Host } from '../../engine/host/host'
import { runJob } from '../../engine/job/jobs'
import type { FindingCode } from '../../engine/model/image'
import type { CreateRequest } from '../../engine/model/job'
import { CrashLog } from '../support/crash-states'
import { diskContent, inSteps, unwatched } from '../support/disks'
import { fileSystem, type FileSystemState } from '../support/host-log'
import { BASE_PATH, IMAGE_PATH, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import { SparseBytes } from '../support/sparse-bytes'
import type { Recorded } from './explore'
import { badFindings, check } from './verify'
import { type HostWrapper, runWorkload, type Setting } from './workload'

const TARGET = '/d/out.raw'

/** The whole content of a disk; undefined where there is none at that path. */
async function wholeDisk(host: Host, path: string): Promise<Buffer | undefined> {
  try {
    return await diskContent(host, path)
  } catch (error) {
    if (isEngineError(error, 'file/missing')) return undefined
    throw error
  }
}

function sameBytes(a: SimulatedHost, b: SimulatedHost, path: string): boolean {
  const [left, right] = [a.bytesAt(path)?.toBytes(), b.bytesAt(path)?.toBytes()]
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0
}

/** Ways to ask for a new overlay. */
export const requests: readonly Omit<CreateRequest, 'kind' | 'path' | 'imageFile'>[] = [
  { format: 'add-cow', backingFile: 'base.raw' },
  { format: 'add-cow', size: 20 * KIB },
  { format: 'acow', backingFile: 'base.raw', clusterSize: 4 * KIB },
  { format: 'acow', size: 20 * KIB },
]

/** A create, its crashes judged. */
export async function recordCreate(
  given: (typeof requests)[number],
  reuse: boolean,
  seed: number,
  wrap: HostWrapper = (host) => host,
): Promise<Recorded> {
  const random = new Random(seed)
  const base = random.bytes(20 * KIB)
  const taken = reuse ? { [IMAGE_PATH]: random.bytes(20 * KIB) } : {}
  const start = fileSystem({ [BASE_PATH]: base, ...taken })
  const host = new SimulatedHost(start)
  const request = { ...given, kind: 'create', path: OVERLAY_PATH, imageFile: 'x.raw' } as const
  await runJob(wrap(host), { ...request, reuseImageFile: reuse }, unwatched)
  const expected = given.backingFile === undefined ? Buffer.alloc(20 * KIB) : Buffer.from(base)
  const judge = async (state: FileSystemState, cut: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const found = await wholeDisk(crashed, OVERLAY_PATH)
    const wrong = sameBytes(crashed, host, BASE_PATH) ? [] : ['the base was changed']
    if (reuse && !sameBytes(crashed, host, IMAGE_PATH)) wrong.push('the image file was changed')
    if (found === undefined) {
      if (cut === host.log.length) wrong.push('the overlay is gone though create had ended')
      return wrong
    }
    if (!found.equals(expected)) wrong.push('the overlay reads wrong')
    return [...wrong, ...(await badFindings(crashed))]
  }
  return { start, log: host.log, judge }
}

/** Some writes, then an export of the disk in steps, of which two are under way at a time. */
export async function recordExport(setting: Setting, seed: number): Promise<Recorded> {
  const random = new Random(seed)
  const written = await runWorkload(setting, ['write', 'zero', 'discard', 'flush'], 6, seed)
  const start = written.host.snapshot()
  const host = new SimulatedHost(start, random.chance(0.5) ? { random: random.fork() } : {})
  const expected = await wholeDisk(host, OVERLAY_PATH)
  const request = { kind: 'export', path: OVERLAY_PATH, target: TARGET, verify: true } as const
  await runJob(host, request, inSteps(setting.overlay.size, setting.overlay.clusterSize, random))
  const before = new SimulatedHost(start)
  const judge = (state: FileSystemState, cut: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = [...start.names.keys()]
      .filter((path) => !sameBytes(before, crashed, path))
      .map((path) => `${path} was changed`)
    const found = crashed.bytesAt(TARGET)?.toBytes()
    if (found === undefined) {
      if (cut === host.log.length) wrong.push('the new file is gone though the export had ended')
    } else if (expected?.equals(found) !== true) {
      wrong.push('the new file is not the disk')
    }
    return Promise.resolve(wrong)
  }
  return { start, log: host.log, judge }
}

/**
 * The same files, one of them cut off: the bitmap, or the image file of a disk whose size is
 * stored.
 */
function cutOff(state: FileSystemState, setting: Setting, random: Random): FileSystemState {
  const { layout, clusterSize } = setting.overlay
  const isImage = layout === 'add-cow' && random.chance(0.6)
  const number = state.names.get(isImage ? IMAGE_PATH : OVERLAY_PATH) ?? 0
  const bytes = state.files.get(number)?.clone() ?? new SparseBytes()
  const header = layout === 'add-cow' ? HEADER_SIZE : headerSize(Math.log2(clusterSize))
  bytes.truncate(
    isImage ? random.between(0, Math.floor(bytes.length / 3)) : header + random.below(3),
  )
  return { names: state.names, files: new Map(state.files).set(number, bytes) }
}

/** The same setting with an image file that is full of what nobody asked for: leaks. */
function leaking(setting: Setting): Setting {
  const { overlay } = setting
  return { ...setting, overlay: { ...overlay, image: { length: overlay.size, garbage: true } } }
}

/**
 * An overlay as a crash in a shrink leaves it, with stray bits and data, or cut off; and its
 * repair. What was repaired is added to `repaired`.
 */
export async function recordRepair(
  setting: Setting,
  repair: 'leaks' | 'all',
  seed: number,
  repaired: Set<FindingCode>,
): Promise<Recorded> {
  const random = new Random(seed)
  const damaged = random.chance(0.5) ? leaking(setting) : setting
  const written = await runWorkload(damaged, ['write', 'write', 'flush', 'shrink'], 6, seed)
  const crash = new CrashLog(written.start, written.log)
  crash.cutAt(random.between(Math.floor(written.log.length / 2), written.log.length))
  const [state = written.start] = [...crash.states(3, random)].slice(-1)
  const start = random.chance(0.5) ? state : cutOff(state, setting, random)
  const host = new SimulatedHost(start)
  const content = await wholeDisk(host, OVERLAY_PATH)
  for (const finding of await check(host, repair)) if (finding.repaired) repaired.add(finding.code)
  const readsWrong = async (crashed: SimulatedHost): Promise<boolean> =>
    content === undefined || (await wholeDisk(crashed, OVERLAY_PATH))?.equals(content) !== true
  const judge = async (state: FileSystemState): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = (await readsWrong(crashed)) ? ['the disk reads wrong'] : []
    await check(crashed, repair)
    const left = (await check(crashed, 'none')).filter(({ severity }) =>
      repair === 'all' ? severity !== 'notice' : severity === 'leak',
    )
    wrong.push(...left.map(({ code }) => `${code} is still there after another repair`))
    if (await readsWrong(crashed)) wrong.push('the disk reads wrong after another repair')
    return wrong
  }
  return { start, log: host.log, judge }
}
