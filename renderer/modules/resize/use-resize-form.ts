import { computed, ref, type ComputedRef, type Ref } from 'vue'
import type { JobSnapshot } from '../../../electron/contract/jobs'
import type { ImageId, ImageSummary } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import { parseSizeChange } from '../../../engine/base/units'
import { usePlan, type LivePlan } from '../../composables/use-plan'
import { useDialogs } from '../../stores/dialogs.store'
import { useLibrary } from '../../stores/library.store'
import { useJobStart } from '../job/use-job-start'

export interface ResizeForm {
  readonly image: ComputedRef<ImageSummary | undefined>
  readonly name: ComputedRef<string>
  /** As typed: a size, or a change of it. */
  readonly typed: Ref<string>
  /** Virtual size now, in bytes. */
  readonly present: ComputedRef<number>
  /** What is typed, in bytes; undefined where it is no size. */
  readonly size: ComputedRef<number | undefined>
  readonly live: LivePlan
  readonly busy: Readonly<Ref<boolean>>
  readonly job: ComputedRef<JobSnapshot | undefined>
  readonly failure: ComputedRef<ErrorData | undefined>
  /** Does it, and closes the dialog when it is done. */
  readonly resize: () => Promise<void>
}

/**
 * What growing and cutting off have in common. `plannedSize` = the size to plan for, in bytes,
 * given what is typed; undefined where there is nothing to plan.
 */
export function useResizeForm(
  imageId: ImageId,
  shrink: boolean,
  plannedSize: (typed: number | undefined, present: number) => number | undefined,
): ResizeForm {
  const library = useLibrary()
  const dialogs = useDialogs()
  const { job, busy, run } = useJobStart(() => imageId)

  const image = computed(() => library.get(imageId))
  const present = computed(() => image.value?.virtualSize ?? 0)
  const typed = ref('')
  const size = computed(() => parseSizeChange(typed.value, present.value))

  const live = usePlan(() => {
    const planned = plannedSize(size.value, present.value)
    return planned === undefined ? undefined : { kind: 'resize', imageId, size: planned, shrink }
  })

  async function resize(): Promise<void> {
    if (size.value === undefined) return
    const ended = await run({ kind: 'resize', imageId, size: size.value, shrink })
    if (ended?.status === 'done') dialogs.close()
  }

  return {
    image,
    name: computed(() => image.value?.name ?? ''),
    typed,
    present,
    size,
    live,
    busy,
    job,
    failure: computed(() => (job.value?.status === 'failed' ? job.value.error : undefined)),
    resize,
  }
}
