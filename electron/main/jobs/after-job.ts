import type { JobRequest } from '../../../engine'
import type { JobSnapshot } from '../../contract/jobs'
import type { Adder } from '../library/adder'
import type { Library } from '../library/library'
import type { Scanner } from '../library/scanner'
import type { JobQueue } from './job-queue'
import type { ResolvedJob } from './job-requests'

export interface AfterJobParts {
  readonly library: Library
  readonly scanner: Scanner
  readonly adder: Adder
  readonly queue: Pick<JobQueue, 'setImage'>
}

/** Brings what a job did into the library, however it ended. */
export async function afterJob(
  { request, imageId, files }: ResolvedJob,
  end: JobSnapshot,
  { library, scanner, adder, queue }: AfterJobParts,
): Promise<void> {
  const check = end.result?.check
  if (check !== undefined) library.checked(imageId, end.endedAt ?? Date.now(), check)
  if (end.error?.state === 'uncertain' && files.writes.length > 0 && request.kind !== 'create') {
    if (request.kind !== 'export') library.distrust(imageId, end.error)
  }
  scanner.request(library.using([...files.writes, request.path]), keepsContent(request))

  const made = end.status === 'done' ? madeFile(request) : undefined
  if (made === undefined) return
  const { added, known } = await adder.add([made])
  const [id] = [...added, ...known]
  if (id !== undefined && request.kind === 'create') queue.setImage(end.id, id)
}

/** Whether what stands on the image reads the same bytes afterwards. */
function keepsContent(request: JobRequest): boolean {
  switch (request.kind) {
    case 'flatten':
    case 'check':
    case 'commit':
    case 'rebase':
      return true
    case 'resize':
      return !request.shrink
    case 'create':
    case 'export':
      return false
  }
}

function madeFile(request: JobRequest): string | undefined {
  if (request.kind === 'create') return request.path
  return request.kind === 'export' ? request.target : undefined
}
