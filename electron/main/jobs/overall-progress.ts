import type { JobSnapshot } from '../../contract/jobs'

/** How far all jobs together are, for those who show one figure. */
export interface OverallProgress {
  /** 0..1; undefined where no job has told yet how much there is to do. */
  readonly part: number | undefined
  /** No job does anything: all are paused, or wait for one that is. */
  readonly resting: boolean
}

/** Undefined where there is no job that has not ended. */
export function overallProgress(active: readonly JobSnapshot[]): OverallProgress | undefined {
  if (active.length === 0) return undefined
  let current = 0
  let total = 0
  for (const { progress } of active) {
    current += progress?.current ?? 0
    total += progress?.total ?? 0
  }
  const resting = active.every(({ status }) => status === 'paused' || status === 'queued')
  return { part: total === 0 ? undefined : current / total, resting }
}

/** The window's title: how far the jobs are comes first, as a taskbar cuts off what is behind. */
export function titleWith(
  name: string,
  progress: OverallProgress | undefined,
  pausedWord: string,
): string {
  if (progress === undefined) return name
  if (progress.resting) return `${pausedWord} · ${name}`
  return progress.part === undefined ? name : `${Math.floor(progress.part * 100)}% · ${name}`
}
