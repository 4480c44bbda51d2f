import { dirname, resolve } from 'node:path'
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
      return [request.targetImage, ...library.followed(imageId)]
    case 'import-overlay':
    case 'export-overlay':
      return library.followed(imageId)
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
