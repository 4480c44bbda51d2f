/*
 * A crash suite that still passes with a flush taken out is no suite. Here the order on disk is
 * broken below the engine, in the ways in which an engine could break it, and the suite's own judge
 * must find each one.
 */
import * as path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MaybePromise } from '../../engine/base/maybe-promise'
import { HEADER_SIZE } from '../../engine/format/add-cow/header'
import type { Host, HostFile } from '../../engine/host/host'
import { BASE_PATH, IMAGE_PATH, OVERLAY_PATH } from '../support/overlays'
import { HostOfWrappedFiles, WrappedFile, WrappedHost } from '../support/wrapped-host'
import { exploreRuns, exploreWorkloads, type Explored, type Recorded } from './explore'
import { recordCreate } from './recorded'
import { recordCommit, recordMove, recordRebase } from './recorded-jobs'
import { smallSettings } from './settings'
import type { HostWrapper, Setting, StepKind } from './workload'

/**
 * States within which a fault has to be found; the suites try as many for each of their settings.
 */
const SOON = 2000

function wrapPath(path: string, wrap: (file: HostFile) => HostFile): HostWrapper {
  return (host) => new HostOfWrappedFiles(host, (file) => (file.path === path ? wrap(file) : file))
}

class NeverSynced extends WrappedFile {
  override sync(): Promise<void> {
    return Promise.resolve()
  }
}

/**
 * The image file is synced, but only when the add-cow file was: bits become durable before their
 * data.
 */
function bitsFirst(host: Host): Host {
  let late: HostFile | undefined
  class LateImage extends WrappedFile {
    override sync(): Promise<void> {
      late = this.inner
      return Promise.resolve()
    }
  }
  class EarlyMetadata extends WrappedFile {
    override async sync(): Promise<void> {
      await this.inner.sync()
      await late?.sync()
    }
  }
  return new HostOfWrappedFiles(host, (file) => {
    if (file.path === IMAGE_PATH) return new LateImage(file)
    return file.path === OVERLAY_PATH ? new EarlyMetadata(file) : file
  })
}

/** While the size is changed, the new size is written first and the bits for it afterwards. */
class SizeFirst extends WrappedFile {
  private held: { source: Uint8Array; offset: number }[] = []
  private resizing = false

  override async truncate(size: number): Promise<void> {
    this.resizing = true
    await super.truncate(size)
  }

  override write(source: Uint8Array, offset: number): MaybePromise<void> {
    if (offset < HEADER_SIZE) return this.writeSize(source, offset)
    if (!this.resizing) return super.write(source, offset)
    this.held.push({ source, offset })
  }

  private async writeSize(source: Uint8Array, offset: number): Promise<void> {
    await super.write(source, offset)
    await super.sync()
    for (const each of this.held) await super.write(each.source, each.offset)
    this.held = []
    this.resizing = false
  }
}

class DirectoryNeverSynced extends WrappedHost {
  override syncDirectory(): Promise<void> {
    return Promise.resolve()
  }
}

/** Only what is taken away from the old folder is made durable, not what is put into the new. */
class TargetFolderNeverSynced extends WrappedHost {
  override async syncDirectory(directory: string): Promise<void> {
    if (directory === path.dirname(OVERLAY_PATH)) await super.syncDirectory(directory)
  }
}

function setting(layout: string): Setting {
  const found = smallSettings.find(({ name }) => name.startsWith(layout) && name.includes('longer'))
  if (found === undefined) throw new Error('no such setting')
  return found
}

async function explore(
  layout: string,
  kinds: readonly StepKind[],
  wrap?: HostWrapper,
): Promise<Explored> {
  const options = wrap === undefined ? {} : { wrap }
  return await exploreWorkloads(setting(layout), kinds, SOON, options)
}

describe.each(['add-cow', 'acow'])('the crash suite finds, in layout %s,', (layout) => {
  it('nothing where nothing is broken', async () => {
    expect(await explore(layout, ['write', 'flush', 'grow', 'shrink'])).toMatchObject({
      violations: [],
    })
  })

  it('that the image file is never synced', async () => {
    const wrap = wrapPath(IMAGE_PATH, (file) => new NeverSynced(file))
    const { violations } = await explore(layout, ['write', 'flush'], wrap)
    expect(violations.join()).toContain('neither old nor new')
  })

  it('that the add-cow file is never synced', async () => {
    const wrap = wrapPath(OVERLAY_PATH, (file) => new NeverSynced(file))
    const { violations } = await explore(layout, ['write', 'flush'], wrap)
    expect(violations.join()).toContain('neither old nor new')
  })

  it('that bits are written before their data', async () => {
    const { violations } = await explore(layout, ['write', 'flush'], bitsFirst)
    expect(violations.join()).toContain('neither old nor new')
  })
})

describe('the crash suite finds', () => {
  it('that a resize stores the size before the bits', async () => {
    const wrap = wrapPath(OVERLAY_PATH, (file) => new SizeFirst(file))
    const { violations } = await explore('add-cow', ['write', 'flush', 'grow'], wrap)
    expect(violations.join()).toContain('neither old nor new')
  })

  it('that the names of new files are not made durable', async () => {
    const wrap: HostWrapper = (host) => new DirectoryNeverSynced(host)
    const given = { format: 'add-cow', backingFile: BASE_PATH } as const
    const record = (seed: number): ReturnType<typeof recordCreate> =>
      recordCreate(given, false, seed, wrap)
    const { violations } = await exploreRuns(record, SOON)
    expect(violations.join()).toMatch(/is gone|is missing/)
  })

  it('that a new add-cow file gets its name before its content', async () => {
    const wrap: HostWrapper = (host) =>
      new HostOfWrappedFiles(host, (file) => new NeverSynced(file))
    const given = { format: 'add-cow', backingFile: BASE_PATH } as const
    const record = (seed: number): ReturnType<typeof recordCreate> =>
      recordCreate(given, false, seed, wrap)
    const { violations } = await exploreRuns(record, SOON)
    expect(violations).not.toEqual([])
  })
})

describe.each(['add-cow', 'acow'])('the crash suite finds of jobs, in layout %s,', (layout) => {
  const wrongCommit = async (wrap: HostWrapper): Promise<string> => {
    const record = (seed: number): Promise<Recorded> =>
      recordCommit(setting(layout), false, seed, wrap)
    return (await exploreRuns(record, SOON)).violations.join()
  }
  const wrongRebase = async (wrap: HostWrapper): Promise<string> => {
    const record = (seed: number): Promise<Recorded> =>
      recordRebase(setting(layout), true, seed, wrap)
    return (await exploreRuns(record, SOON)).violations.join()
  }

  it('that a commit gives up what the base does not hold durably', async () => {
    const wrap = wrapPath(BASE_PATH, (file) => new NeverSynced(file))
    expect(await wrongCommit(wrap)).toContain('the disk reads wrong')
  })

  it('that a commit gives blocks back before the bits are cleared durably', async () => {
    const wrap = wrapPath(OVERLAY_PATH, (file) => new NeverSynced(file))
    expect(await wrongCommit(wrap)).toContain('the disk reads wrong')
  })

  it('that a rebase changes the names before what it brought in is durable', async () => {
    const wrap = wrapPath(IMAGE_PATH, (file) => new NeverSynced(file))
    expect(await wrongRebase(wrap)).toContain('the disk reads wrong')
  })

  it('that a rebase puts a file in place that is not durable', async () => {
    const part = `${OVERLAY_PATH}.new-names.part`
    const wrap = wrapPath(part, (file) => new NeverSynced(file))
    expect(await wrongRebase(wrap)).not.toBe('')
  })

  it('that a rebase ends before its new name is durable', async () => {
    const wrap: HostWrapper = (host) => new DirectoryNeverSynced(host)
    expect(await wrongRebase(wrap)).toContain('it is on base.raw')
  })

  const wrongMove = async (noLinks: boolean, wrap: HostWrapper): Promise<string> => {
    const record = (seed: number): Promise<Recorded> =>
      recordMove(setting(layout), 'relative', noLinks, seed, wrap)
    return (await exploreRuns(record, SOON)).violations.join()
  }

  it.each([false, true])(
    'that a move removes the old files before the new names are durable, copied: %s',
    async (noLinks) => {
      const wrap: HostWrapper = (host) => new TargetFolderNeverSynced(host)
      expect(await wrongMove(noLinks, wrap)).toMatch(/is gone|is missing|there is no file/)
    },
  )

  it('that a move to another file system removes what its copy does not hold durably', async () => {
    const wrap: HostWrapper = (host) =>
      new HostOfWrappedFiles(host, (file) => new NeverSynced(file))
    expect(await wrongMove(true, wrap)).not.toBe('')
  })
})
