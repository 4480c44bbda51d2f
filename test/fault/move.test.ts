/* A move of an overlay in which a host call fails. */
import { afterAll, describe, expect, it } from 'vitest'
import { EngineError, isEngineError } from '../../engine/base/errors'
import { KIB } from '../../engine/base/units'
import { openDisk } from '../../engine/image/disk'
import { inspectImage } from '../../engine/image/inspect'
import { runJob } from '../../engine/job/jobs'
import type { MoveRequest } from '../../engine/model/job'
import { checkDisk, diskContent, unwatched } from '../support/disks'
import type { Errno } from '../support/host-call'
import { type FileSystemState, sparseBytes } from '../support/host-log'
import { BASE_PATH, IMAGE_PATH, newOverlay, OVERLAY_PATH } from '../support/overlays'
import { Random } from '../support/random'
import { SimulatedHost } from '../support/simulated-host'

interface Case {
  readonly layout: 'add-cow' | 'acow'
  readonly names: MoveRequest['names']
  /** To another file system. */
  readonly noLinks: boolean
  readonly copy: boolean
  readonly errno: Errno
  /** Whether all calls that follow fail as well. */
  readonly forever: boolean
}

const [TARGET, TARGET_IMAGE] = ['/e/moved.add-cow', '/e/moved.raw']
/** What nothing may be done to. */
const OTHER = '/e/other'
const SIZE = 40 * KIB

/** An overlay with some data on a base, and the folder that it goes to. */
async function startFiles(layout: Case['layout']): Promise<FileSystemState> {
  const random = new Random(3)
  const base = { length: SIZE, data: [{ offset: 0, length: SIZE }] }
  const clusterSize = layout === 'acow' ? 4 * KIB : 512
  const host = new SimulatedHost(newOverlay({ layout, clusterSize, size: SIZE, base }, random))
  const disk = await openDisk(host, OVERLAY_PATH, { writable: true })
  await disk.write(random.bytes(9 * KIB), 3 * KIB)
  await disk.close()
  const { names, files } = host.snapshot()
  const number = Math.max(...files.keys()) + 1
  return {
    names: new Map(names).set(OTHER, number),
    files: new Map(files).set(number, sparseBytes(Buffer.of(1))),
  }
}

/** One move, of which one host call fails. */
class FailingMove {
  readonly wrong: string[] = []
  hit = false
  private lifted = false
  private readonly host: SimulatedHost
  private readonly request: MoveRequest

  constructor(
    private readonly start: FileSystemState,
    private readonly content: Buffer,
    private readonly given: Case,
    nth: number,
  ) {
    const { noLinks, copy, names, errno, forever } = given
    const fail = ({ index }: { readonly index: number }): Errno | undefined => {
      if (this.lifted || index < nth || (index > nth && !forever)) return undefined
      this.hit = true
      return errno
    }
    this.host = new SimulatedHost(start, { noLinks, fail })
    const paths = { path: OVERLAY_PATH, target: TARGET, targetImage: TARGET_IMAGE }
    this.request = { kind: 'move', ...paths, copy, names }
  }

  async run(): Promise<void> {
    try {
      await this.move()
    } catch (error) {
      const expected = this.given.errno === 'EIO' ? 'io/failed' : 'io/no-space'
      const isTold = error instanceof EngineError && error.code === expected
      if (!isTold) this.wrong.push(`failed with ${String(error)} instead of ${expected}`)
    }
    this.lifted = true
    if (this.host.openCount > 0) this.wrong.push(`${String(this.host.openCount)} open files`)
    await this.checkWhatIsLeft()
    await this.goOn()
    await this.checkEnd()
  }

  private async move(request = this.request): Promise<void> {
    await runJob(this.host, request, unwatched)
  }

  private async checkWhatIsLeft(): Promise<void> {
    const { copy, noLinks, forever } = this.given
    const found = await this.overlays()
    if (found.length === 0) this.wrong.push('the overlay is gone')
    if (copy && !found.includes(OVERLAY_PATH)) this.wrong.push('what was to stay is gone')
    // Of two each has its own image file: the new one could not be removed again.
    const mayBeTwo = copy || (noLinks && forever)
    if (found.length > 1 && !mayBeTwo) this.wrong.push('there are two overlays')
    for (const path of [BASE_PATH, OTHER, ...(copy ? [OVERLAY_PATH, IMAGE_PATH] : [])]) {
      if (!this.isAsBefore(path)) this.wrong.push(`${path} was changed`)
    }
  }

  /** As a person goes on: the same again, or the names made right where it has moved already. */
  private async goOn(): Promise<void> {
    const found = await this.overlays()
    if (found.includes(TARGET) && (this.given.copy || !found.includes(OVERLAY_PATH))) {
      await this.move({ ...this.request, path: TARGET, copy: false })
      return
    }
    // Where nothing works any more, a job cannot clean up either.
    if (this.given.forever) await this.removeMade()
    await this.move()
  }

  private async removeMade(): Promise<void> {
    const own = (await this.host.stat(IMAGE_PATH))?.identity
    for (const path of this.host.paths) {
      const isSecondName = (await this.host.stat(path))?.identity === own
      if (path.startsWith('/e/moved') && !isSecondName) await this.host.remove(path)
    }
  }

  private async checkEnd(): Promise<void> {
    const found = await this.overlays()
    const expected = this.given.copy ? [OVERLAY_PATH, TARGET] : [TARGET]
    if (found.join() !== expected.join()) this.wrong.push(`in the end it is at ${found.join()}`)
    const { imageFile } = await inspectImage(this.host, TARGET)
    const name = this.given.names === 'absolute' ? TARGET_IMAGE : 'moved.raw'
    if (imageFile?.name !== name) this.wrong.push(`its image is ${String(imageFile?.name)}`)
    const left = this.host.paths.filter((path) => path.endsWith('.part'))
    if (left.length > 0) this.wrong.push(`left behind: ${left.join()}`)
  }

  /** The paths at which an overlay is; each must be the disk. */
  private async overlays(): Promise<string[]> {
    const found: string[] = []
    for (const path of [OVERLAY_PATH, TARGET]) {
      // An empty file is one that keeps a name.
      if ((this.host.bytesAt(path)?.length ?? 0) === 0) continue
      try {
        const same = (await diskContent(this.host, path)).equals(this.content)
        if (!same) this.wrong.push(`${path} reads wrong`)
        const { findings } = await checkDisk(this.host, path, 'none')
        const bad = findings.filter(({ severity }) => severity !== 'notice')
        this.wrong.push(...bad.map(({ code }) => `${path}: check finds ${code}`))
        found.push(path)
      } catch (error) {
        if (!isEngineError(error, 'file/missing')) throw error
        this.wrong.push(`${path} cannot be used: ${error.message}`)
      }
    }
    return found
  }

  private isAsBefore(path: string): boolean {
    const before = new SimulatedHost(this.start).bytesAt(path)?.toBytes()
    const now = this.host.bytesAt(path)?.toBytes()
    return before !== undefined && now !== undefined && Buffer.compare(before, now) === 0
  }
}

const choices = [false, true]
const cases = (['add-cow', 'acow'] as const).flatMap((layout) =>
  (['relative', 'absolute'] as const).flatMap((names) =>
    choices.flatMap((noLinks) =>
      choices.flatMap((copy) =>
        (['EIO', 'ENOSPC'] as const).flatMap((errno) =>
          choices.map((forever): Case => ({ layout, names, noLinks, copy, errno, forever })),
        ),
      ),
    ),
  ),
)

describe('a host call that fails in a move', () => {
  let points = 0
  afterAll(() => {
    process.stdout.write(`fault points of moving: ${String(points)}\n`)
  })

  it.each(cases)('is told by its code and loses nothing: %j', async (given) => {
    const start = await startFiles(given.layout)
    const content = await diskContent(new SimulatedHost(start), OVERLAY_PATH)
    const violations: string[] = []
    for (let nth = 0; violations.length < 5; nth += 1) {
      const attempt = new FailingMove(start, content, given, nth)
      await attempt.run()
      violations.push(...attempt.wrong.map((wrong) => `call ${String(nth)}: ${wrong}`))
      if (!attempt.hit) break
      points += 1
    }
    expect(violations).toEqual([])
  })
})
