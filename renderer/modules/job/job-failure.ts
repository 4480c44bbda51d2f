import type { JobSnapshot } from '../../../electron/contract/jobs'
import type { Failure } from '../../stores/dialogs.store'
import { fileName } from '../../composables/use-error-text'
import type { Text } from '../../composables/use-text'

/** The failure of a job as its dialog tells it; undefined where it has none. */
export function jobFailure(job: JobSnapshot, text: Text): Failure | undefined {
  if (job.error === undefined) return undefined
  return {
    error: job.error,
    title: text(`jobFailed.${job.kind}`, { name: fileName(job.path) }),
    imageId: job.imageId,
  }
}
