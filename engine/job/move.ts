import * as path from 'node:path'
import { splitRange } from '../base/byte-range'
import { EngineError, isEngineError } from '../base/errors'
import { MIB } from '../base/units'
import { resolveName, storedName } from '../format/file-names'
import type { OverlayNames } from '../format/layer'
import type { Overlay } from '../format/overlay/overlay-layer'
import { ENDLESS, type CopyPiece, type Host, type HostFile } from '../host/host'
import { type Disk, openDisk } from '../image/disk'
import { isNbdUri } from '../nbd/uri'
import type { JobPlan, JobResult, MoveRequest, PlannedFile } from '../model/job'
import { betweenSteps, type Job, type JobControl } from './job'
import { NewFiles } from './new-files'
import { refuseExisting } from './part-file'
import { checkSpace, commandLine, filesOf, overlayOf, requireSpace } from './plan'
import { replaceNames } from './replace-names'

/** What is copied between two looks at the cancel signal. */
const STEP = 64 * MIB

/**
 * Moves an overlay with its image file, copies it, or changes how its names are stored.
 *
 * On one file system nothing is copied. The image file gets its new name beside the old one; the
 * add-cow file, where it is, gets names that do not depend on the place, then its new place, in
 * one step each; the old name of the image file goes last. There is one add-cow file at any
 * moment, and its names lead to the files.
 *
 * Between file systems, and for a copy, the image file is copied, its holes as holes; then the new
 * add-cow file gets its name, whole: from there on the new overlay is one. Of a move the old
 * add-cow file is removed then, and its image file last.
 */
export const moveJob: Job<MoveRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const { disk, top } = await openForMove(host, request)
    try {
      const bytesToCopy = await bytesOf(top.image)
      const { copy, targetImage } = request
      const needed = copy ? bytesToCopy : 0
      return {
        kind: 'move',
        warnings: [],
        files: [
          ...filesOf(disk, copy ? 'read' : 'write'),
          ...(isInPlace(request, top) ? [] : filesMade(request)),
        ],
        bytesToCopy: needed,
        spaceNeeded: needed,
        commandLine: commandOf(request),
        ...(await checkSpace(host, targetImage, needed)),
      }
    } finally {
      await disk.close()
    }
  },

  async run(host, request, control): Promise<JobResult> {
    const { disk, top } = await openForMove(host, request)
    const result = { kind: 'move', path: request.target } as const
    try {
      const names = namesAt(request, top, request.target)
      if (isInPlace(request, top)) {
        await replaceNames(host, top, names)
      } else if (request.copy || !(await linkImage(host, request, top))) {
        const bytesCopied = await copyOver(host, request, top, names, control)
        return { ...result, bytesCopied }
      } else {
        await moveOver(host, request, top, names)
      }
      return result
    } finally {
      await disk.close()
    }
  },
}

function filesMade({ target, targetImage }: MoveRequest): PlannedFile[] {
  return [
    { path: target, role: 'add-cow', action: 'create' },
    { path: targetImage, role: 'image', action: 'create' },
  ]
}

/** Whether only the names change; a copy of an overlay onto itself is none. */
function isInPlace({ path: from, target, targetImage, copy }: MoveRequest, top: Overlay): boolean {
  return !copy && path.resolve(from) === target && top.imagePath === targetImage
}

async function openForMove(
  host: Host,
  request: MoveRequest,
): Promise<{ disk: Disk; top: Overlay }> {
  const disk = await openDisk(host, request.path, { writable: true, topOnly: true })
  try {
    const top = overlayOf(disk)
    await top.checkNames(namesAt(request, top, request.target))
    if (!isInPlace(request, top)) await refuseTaken(host, request, top)
    return { disk, top }
  } catch (error) {
    await disk.close()
    throw error
  }
}

/** Nothing may be at the new places, but the image file itself where an earlier run stopped. */
async function refuseTaken(host: Host, request: MoveRequest, top: Overlay): Promise<void> {
  const { target, targetImage, copy } = request
  for (const name of [target, targetImage]) {
    const parent = await host.stat(path.dirname(name))
    if (parent?.kind !== 'directory') {
      const message = `Cannot make ${name}: there is no directory ${path.dirname(name)}`
      const details = { path: path.dirname(name) }
      throw new EngineError('file/missing', message, details, { state: 'unchanged' })
    }
    const found = await host.stat(name)
    const isOwn = name === targetImage && !copy && found?.identity === top.image.identity
    if (found === undefined || isOwn) continue
    const message = `Cannot move ${request.path}: ${name} exists already`
    throw new EngineError('file/exists', message, { path: name }, { state: 'unchanged' })
  }
}

/** The names of the files for an add-cow file at `place`, in the way that was asked for. */
function namesAt(request: MoveRequest, top: Overlay, place: string): OverlayNames {
  const directory = path.dirname(place)
  const name = (file: string): string =>
    request.names === 'absolute' || isNbdUri(file) ? file : relativeName(file, directory)
  const { backing } = top
  return {
    imageName: name(request.targetImage),
    backing: backing && { ...backing, name: name(resolveName(backing.name, top.path)) },
  }
}

/** Relative even where it climbs; see storedName for the rest. */
function relativeName(file: string, directory: string): string {
  const stored = storedName(file, directory)
  if (!path.isAbsolute(stored)) return stored
  return path.relative(directory, file).split(path.sep).join('/')
}

/** Gives the image file its new name as well; false where that cannot be, and nothing was done. */
async function linkImage(host: Host, request: MoveRequest, top: Overlay): Promise<boolean> {
  const { targetImage } = request
  if ((await host.stat(targetImage)) !== undefined) return true
  try {
    await host.link(await host.realPath(top.imagePath), targetImage)
  } catch (error) {
    if (isEngineError(error, 'not-supported')) return false
    throw error
  }
  await host.syncDirectory(path.dirname(targetImage))
  return true
}

async function moveOver(
  host: Host,
  request: MoveRequest,
  top: Overlay,
  names: OverlayNames,
): Promise<void> {
  const { target, targetImage } = request
  const oldPlace = await host.realPath(request.path)
  await replaceNames(host, top, namesAt({ ...request, names: 'absolute' }, top, target))
  const files = new NewFiles(host)
  try {
    // An empty file of our own keeps the name, so that none of somebody else's is lost.
    await (await files.make(target)).close()
    await host.rename(oldPlace, target)
    files.keep(target)
  } catch (error) {
    await files.remove()
    throw error
  }
  await host.syncDirectory(path.dirname(target))
  await host.syncDirectory(path.dirname(oldPlace))
  if (request.names === 'relative') await replaceNames(host, top, names, target)
  if (top.imagePath !== targetImage) await removeDurably(host, top.imagePath)
}

/**
 * Makes a second overlay at the new place, and of a move removes the old one; bytes copied. Where
 * the old add-cow file cannot be removed, nothing has moved.
 */
async function copyOver(
  host: Host,
  request: MoveRequest,
  top: Overlay,
  names: OverlayNames,
  control: JobControl,
): Promise<number> {
  const { target, targetImage } = request
  const oldPlace = await host.realPath(top.path)
  const files = new NewFiles(host)
  let copied = 0
  try {
    await refuseExisting(host, target)
    const left = await refuseExisting(host, targetImage)
    await requireSpace(host, targetImage, (await bytesOf(top.image)) - left)
    const image = await files.makePart(targetImage)
    copied = await copyImage(top.image, image, request, control)
    await image.sync()
    await files.publishPart(targetImage)
    await top.writeRenamed(await files.makePart(target), names)
    await files.publishPart(target)
    if (!request.copy) await host.remove(oldPlace)
  } catch (error) {
    // Who cannot say whether the old one is still there keeps the new one.
    const old = await host.stat(oldPlace).catch(() => undefined)
    await (old === undefined ? files.leave() : files.remove())
    throw error
  }
  if (!request.copy) {
    await host.syncDirectory(path.dirname(oldPlace))
    await removeDurably(host, top.imagePath)
  }
  return copied
}

async function copyImage(
  from: HostFile,
  to: HostFile,
  request: MoveRequest,
  control: JobControl,
): Promise<number> {
  const { size: total } = await from.stat()
  const stopping = { what: `The move of ${request.path}`, state: 'unchanged' } as const
  await to.truncate(total)
  let copied = 0
  for (const run of await dataRuns(from)) {
    for (const step of splitRange(run, STEP)) {
      await betweenSteps(control, stopping, { phase: 'copying', current: step.offset, total })
      await to.copyFrom([{ ...step, source: from, sourceOffset: step.offset }])
      copied += step.length
    }
  }
  control.report({ phase: 'copying', current: total, total })
  return copied
}

async function dataRuns(file: HostFile): Promise<Pick<CopyPiece, 'offset' | 'length'>[]> {
  const { size } = await file.stat()
  const runs: Pick<CopyPiece, 'offset' | 'length'>[] = []
  for (let at = 0; at < size;) {
    const { data, end } = await file.dataAt(at)
    if (data) runs.push({ offset: at, length: Math.min(end, size) - at })
    at = end === ENDLESS ? size : end
  }
  return runs
}

async function bytesOf(file: HostFile): Promise<number> {
  return (await dataRuns(file)).reduce((sum, { length }) => sum + length, 0)
}

async function removeDurably(host: Host, file: string): Promise<void> {
  await host.remove(file)
  await host.syncDirectory(path.dirname(file))
}

function commandOf({ path: from, target, copy, names }: MoveRequest): string {
  const flags = [...(copy ? ['--copy'] : []), ...(names === 'absolute' ? ['--absolute'] : [])]
  return commandLine('move', ...flags, from, target)
}
