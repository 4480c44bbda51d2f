import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { ErrorData } from '../../../engine/base/errors'
import { usePlan, type LivePlan } from '../../composables/use-plan'
import type { WindowJobRequest } from '../../../electron/contract/jobs'

type RebaseRequest = WindowJobRequest & { readonly kind: 'rebase' }

export interface BaseProof {
  readonly live: LivePlan
  /** The request as it would be started; undefined where there is no base yet. */
  readonly request: ComputedRef<RebaseRequest | undefined>
  /** `differs`: it is not what the overlay was last seen on; stays after one says "anyway". */
  readonly verdict: ComputedRef<'none' | 'checking' | 'same' | 'unknown' | 'differs'>
  /** Whether a base that differs is to be used all the same. */
  readonly anyway: Ref<boolean>
  /** What the plan has against it, apart from the base being another one. */
  readonly problems: ComputedRef<readonly ErrorData[]>
}

/**
 * Follows whether a base that an overlay is to be put on by its name alone is the one that it was
 * last seen on, as the plan of the job finds out. `wanted` gives the request without a word on
 * that.
 */
export function useBaseProof(wanted: () => RebaseRequest | undefined): BaseProof {
  const anyway = ref(false)
  const differs = ref(false)
  const request = computed(() => {
    const now = wanted()
    return now !== undefined && anyway.value ? { ...now, unproven: true } : now
  })
  const live = usePlan(() => request.value)

  // Another base is another question.
  watch(
    () => JSON.stringify(wanted()),
    () => {
      anyway.value = false
      differs.value = false
    },
  )
  watch(live.plan, (plan) => {
    if (plan?.problems.some(isDifferent)) differs.value = true
  })

  const verdict = computed(() => {
    const { plan, pending, failure } = live
    if (!request.value?.namesOnly || failure.value !== undefined) return 'none'
    if (differs.value) return 'differs'
    if (pending.value) return 'checking'
    if (plan.value === undefined || plan.value.problems.length > 0) return 'none'
    return plan.value.unproven ? 'unknown' : 'same'
  })

  return {
    live,
    request,
    verdict,
    anyway,
    problems: computed(() => (live.plan.value?.problems ?? []).filter((one) => !isDifferent(one))),
  }
}

function isDifferent({ code }: ErrorData): boolean {
  return code === 'chain/base-differs'
}
