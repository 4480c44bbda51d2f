import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { isEngineError } from '../../engine/base/errors'
import type { FileStat, HostFile, NameInImage, OpenOptions } from '../../engine/host/host'
import { type Disk, openDisk } from '../../engine/image/disk'
import { inspectChain, inspectImage } from '../../engine/image/inspect'
import { planJob, runJob } from '../../engine/job/jobs'
import type { JobRequest } from '../../engine/model/job'
import { unwatched } from '../support/disks'
import { SimulatedHost } from '../support/simulated-host'
import { WrappedHost } from '../support/wrapped-host'
import { type FuzzInput, stateOf } from './input'
import { namedPaths } from './named-paths'

const KIB = 1024
const MIB = 1024 * KIB
/** What no operation on an input may pass: calls of the host, and bytes in one of them. */
const CALL_LIMIT = 100_000
const TRANSFER_LIMIT = 4 * MIB
/** Disks up to here are read, written and flattened as a whole. */
const SMALL = 512 * KIB
/** What is read at once. */
const PART = 16 * KIB
const RUNS_SHOWN = 200

/** How an input ended, and what should not have happened; empty = nothing. */
export interface Outcome {
  /** The code of the error that the top could not be opened for; undefined where it could. */
  readonly refused: string | undefined
  readonly violations: readonly string[]
}

/** Notes every path that the engine touches. */
class NotingHost extends WrappedHost {
  readonly touched = new Set<string>()

  /** As a person who has not been asked: whatever leads to the network is never touched. */
  mayFollow({ target }: NameInImage): Promise<boolean> {
    return Promise.resolve(!target.startsWith('nbd'))
  }

  override open(path: string, options: OpenOptions): Promise<HostFile> {
    this.touched.add(path)
    return super.open(path, options)
  }

  override stat(path: string): Promise<FileStat | undefined> {
    this.touched.add(path)
    return super.stat(path)
  }

  override freeSpace(directory: string): Promise<number | undefined> {
    this.touched.add(`${directory}/`)
    return super.freeSpace(directory)
  }
}

/** Does everything with an input that people can do, each from the same files on. */
export async function tryInput(input: FuzzInput): Promise<Outcome> {
  const trial = new Trial(input)
  const opened = await trial.run('inspect', 'reads', (host) => inspectImage(host, input.top))
  await trial.run('inspect chain', 'reads', (host) => inspectChain(host, input.top))
  const content = await trial.run('read', 'reads', (host) => readDisk(host, input.top))
  await trial.run('plan', 'reads', (host) => planAll(host, input.top))
  for (const repair of ['none', 'leaks', 'all'] as const) {
    await trial.run(`check ${repair}`, repair === 'none' ? 'reads' : 'writes', async (host) => {
      await job(host, { kind: 'check', path: input.top, repair })
      await expectContent(host, input.top, content)
    })
  }
  await trial.run('flatten', 'writes', (host) => flatten(host, input.top, content))
  await trial.run('write', 'writes', (host) => write(host, input.top))
  const refused = typeof opened === 'object' ? undefined : trial.lastCode
  return { refused, violations: trial.violations }
}

class Trial {
  readonly violations: string[] = []
  lastCode: string | undefined
  private readonly allowed: ReadonlySet<string>

  constructor(private readonly input: FuzzInput) {
    const paths = namedPaths(input)
    this.allowed = new Set([...paths, ...[...paths].map((path) => `${dirname(path)}/`)])
  }

  /**
   * Does one thing on a host of its own; what it gives, or undefined where it failed by a typed
   * error.
   */
  async run<T>(
    what: string,
    access: 'reads' | 'writes',
    operation: (host: NotingHost) => Promise<T>,
  ): Promise<T | undefined> {
    const inner = new SimulatedHost(stateOf(this.input), { callLimit: CALL_LIMIT })
    const host = new NotingHost(inner)
    try {
      return await operation(host)
    } catch (error) {
      this.judge(what, error)
      return undefined
    } finally {
      this.look(what, access, inner, host)
    }
  }

  private judge(what: string, error: unknown): void {
    if (isEngineError(error) && error.code !== 'internal') {
      this.lastCode ??= error.code
      return
    }
    this.violations.push(`${what}: ${error instanceof Error ? String(error.stack) : String(error)}`)
  }

  private look(
    what: string,
    access: 'reads' | 'writes',
    inner: SimulatedHost,
    host: NotingHost,
  ): void {
    const note = (text: string): unknown => this.violations.push(`${what}: ${text}`)
    if (inner.openCount > 0) note(`${String(inner.openCount)} files stay open`)
    if (inner.longestTransfer > TRANSFER_LIMIT)
      note(`${String(inner.longestTransfer)} bytes at once`)
    const changes = inner.log.filter(({ kind }) => kind !== 'sync')
    if (access === 'reads' && changes.length > 0)
      note(`changes files by ${String(changes[0]?.kind)}`)
    for (const path of host.touched) if (!this.allowed.has(path)) note(`touches ${path}`)
  }
}

async function job(host: NotingHost, request: JobRequest): Promise<void> {
  await runJob(host, request, unwatched)
}

async function planAll(host: NotingHost, path: string): Promise<void> {
  for (const request of [
    { kind: 'flatten', path, verify: true },
    { kind: 'check', path, repair: 'none' },
    { kind: 'resize', path, size: 512, shrink: false },
  ] as const) {
    const plan = await planJob(host, request)
    for (const { code } of plan.problems)
      if (code === 'internal') throw new Error('an untyped problem')
  }
}

/** A hash of what the disk reads as and of its map; of a large one, of parts. */
async function readDisk(host: NotingHost, path: string): Promise<string> {
  const disk = await openDisk(host, path, { writable: false, cacheBytes: 1 })
  try {
    return `${String(disk.size)} ${await hashOf(disk)} ${await mapOf(disk)}`
  } finally {
    await disk.close()
  }
}

async function hashOf(disk: Disk): Promise<string> {
  const hash = createHash('sha1')
  const { size } = disk
  const step = size <= SMALL ? PART : Math.ceil(size / 16)
  for (let at = 0; at < size; at += step) {
    const bytes = new Uint8Array(Math.min(PART, size - at))
    await disk.read(bytes, at)
    hash.update(bytes)
  }
  return hash.digest('hex')
}

/** Who serves what, for the first runs of the map. Throws where it has a gap. */
async function mapOf(disk: Disk): Promise<string> {
  const runs: string[] = []
  let end = 0
  for await (const { offset, length, depth } of disk.extents()) {
    if (offset !== end || length <= 0) throw new Error(`the map has a gap at ${String(end)}`)
    end = offset + length
    runs.push(`${String(offset)}:${String(depth)}`)
    if (runs.length === RUNS_SHOWN) return runs.join()
  }
  if (end !== disk.size) throw new Error(`the map ends at ${String(end)}`)
  return runs.join()
}

/** Size and hash, without the map: a flatten changes who serves what. */
function contentOf(read: string): string {
  return read.split(' ').slice(0, 2).join(' ')
}

/** A repair makes the files say what is read from them already: so the content stays. */
async function expectContent(
  host: NotingHost,
  path: string,
  before: string | undefined,
): Promise<void> {
  if (before === undefined) return
  const after = await readDisk(host, path)
  if (contentOf(after) !== contentOf(before))
    throw new Error('the disk reads otherwise than before')
}

async function flatten(host: NotingHost, path: string, before: string | undefined): Promise<void> {
  if (before === undefined || Number.parseInt(before) > SMALL) return
  await job(host, { kind: 'flatten', path, verify: true })
  await expectContent(host, path, before)
}

/** Writes here and there, closes, and reads all of it again. */
async function write(host: NotingHost, path: string): Promise<void> {
  const options = { writable: true, cacheBytes: 1 }
  const disk = await openDisk(host, path, options)
  const { size } = disk
  const places = [...new Set([0, Math.floor(size / 3), size - 700].map((at) => Math.max(0, at)))]
  const bytes = new Uint8Array(Math.min(700, size)).fill(0xa5)
  const inside = places.filter((at) => at + bytes.length <= size)
  try {
    for (const at of inside) await disk.write(bytes, at)
    await disk.discard({ offset: 0, length: 0 })
  } finally {
    await disk.close()
  }
  const again = await openDisk(host, path, { ...options, writable: false })
  try {
    for (const at of inside) {
      const found = new Uint8Array(bytes.length)
      await again.read(found, at)
      if (Buffer.compare(found, bytes) !== 0)
        throw new Error(`what was written at ${String(at)} is gone`)
    }
  } finally {
    await again.close()
  }
}
