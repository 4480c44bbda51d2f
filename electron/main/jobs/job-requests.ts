import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { FormatName, JobRequest } from '../../../engine'
import type {
  ImportRequest,
  MoveOverlayRequest,
  NewBase,
  NewOverlayRequest,
  WindowJobRequest,
} from '../../contract/jobs'
import type { ImageId } from '../../contract/library'
import type { Grants } from '../grants'
import { type ImageRecord, allFiles, ownFiles } from '../library/image-record'
import type { Library } from '../library/library'
import { baseFiles } from '../library/readers'
import type { TouchedFiles } from './file-claims'

/** A request of the window with its ids and grants resolved. */
export interface ResolvedJob {
  readonly request: JobRequest
  readonly imageId: ImageId
  readonly files: TouchedFiles
  /** Only for a flatten: what is moved to the trash when all went well. */
  readonly trashOverlay?: true
  /** Only for a commit or a move: the images that the person agreed to break. */
  readonly accepted?: readonly ImageId[]
  /** Only for a comparison: the second image. */
  readonly otherId?: ImageId
}

/**
 * The one way from ids and grants to paths. Errors: `file/missing` for an image that the library
 * does not know, `invalid-argument` for a place that was not picked in a dialog.
 */
export function resolveJob(job: WindowJobRequest, library: Library, grants: Grants): ResolvedJob {
  if (job.kind === 'create') return resolveCreate(job, library.record(job.baseId), grants)
  const record = library.record(job.imageId)
  const { id: imageId, path } = record
  switch (job.kind) {
    case 'resize': {
      const { kind, size, shrink } = job
      return { request: { kind, path, size, shrink }, imageId, files: writing(record) }
    }
    case 'flatten': {
      const { kind, verify, trashOverlay } = job
      const resolved = { request: { kind, path, verify }, imageId, files: writing(record) }
      return trashOverlay === true ? { ...resolved, trashOverlay } : resolved
    }
    case 'commit': {
      const { kind, verify, accepted } = job
      const files = writingBase(record, library)
      return { request: { kind, path, verify }, imageId, files, accepted }
    }
    case 'measure': {
      const { kind, compareWithBase } = job
      return { request: { kind, path, compareWithBase }, imageId, files: reading(record) }
    }
    case 'move':
      return resolveMove(job, record, grants)
    case 'import-overlay':
      return resolveImport(job, record, grants)
    case 'compare': {
      const other = library.record(job.otherId)
      const reads = [...new Set([...allFiles(record), ...allFiles(other)])]
      const request = { kind: job.kind, path, other: other.path, firstOnly: false }
      return { request, imageId, files: { writes: [], reads }, otherId: other.id }
    }
    case 'rebase':
      return resolveRebase(job, record, library, grants)
    case 'check': {
      const { kind, repair } = job
      const expectedBase = record.base?.fingerprint
      return {
        request: { kind, path, repair, ...(expectedBase && { expectedBase }) },
        imageId,
        files: repair === 'none' ? reading(record) : writing(record),
      }
    }
    case 'export':
    case 'export-overlay': {
      const { kind, verify } = job
      const target = grants.resolve('export-target', job.targetGrant)
      const files = { writes: [target], reads: allFiles(record) }
      return { request: { kind, path, target, verify }, imageId, files }
    }
  }
}

function resolveCreate(job: NewOverlayRequest, base: ImageRecord, grants: Grants): ResolvedJob {
  const { name, imageFileName, folderGrant, size, reuseImageFile, format = 'add-cow' } = job
  const picked = folderGrant && grants.resolve('folder-for-overlay', folderGrant)
  const folder = picked ?? dirname(base.path)
  const path = join(folder, name)
  const request: JobRequest = {
    kind: 'create',
    path,
    format,
    imageFile: storedName(join(folder, imageFileName), folder),
    backingFile: storedName(base.path, folder),
    // told, not probed: what the base holds may look like another format by a guest's doing
    backingFormat: base.seen.format,
    ...(size !== undefined && { size }),
    ...(reuseImageFile !== undefined && { reuseImageFile }),
  }
  const files = { writes: [path, join(folder, imageFileName)], reads: allFiles(base) }
  return { request, imageId: base.id, files }
}

function resolveImport(job: ImportRequest, record: ImageRecord, grants: Grants): ResolvedJob {
  const { kind, name, imageFileName, folderGrant, format, verify } = job
  const { id: imageId, path } = record
  const picked = folderGrant && grants.resolve('folder-for-overlay', folderGrant)
  const folder = picked ?? dirname(path)
  const target = join(folder, name)
  const imagePath = join(folder, imageFileName)
  const imageFile = storedName(imagePath, folder)
  return {
    request: { kind, path, target, format, imageFile, verify },
    imageId,
    files: { writes: [target, imagePath], reads: allFiles(record) },
  }
}

function resolveMove(job: MoveOverlayRequest, record: ImageRecord, grants: Grants): ResolvedJob {
  const { kind, name, imageFileName, folderGrant, copy, names, accepted } = job
  const { id: imageId, path, seen } = record
  const folder = folderGrant && grants.resolve('folder-for-overlay', folderGrant)
  const target = join(folder ?? dirname(path), name)
  const targetImage = join(folder ?? dirname(seen.imagePath ?? path), imageFileName)
  const made = [target, targetImage]
  return {
    request: { kind, path, target, targetImage, copy, names },
    imageId,
    // what lies below stays where it is, and is not opened
    files: copy
      ? { writes: made, reads: ownFiles(record) }
      : { writes: [...new Set([...ownFiles(record), ...made])], reads: [] },
    accepted,
  }
}

function resolveRebase(
  job: WindowJobRequest & { kind: 'rebase' },
  record: ImageRecord,
  library: Library,
  grants: Grants,
): ResolvedJob {
  const { kind, namesOnly, unproven, verify } = job
  const { path } = record
  const base = newBase(job.base, library, grants)
  const known = namesOnly && unproven !== true ? record.base : undefined
  const request: JobRequest = {
    ...{ kind, path, namesOnly },
    backingFile: base === undefined ? '' : storedName(base.path, dirname(path)),
    // told where it is known, as what a base holds may look like another format
    ...withFormat(base?.format ?? known?.format),
    ...(known !== undefined && { expectedBase: known.fingerprint }),
    ...(verify !== undefined && { verify }),
  }
  const { writes, reads } = writing(record)
  return {
    request,
    imageId: record.id,
    // by names alone, what lies below now is not even opened
    files: { writes, reads: [...(namesOnly ? [] : reads), ...(base?.files ?? [])] },
  }
}

function withFormat(format: FormatName | undefined): { backingFormat?: FormatName } {
  return format === undefined ? {} : { backingFormat: format }
}

interface ResolvedBase {
  readonly path: string
  readonly format?: FormatName
  readonly files: readonly string[]
}

function newBase(base: NewBase, library: Library, grants: Grants): ResolvedBase | undefined {
  switch (base.kind) {
    case 'none':
      return undefined
    case 'image': {
      const record = library.record(base.id)
      return { path: record.path, format: record.seen.format, files: allFiles(record) }
    }
    case 'picked': {
      const path = grants.resolve('base', base.grant)
      const id = library.idOf(path)
      if (id !== undefined) return newBase({ kind: 'image', id }, library, grants)
      return { path, files: [path] }
    }
  }
}

/**
 * The name by which an overlay in `folder` stores another file: relative where that lies in the
 * folder or below it, so that the folder can be moved as a whole; absolute everywhere else, so that
 * the overlay alone can be moved. What would look like a protocol (`a:b`) gets `./` before it.
 */
export function storedName(path: string, folder: string): string {
  const name = relative(folder, path)
  const climbs = name === '..' || name.startsWith(`..${sep}`)
  if (climbs || isAbsolute(name)) return path
  const portable = name.split(sep).join('/')
  return /^[^/]*:/.test(portable) ? `./${portable}` : portable
}

function writing(record: ImageRecord): TouchedFiles {
  return { writes: ownFiles(record), reads: record.seen.filesBelow }
}

function writingBase(record: ImageRecord, library: Library): TouchedFiles {
  const base = baseFiles(record, library)
  return {
    writes: [...ownFiles(record), ...base],
    reads: record.seen.filesBelow.filter((file) => !base.includes(file)),
  }
}

function reading(record: ImageRecord): TouchedFiles {
  return { writes: [], reads: allFiles(record) }
}
