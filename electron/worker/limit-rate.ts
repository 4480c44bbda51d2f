import type { JobProgress } from '../../engine'

/**
 * Passes on progress at most once in `interval` milliseconds; what comes in between is dropped, as
 * the next one says more. The first of a phase and its last are always passed on.
 */
export function limitRate(
  interval: number,
  pass: (progress: JobProgress) => void,
): (progress: JobProgress) => void {
  let phase: JobProgress['phase'] | undefined
  let passedAt = -Infinity
  return (progress) => {
    const now = Date.now()
    const early = now - passedAt < interval
    if (early && progress.phase === phase && progress.current < progress.total) return
    phase = progress.phase
    passedAt = now
    pass(progress)
  }
}
