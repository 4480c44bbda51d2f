import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { JobId, JobSnapshot, WindowJobRequest } from '../../electron/contract/jobs'
import type { ImageId } from '../../electron/contract/library'
import { invoke } from '../bridge'

const ACTIVE = new Set<JobSnapshot['status']>(['running', 'paused', 'cancelling'])

/** Whether a job has begun and has not ended. */
export function isActive(job: JobSnapshot): boolean {
  return ACTIVE.has(job.status)
}

/** Whether a job is doing something now. */
export function isMoving(job: JobSnapshot): boolean {
  return isActive(job) && job.status !== 'paused'
}

/** Whether nothing more will come of a job. */
export function isEnded(job: JobSnapshot): boolean {
  return !isActive(job) && job.status !== 'queued'
}

/** The jobs that the main process told of, and when each last moved. */
export const useJobs = defineStore('jobs', () => {
  const jobs = shallowRef<ReadonlyMap<JobId, JobSnapshot>>(new Map())
  /** Time of the last progress of each active job, milliseconds since 1970. */
  const movedAt = shallowRef<ReadonlyMap<JobId, number>>(new Map())
  const attended = new Set<JobId>()
  const waiting = new Map<JobId, (job: JobSnapshot | undefined) => void>()

  const list = computed(() => [...jobs.value.values()].sort((a, b) => b.createdAt - a.createdAt))
  const active = computed(() => list.value.filter(isActive).reverse())
  const moving = computed(() => active.value.filter(isMoving))
  const queued = computed(() => list.value.filter((job) => job.status === 'queued').reverse())
  const ended = computed(() => list.value.filter((job) => isEnded(job) && job.cleared !== true))
  /** The job that holds each image, if any. */
  const byImage = computed(() => {
    const found = new Map<ImageId, JobSnapshot>()
    for (const job of [...queued.value, ...active.value])
      if (job.imageId !== undefined) found.set(job.imageId, job)
    return found
  })

  function load(snapshots: readonly JobSnapshot[]): void {
    jobs.value = new Map(snapshots.map((job) => [job.id, job]))
    movedAt.value = new Map(snapshots.filter(isActive).map((job) => [job.id, Date.now()]))
  }

  function noteMove(before: JobSnapshot | undefined, job: JobSnapshot): void {
    const still =
      before?.status === job.status &&
      before.progress?.phase === job.progress?.phase &&
      before.progress?.current === job.progress?.current
    if (!still) movedAt.value = new Map(movedAt.value).set(job.id, Date.now())
  }

  function apply(job: JobSnapshot): void {
    noteMove(jobs.value.get(job.id), job)
    jobs.value = new Map(jobs.value).set(job.id, job)
    if (isEnded(job)) settle(job.id, job)
  }

  function remove(ids: readonly JobId[]): void {
    const next = new Map(jobs.value)
    for (const id of ids) {
      next.delete(id)
      settle(id, undefined)
    }
    jobs.value = next
  }

  function settle(id: JobId, job: JobSnapshot | undefined): void {
    waiting.get(id)?.(job)
    waiting.delete(id)
  }

  /**
   * Says that somebody tells how this job ends; the returned function says that nobody does any
   * more.
   */
  function attend(id: JobId): () => void {
    attended.add(id)
    return () => attended.delete(id)
  }

  function isAttended(id: JobId): boolean {
    return attended.has(id)
  }

  /** The job once it has ended; undefined where it was taken out of the list before. */
  function whenEnded(id: JobId): Promise<JobSnapshot | undefined> {
    const job = jobs.value.get(id)
    if (job !== undefined && isEnded(job)) return Promise.resolve(job)
    return new Promise((resolve) => waiting.set(id, resolve))
  }

  async function start(request: WindowJobRequest): Promise<JobId> {
    return (await invoke('job.start', request)).id
  }

  async function cancel(id: JobId): Promise<void> {
    await invoke('job.cancel', { id })
  }

  async function pause(id: JobId): Promise<void> {
    await invoke('job.pause', { id })
  }

  async function resume(id: JobId): Promise<void> {
    await invoke('job.resume', { id })
  }

  async function goOn(id: JobId): Promise<void> {
    await invoke('job.goOn', { id })
  }

  /** All jobs on an image that are known, the latest first. */
  function historyOf(id: ImageId): readonly JobSnapshot[] {
    return list.value.filter((job) => job.imageId === id)
  }

  async function clear(ids: readonly JobId[]): Promise<void> {
    await invoke('job.clear', { ids })
  }

  return {
    jobs,
    movedAt,
    active,
    moving,
    queued,
    ended,
    byImage,
    load,
    apply,
    remove,
    attend,
    isAttended,
    whenEnded,
    start,
    cancel,
    pause,
    resume,
    goOn,
    historyOf,
    clear,
  }
})
