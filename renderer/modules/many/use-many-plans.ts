import { computed, onScopeDispose, shallowRef, type ComputedRef } from 'vue'
import type { WindowJobPlan, WindowJobRequest } from '../../../electron/contract/jobs'
import type { ImageId } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import { invoke, toErrorData } from '../../bridge'

/** Plans that are worked out at the same time. */
const AT_ONCE = 2

/** What is known of the job on one of many images. */
export type Item =
  | { readonly id: ImageId; readonly kind: 'waiting' | 'started' }
  /** Why nothing is done with it, in words where the window knows, else as the engine says. */
  | { readonly id: ImageId; readonly kind: 'left-out'; readonly why: string | ErrorData }
  | {
      readonly id: ImageId
      readonly kind: 'ready'
      readonly request: WindowJobRequest
      readonly plan: WindowJobPlan
    }

export interface ManyPlans {
  readonly items: ComputedRef<readonly Item[]>
  /** Works all of them out anew. */
  readonly work: () => Promise<void>
  readonly set: (item: Item) => void
}

/**
 * The plans of the same job on many images, a few at a time. An image is left out where `obstacle`
 * says why, or where its plan has a problem.
 */
export function useManyPlans(
  ids: readonly ImageId[],
  obstacle: (id: ImageId) => string | undefined,
  requestFor: (id: ImageId) => WindowJobRequest,
): ManyPlans {
  const known = shallowRef<ReadonlyMap<ImageId, Item>>(new Map())
  let turn = 0

  function set(item: Item): void {
    known.value = new Map(known.value).set(item.id, item)
  }

  async function plan(id: ImageId): Promise<Item> {
    const why = obstacle(id)
    if (why !== undefined) return { id, kind: 'left-out', why }
    const request = requestFor(id)
    try {
      const found = await invoke('job.plan', request)
      const [problem] = found.problems
      if (problem !== undefined) return { id, kind: 'left-out', why: problem }
      return { id, kind: 'ready', request, plan: found }
    } catch (error) {
      return { id, kind: 'left-out', why: toErrorData(error) }
    }
  }

  async function work(): Promise<void> {
    turn += 1
    const mine = turn
    known.value = new Map(ids.map((id) => [id, { id, kind: 'waiting' }]))
    const rest = ids.values()
    const worker = async (): Promise<void> => {
      for (const id of rest) {
        const item = await plan(id)
        if (mine !== turn) return
        set(item)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  onScopeDispose(() => {
    turn += 1
  })
  return { items: computed(() => [...known.value.values()]), work, set }
}
