import type { WindowJobPlan } from '../../../electron/contract/jobs'

/** A disk of the host on which several jobs find no room together. Bytes. */
export interface TightDisk<Job> {
  /** The first of the jobs that need space there. */
  readonly first: Job
  readonly needed: number
  readonly free: number
}

interface Planned {
  readonly plan: Pick<WindowJobPlan, 'spaceNeeded' | 'spaceFree' | 'spaceOn'>
}

/**
 * The disks that have less free than the jobs on them need together, each of which has room enough
 * alone. Jobs whose disk is not known count as if they were on the same one.
 */
export function tightDisks<Job extends Planned>(jobs: readonly Job[]): readonly TightDisk<Job>[] {
  const disks = new Map<string | undefined, TightDisk<Job>>()
  for (const job of jobs) {
    const { spaceOn, spaceNeeded, spaceFree = Infinity } = job.plan
    const { first, needed, free } = disks.get(spaceOn) ?? { first: job, needed: 0, free: Infinity }
    disks.set(spaceOn, {
      first,
      needed: needed + spaceNeeded,
      free: Math.min(free, spaceFree),
    })
  }
  return [...disks.values()].filter(({ needed, free }) => needed > free)
}
