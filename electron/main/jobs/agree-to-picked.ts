import { dirname, resolve } from 'node:path'
import type { ImageId } from '../../contract/library'
import type { AgreedNames } from '../agreed-names'
import type { Library } from '../library/library'
import type { ResolvedJob } from './job-requests'

/**
 * Agrees to the names that a job is to write into an image, before it begins: a base that the
 * person picked need not lie near the overlay that is put on it, and an overlay that goes elsewhere
 * goes on naming what it was free to open before.
 */
export function agreeToPicked(job: ResolvedJob, library: Library, agreed: AgreedNames): void {
  for (const name of namesWritten(job, library)) agreed.add(name)
}

function namesWritten({ request, imageId }: ResolvedJob, library: Library): readonly string[] {
  switch (request.kind) {
    case 'create':
    case 'rebase': {
      const { path, backingFile = '' } = request
      return backingFile === '' ? [] : [resolve(dirname(path), backingFile)]
    }
    case 'move':
      return [request.targetImage, ...base(library, imageId)]
    case 'import-overlay':
    case 'export-overlay':
      return base(library, imageId)
    case 'check':
    case 'commit':
    case 'compare':
    case 'export':
    case 'flatten':
    case 'measure':
    case 'resize':
      return []
  }
}

function base(library: Library, imageId: ImageId): readonly string[] {
  const path = library.followedBase(imageId)
  return path === undefined ? [] : [path]
}
