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
import { refuseExisting, removeLeft } from './part-file'
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
 * Between file systems, and for a copy, both files are copied, their holes as holes; then the new
 * add-cow file gets its name, whole: from there on the new overlay is one. Of a move the old
 * add-cow file is removed then, and its image file last.
 */
export const moveJob: Job<MoveRequest> = {
  stateWhenStopped: 'resumable',

  async plan(host, request): Promise<JobPlan> {
    const { disk, top } = await openForMove(host, request)
    try {
      const { copy } = request
      const copies = !isInPlace(request, top) && !(await movesByNames(host, request, top))
      const bytesToCopy = copies ? await bytesMoved(request, top) : 0
      return {
        kind: 'move',
        warnings: [],
        files: [
          ...filesOf(disk, copy ? 'read' : 'write'),
          ...(isInPlace(request, top) ? [] : filesMade(request, top)),
        ],
        bytesToCopy,
        spaceNeeded: bytesToCopy,
        ...(copies && !copy && { spaceFreed: bytesToCopy }),
        commandLine: commandOf(request, top),
        ...(await checkSpace(host, growing(request, top), bytesToCopy)),
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
      } else if (
        !(await movesByNames(host, request, top)) ||
        !(await linkImage(host, request, top))
      ) {
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

function filesMade({ target, targetImage }: MoveRequest, top: Overlay): PlannedFile[] {
  const overlay = { path: target, role: 'add-cow', action: 'create' } as const
  if (targetImage === top.imagePath) return [overlay]
  return [overlay, { path: targetImage, role: 'image', action: 'create' }]
}

/** Whether nothing has to be copied, as far as the host says: both files stay on their disks. */
async function movesByNames(host: Host, request: MoveRequest, top: Overlay): Promise<boolean> {
  if (request.copy) return false
  const moves = [
    { from: request.path, to: request.target },
    { from: top.imagePath, to: request.targetImage },
  ]
  for (const { from, to } of moves) {
    const [old, parent] = [await host.stat(from), await host.stat(path.dirname(to))]
    if (old?.fileSystem !== parent?.fileSystem) return false
  }
  return true
}

/** Bytes that are there twice when all is copied, and nothing removed yet. */
async function bytesMoved({ targetImage }: MoveRequest, top: Overlay): Promise<number> {
  const files = top.files.filter(({ file }) => file !== top.image || targetImage !== top.imagePath)
  let bytes = 0
  for (const { file } of files) bytes += await bytesOf(file)
  return bytes
}

/** The file that most of the copied bytes go to. */
function growing({ target, targetImage }: MoveRequest, top: Overlay): string {
  return targetImage === top.imagePath ? target : targetImage
}

/**
 * Where the image file of an overlay goes when nothing else is said: with its overlay, and renamed
 * with it where both had one name. Paths.
 */
export function imageFileAt(from: string, image: string, target: string): string {
  if (from === target) return image
  const { name, ext } = path.parse(image)
  const isNamesake = name === path.parse(from).name
  return path.join(path.dirname(target), `${isNamesake ? path.parse(target).name : name}${ext}`)
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

/**
 * Nothing may be at the new places, but the image file itself where an earlier run stopped, and
 * what a killed one has left of a copy.
 */
async function refuseTaken(host: Host, request: MoveRequest, top: Overlay): Promise<void> {
  const { target, targetImage, copy } = request
  if (target === targetImage) {
    const message = `Cannot move ${request.path}: ${target} cannot be its image file as well`
    throw new EngineError('invalid-argument', message, { path: target }, { state: 'unchanged' })
  }
  for (const name of [target, targetImage]) {
    const parent = await host.stat(path.dirname(name))
    if (parent?.kind !== 'directory') {
      const message = `Cannot make ${name}: there is no directory ${path.dirname(name)}`
      const details = { path: path.dirname(name) }
      throw new EngineError('file/missing', message, details, { state: 'unchanged' })
    }
  }
  const found = await host.stat(targetImage)
  const isOwn = !copy && found?.identity === top.image.identity
  await refuseExisting(host, isOwn ? [target] : [targetImage, target])
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
  const found = await host.stat(targetImage)
  if (found?.identity === top.image.identity) return true
  if (found !== undefined) await removeLeft(host, [targetImage, request.target])
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
  const staysPut = targetImage === top.imagePath
  const oldPlace = await host.realPath(top.path)
  const files = new NewFiles(host)
  let copied = 0
  try {
    const targets = staysPut ? [target] : [targetImage, target]
    const left = await refuseExisting(host, targets)
    await requireSpace(host, growing(request, top), (await bytesMoved(request, top)) - left)
    await removeLeft(host, targets)
    const image = staysPut ? undefined : await files.makePart(targetImage)
    const overlay = await files.makePart(target)
    if (image !== undefined) {
      copied = await copyImage(top.image, image, request, control)
      await image.sync()
    }
    await top.writeRenamed(overlay, names)
    await files.publishParts()
    if (!request.copy) await host.remove(oldPlace)
  } catch (error) {
    // Who cannot say whether the old one is still there keeps the new one.
    const old = await host.stat(oldPlace).catch(() => undefined)
    await (old === undefined ? files.leave() : files.remove())
    throw error
  }
  if (!request.copy) {
    await host.syncDirectory(path.dirname(oldPlace))
    if (!staysPut) await removeDurably(host, top.imagePath)
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

function commandOf(
  { path: from, target, targetImage, copy, names }: MoveRequest,
  top: Overlay,
): string {
  const flags = [...(copy ? ['--copy'] : []), ...(names === 'absolute' ? ['--absolute'] : [])]
  if (targetImage !== imageFileAt(from, top.imagePath, target)) {
    flags.push('--image-file', targetImage)
  }
  return commandLine('move', ...flags, from, target)
}
