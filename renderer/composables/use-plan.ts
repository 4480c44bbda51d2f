import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { WindowJobPlan, WindowJobRequest } from '../../electron/contract/jobs'
import type { ErrorData } from '../../engine/base/errors'
import { invoke, toErrorData } from '../bridge'
import { useConsents } from '../stores/consents.store'

const PAUSE_MS = 150

/** What a job would do, following what is typed. */
export interface LivePlan {
  /** The plan of the present request; while a new one is worked out, still the last one. */
  readonly plan: Readonly<ShallowRef<WindowJobPlan | undefined>>
  /** Whether the plan shown is not yet that of the present request. */
  readonly pending: Readonly<ShallowRef<boolean>>
  /** Why no plan could be made. */
  readonly failure: Readonly<ShallowRef<ErrorData | undefined>>
}

/**
 * Asks for the plan of a request whenever the request changes, after a short pause in typing, and
 * again when something was allowed that a plan may have waited for.
 * Undefined = the fields do not make a request yet. Answers that come late are dropped.
 */
export function usePlan(request: () => WindowJobRequest | undefined): LivePlan {
  return useLivePlan(request, (wanted) => invoke('job.plan', wanted))
}

/** The same for what is no job, but has a plan as well. */
export function useLivePlan<Request>(
  request: () => Request | undefined,
  work: (wanted: Request) => Promise<WindowJobPlan>,
): LivePlan {
  const plan = shallowRef<WindowJobPlan>()
  const pending = shallowRef(false)
  const failure = shallowRef<ErrorData>()
  const consents = useConsents()
  let asked = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(wanted: Request, turn: number): Promise<void> {
    let found: WindowJobPlan | undefined
    let problem: ErrorData | undefined
    try {
      found = await work(wanted)
    } catch (error) {
      problem = toErrorData(error)
    }
    if (turn !== asked) return
    plan.value = found
    failure.value = problem
    pending.value = false
  }

  // As text, because a request that says the same is no new one.
  const wanted = (): string => JSON.stringify(request())
  watch(
    [wanted, () => consents.given],
    () => {
      clearTimeout(timer)
      asked += 1
      const turn = asked
      const now = request()
      pending.value = now !== undefined
      if (now === undefined) {
        plan.value = undefined
        failure.value = undefined
        return
      }
      const first = plan.value === undefined && turn === 1
      timer = setTimeout(() => void ask(now, turn), first ? 0 : PAUSE_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    asked += 1
  })

  return { plan, pending, failure }
}
