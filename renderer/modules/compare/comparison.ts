import type { JobSnapshot } from '../../../electron/contract/jobs'
import type { CompareResult } from '../../../engine/model/job'

/** A comparison whose outcome is known. */
export interface Comparison extends JobSnapshot {
  readonly result: NonNullable<JobSnapshot['result']> & { readonly compare: CompareResult }
}

function isComparison(job: JobSnapshot): job is Comparison {
  return job.result?.compare !== undefined
}

/** Whether what a job found can be shown: where it differs is known until the application ends. */
export function isShowable(job: JobSnapshot): job is Comparison {
  if (!isComparison(job)) return false
  const { identical, ranges } = job.result.compare
  return identical || ranges.length > 0
}

/** What one of two disks has more than the other, in bytes; `longer` is 0 or 1. */
export function moreOf({ sizes: [one, other] }: CompareResult): { longer: 0 | 1; bytes: number } {
  return { longer: one < other ? 1 : 0, bytes: Math.abs(one - other) }
}
