import type { Host } from '../../engine/host/host'
import { isEngineError } from '../../engine/base/errors'
import { openDisk } from '../../engine/image/disk'
import { inspectImage } from '../../engine/image/inspect'
import { runJob } from '../../engine/job/jobs'
import type { CommitRequest, MoveRequest, RebaseRequest } from '../../engine/model/job'
import { checkDisk, diskContent, inSteps, unwatched } from '../support/disks'
import { type FileSystemState, sparseBytes } from '../support/host-log'
import { BASE_PATH, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'
import type { Recorded } from './explore'
import { type HostWrapper, runWorkload, type Setting } from './workload'

/** An overlay on the workload's overlay: what is committed into an overlay. */
const TOP_PATH = '/d/top.add-cow'
/** What a rebase goes to. */
const NEW_BASE = '/d/new.raw'

/** One state in so many is also gone on with, to the end of the job. */
const RESUME_EVERY = 5

const asIs: HostWrapper = (host) => host

/** Some writes, then a commit into the raw base or, with `stacked`, into an overlay. */
export async function recordCommit(
  setting: Setting,
  stacked: boolean,
  seed: number,
  wrap = asIs,
): Promise<Recorded> {
  const random = new Random(seed)
  const kinds = ['write', 'write', 'zero', 'discard', 'flush'] as const
  const { host: written } = await runWorkload(setting, kinds, 6, seed)
  if (stacked) await stack(written, setting, random)
  const start = written.snapshot()
  const host = new SimulatedHost(start)
  const path = stacked ? TOP_PATH : OVERLAY_PATH
  const basePath = stacked ? OVERLAY_PATH : BASE_PATH
  const content = await diskContent(host, path)
  const request: CommitRequest = { kind: 'commit', path, verify: random.chance(0.5) }
  const control = inSteps(content.length, Math.max(4096, setting.overlay.clusterSize), random)
  await runJob(wrap(host), request, control)
  const judge = async (state: FileSystemState, cut: number, nth: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = await wrongDisk(crashed, path, content)
    const acknowledged = cut === host.log.length
    if (wrong.length > 0 || (nth % RESUME_EVERY !== 0 && !acknowledged)) return wrong
    if (!acknowledged) await runJob(crashed, request, control)
    return [...(await wrongDisk(crashed, path, content)), ...(await uncommitted(crashed))]
  }
  /** What is not as a commit leaves it. */
  async function uncommitted(ended: Host): Promise<string[]> {
    const base = await diskContent(ended, basePath)
    const wrong: string[] = []
    if (!base.subarray(0, content.length).equals(content)) wrong.push('the base is not the disk')
    const { findings, allocatedClusters } = await checkDisk(ended, path, 'none')
    if (allocatedClusters > 0) wrong.push('the overlay is not empty')
    const leaks = findings.filter(({ severity }) => severity === 'leak')
    return [...wrong, ...leaks.map(({ code }) => `the commit leaves ${code}`)]
  }
  return { start, log: host.log, judge }
}

/** Puts an overlay of another size and layout on the workload's, and writes to it. */
async function stack(host: SimulatedHost, setting: Setting, random: Random): Promise<void> {
  const { layout, size } = setting.overlay
  const format = layout === 'acow' ? 'add-cow' : 'acow'
  const names = { path: TOP_PATH, imageFile: 'top.raw', backingFile: 'x.add-cow' }
  const sized = { size: Math.max(512, size + 512 * random.between(-8, 8)) }
  const clusters = format === 'acow' ? { clusterSize: 4096 } : {}
  await runJob(host, { kind: 'create', format, ...names, ...sized, ...clusters }, unwatched)
  const disk = await openDisk(host, TOP_PATH, { writable: true })
  for (let left = random.between(1, 5); left > 0; left -= 1) {
    const offset = random.below(disk.size)
    const length = Math.min(disk.size - offset, random.between(1, 6000))
    if (random.chance(0.3)) await disk.writeZeroes({ offset, length })
    else await disk.write(random.bytes(length), offset)
  }
  await disk.close()
}

/** Some writes, then a rebase onto a base that is the same in parts, or onto nothing. */
export async function recordRebase(
  setting: Setting,
  toNothing: boolean,
  seed: number,
  wrap = asIs,
): Promise<Recorded> {
  const random = new Random(seed)
  const { host: written } = await runWorkload(setting, ['write', 'zero', 'flush'], 4, seed)
  const start = withNewBase(written.snapshot(), setting, random)
  const host = new SimulatedHost(start)
  const content = await diskContent(host, OVERLAY_PATH)
  const backingFile = toNothing ? '' : 'new.raw'
  const request: RebaseRequest = {
    kind: 'rebase',
    path: OVERLAY_PATH,
    backingFile,
    namesOnly: false,
    verify: random.chance(0.5),
  }
  const control = inSteps(setting.overlay.size, setting.overlay.clusterSize, random)
  await runJob(wrap(host), request, control)
  const judge = async (state: FileSystemState, cut: number, nth: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state)
    const wrong = await wrongDisk(crashed, OVERLAY_PATH, content)
    const acknowledged = cut === host.log.length
    if (wrong.length > 0 || (nth % RESUME_EVERY !== 0 && !acknowledged)) return wrong
    if (!acknowledged) await runJob(crashed, request, control)
    const after = await wrongDisk(crashed, OVERLAY_PATH, content)
    const { backing } = await inspectImage(crashed, OVERLAY_PATH)
    if ((backing?.name ?? '') !== backingFile) after.push(`it is on ${String(backing?.name)}`)
    const left = crashed.paths.filter((path) => path.endsWith('.part'))
    return [...after, ...left.map((path) => `${path} is left behind`)]
  }
  return { start, log: host.log, judge }
}

/** The old base with some bytes changed, longer or shorter. */
function withNewBase(state: FileSystemState, setting: Setting, random: Random): FileSystemState {
  const old = state.files.get(state.names.get(BASE_PATH) ?? 0)?.toBytes() ?? new Uint8Array(0)
  const bytes = new Uint8Array(Math.max(512, setting.overlay.size + random.between(-6000, 6000)))
  bytes.set(old.subarray(0, bytes.length))
  for (let left = random.between(0, 3); left > 0; left -= 1) {
    const offset = random.below(bytes.length)
    bytes.set(random.bytes(Math.min(bytes.length - offset, 3000)), offset)
  }
  const number = Math.max(0, ...state.files.keys()) + 1
  return {
    names: new Map(state.names).set(NEW_BASE, number),
    files: new Map(state.files).set(number, sparseBytes(bytes)),
  }
}

/** Some writes, then a move to another folder and name; `noLinks`: to another file system. */
export async function recordMove(
  setting: Setting,
  names: MoveRequest['names'],
  noLinks: boolean,
  seed: number,
  wrap = asIs,
): Promise<Recorded> {
  const { host: written } = await runWorkload(setting, ['write', 'zero', 'flush'], 4, seed)
  const start = withOther(written.snapshot())
  const host = new SimulatedHost(start, { noLinks })
  const content = await diskContent(host, OVERLAY_PATH)
  const [target, targetImage] = ['/e/moved.add-cow', '/e/moved.raw']
  const request = { kind: 'move', path: OVERLAY_PATH, target, targetImage, names } as const
  await runJob(wrap(host), { ...request, copy: false }, unwatched)
  const judge = async (state: FileSystemState, cut: number): Promise<string[]> => {
    const crashed = new SimulatedHost(state, { noLinks })
    const found: string[] = []
    const wrong: string[] = []
    for (const path of [OVERLAY_PATH, target]) {
      if (!(await isOverlay(crashed, path))) continue
      found.push(path)
      wrong.push(...(await wrongDisk(crashed, path, content)))
    }
    if (found.length === 0) wrong.push('the overlay is gone')
    // Of a copy on another file system both may be there; each has an image file of its own.
    if (found.length > 1 && !noLinks) wrong.push('there are two overlays on one image file')
    if (cut < host.log.length) return wrong
    if (found.join() !== target) wrong.push(`it is at ${found.join()}`)
    const others = crashed.paths.filter((path) => path !== BASE_PATH && path !== '/e/other')
    return others.join() === `${target},${targetImage}` ? wrong : [...wrong, others.join()]
  }
  return { start, log: host.log, judge }
}

/** With a file in the folder that the overlay goes to. */
function withOther(state: FileSystemState): FileSystemState {
  const number = Math.max(0, ...state.files.keys()) + 1
  return {
    names: new Map(state.names).set('/e/other', number),
    files: new Map(state.files).set(number, sparseBytes(Buffer.from('other'))),
  }
}

/** Whether there is an overlay: neither nothing nor the empty file that kept its name. */
async function isOverlay(host: SimulatedHost, path: string): Promise<boolean> {
  if (host.bytesAt(path)?.length === 0) return false
  try {
    await inspectImage(host, path)
    return true
  } catch (error) {
    if (isEngineError(error, 'file/missing')) return false
    throw error
  }
}

async function wrongDisk(host: Host, path: string, content: Buffer): Promise<string[]> {
  const found = await diskContent(host, path)
  const wrong = found.equals(content) ? [] : ['the disk reads wrong']
  const { findings } = await checkDisk(host, path, 'none')
  const bad = findings.filter(({ severity }) => severity === 'corruption')
  return [...wrong, ...bad.map(({ code, message }) => `check finds ${code}: ${message}`)]
}
