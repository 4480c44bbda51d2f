import { vi } from 'vitest'
import type { JobSnapshot } from '../../../electron/contract/jobs'
import type { AfterJobParts } from '../../../electron/main/jobs/after-job'
import type { ResolvedJob } from '../../../electron/main/jobs/job-requests'
import { Adder } from '../../../electron/main/library/adder'
import type { Library } from '../../../electron/main/library/library'
import { Scanner, type ScanImage } from '../../../electron/main/library/scanner'

const nothing = (): void => undefined

/** What the end of a job is brought into: the library, and the rest as it was called. */
export function jobEndParts(
  library: Library,
  scan: ScanImage,
  isThere: (path: string) => boolean = () => true,
) {
  const scanner = new Scanner({ library, scan, signatures: () => Promise.resolve([]) })
  const request = vi.spyOn(scanner, 'request').mockImplementation(nothing)
  const find = (paths: readonly string[]) => {
    const files = paths.filter(isThere).map((path) => ({ path, inFolder: false }))
    return Promise.resolve({ files, refused: [] })
  }
  const queue = { setImage: vi.fn(), setTrashed: vi.fn(), reassign: vi.fn() }
  const adder = new Adder({ library, find, scan, rescan: nothing })
  const trash = vi.fn(() => Promise.resolve())
  const parts: AfterJobParts = { library, scanner, adder, queue, trash }
  return { ...parts, queue, trash, request }
}

/** How a job ended: well, if nothing else is said. */
export function jobEnd({ request }: ResolvedJob, part: Partial<JobSnapshot> = {}): JobSnapshot {
  const { kind, path } = request
  return { id: 'job', kind, path, createdAt: 1, status: 'done', ...part }
}
