import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { ErrorData } from '../engine/base/errors'
import { invoke, listen, toErrorData } from './bridge'
import { useAdd } from './composables/use-add'
import { useExports } from './stores/exports.store'
import { useJobs } from './stores/jobs.store'
import { useLibrary } from './stores/library.store'
import { useSettings } from './stores/settings.store'

interface Start {
  /** Why the window could not be filled. */
  readonly failure: Readonly<ShallowRef<ErrorData | undefined>>
  /** Asks for everything again. */
  readonly start: () => Promise<void>
}

/**
 * Fills the stores and keeps them up with the main process. The one place where what it says enters
 * the window, but for changes of jobs, which useJobNotices takes, as it must see what a job was
 * before.
 */
export function useStart(): Start {
  const library = useLibrary()
  const jobs = useJobs()
  const exports = useExports()
  const settings = useSettings()
  const add = useAdd()
  const failure = shallowRef<ErrorData>()

  async function start(): Promise<void> {
    failure.value = undefined
    try {
      const bootstrap = await invoke('app.bootstrap', undefined)
      settings.load(bootstrap)
      library.load(bootstrap.images)
      jobs.load(bootstrap.jobs)
      exports.load(await invoke('export.list', undefined))
    } catch (error) {
      failure.value = toErrorData(error)
    }
  }

  const silences = [
    listen('library.changed', library.apply),
    listen('library.added', (result) => add.report(result)),
    listen('job.removed', ({ ids }) => jobs.remove(ids)),
    listen('export.changed', exports.apply),
    listen('export.removed', ({ id }) => exports.remove(id)),
    listen('settings.changed', settings.apply),
  ]
  onScopeDispose(() => {
    for (const silence of silences) silence()
  })

  return { failure, start }
}
