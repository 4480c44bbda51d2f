import type { ErrorData } from '../../../engine/base/errors'
import type { LivePlan } from '../../composables/use-plan'
import { useErrorText } from '../../composables/use-error-text'
import { useText } from '../../composables/use-text'

interface PlanProblems {
  /** A few words for a problem. */
  readonly title: (problem: ErrorData) => string
  /** Words for below a field: the reason, and what helps. */
  readonly sentence: (problem: ErrorData | undefined) => string | undefined
  /** Why the job of a plan cannot be started now; undefined where it can. */
  readonly startReason: (live: LivePlan) => string | undefined
}

/** The problems of a plan, in words. */
export function usePlanProblems(): PlanProblems {
  const text = useText()
  const describe = useErrorText()

  return {
    title: (problem) => describe(problem).title,
    sentence: (problem) => {
      if (problem === undefined) return undefined
      const { why, help } = describe(problem)
      return `${why} ${help}`
    },
    startReason: ({ plan, pending, failure }) => {
      if (pending.value) return text('plan.working')
      if (failure.value !== undefined) return describe(failure.value).title
      if (plan.value === undefined) return text('plan.notReady')
      const [problem] = plan.value.problems
      return problem && describe(problem).title
    },
  }
}
