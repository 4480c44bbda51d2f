import { computed, reactive, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { NewOverlayRequest, PathGrant } from '../../../electron/contract/jobs'
import type { ImageId, ImageSummary } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import type { OverlayFormat } from '../../../engine/model/image'
import { parseSize } from '../../../engine/base/units'
import { usePlan, type LivePlan } from '../../composables/use-plan'
import { useText } from '../../composables/use-text'
import { useLibrary } from '../../stores/library.store'
import { usePlanProblems } from '../job/use-plan-problems'
import { imageNameFor, nameProblem, proposeName } from './names'
import { fieldOf, type CreateField } from './problem-fields'

interface Fields {
  baseId: ImageId | undefined
  name: string
  imageName: string
  folder: PathGrant | undefined
  /** As typed; empty = as the base. */
  size: string
  reuse: boolean
  format: OverlayFormat
}

export interface CreateForm {
  readonly fields: Fields
  readonly base: ComputedRef<ImageSummary | undefined>
  /** Makes the image file's name one's own: it no longer follows the name. */
  readonly imageNameEdited: Ref<boolean>
  readonly live: LivePlan
  readonly request: ComputedRef<NewOverlayRequest | undefined>
  /** What stands below a field, if anything is wrong with it. */
  readonly problem: (field: CreateField) => string | undefined
  /** Problems of the plan that have no field. */
  readonly general: ComputedRef<readonly ErrorData[]>
  /** Whether the image file is there already, so that one must say what to do with it. */
  readonly imageFileExists: ComputedRef<boolean>
}

/** The fields of a new overlay, what is wrong with them, and what they would make. */
export function useCreateForm(baseId: ImageId | undefined): CreateForm {
  const library = useLibrary()
  const text = useText()
  const problems = usePlanProblems()
  const fields = reactive<Fields>({
    baseId,
    name: '',
    imageName: '',
    folder: undefined,
    size: '',
    reuse: false,
    format: 'add-cow',
  })
  const base = computed(() => library.get(fields.baseId))
  const nameEdited = ref(false)
  const imageNameEdited = ref(false)

  function takenNames(): Set<string> {
    return new Set([...library.images.values()].map((image) => image.name))
  }

  watch(
    base,
    (now, before) => {
      if (now === undefined || now.id === before?.id || nameEdited.value) return
      fields.name = proposeName(now.name, takenNames())
    },
    { immediate: true },
  )
  watch(
    () => fields.name,
    (name) => {
      const proposed = base.value && proposeName(base.value.name, takenNames())
      nameEdited.value = name !== '' && name !== proposed
      if (!imageNameEdited.value) fields.imageName = imageNameFor(name)
    },
    { immediate: true },
  )
  watch(
    () => [fields.imageName, fields.folder],
    () => {
      fields.reuse = false
    },
  )

  // a layout that does not store what the base is to be read as would leave that to a guess
  watch(
    () => base.value?.format === 'raw' && base.value.looksLike !== undefined,
    (doubtful) => {
      if (doubtful) fields.format = 'acow'
    },
    { immediate: true },
  )

  const size = computed(() => (fields.size.trim() === '' ? undefined : parseSize(fields.size)))
  const sizeInvalid = computed(() => fields.size.trim() !== '' && size.value === undefined)

  const typedProblems = computed(() => ({
    name: nameProblem(fields.name),
    imageFile:
      nameProblem(fields.imageName) ??
      (fields.imageName === fields.name ? ({ kind: 'same' } as const) : undefined),
  }))

  const request = computed<NewOverlayRequest | undefined>(() => {
    const { name, imageFile } = typedProblems.value
    const wrong = name !== undefined || imageFile !== undefined || sizeInvalid.value
    if (wrong || fields.baseId === undefined) return undefined
    return {
      kind: 'create',
      baseId: fields.baseId,
      name: fields.name,
      imageFileName: fields.imageName,
      ...(fields.folder === undefined ? {} : { folderGrant: fields.folder.id }),
      ...(size.value === undefined ? {} : { size: size.value }),
      ...(fields.reuse ? { reuseImageFile: true } : {}),
      ...(fields.format === 'add-cow' ? {} : { format: fields.format }),
    }
  })
  const live = usePlan(() => request.value)

  const planned = computed(() => {
    const names = { name: fields.name, imageFileName: fields.imageName }
    return (live.plan.value?.problems ?? []).map((error) => ({
      error,
      field: fieldOf(error, names),
    }))
  })

  function problem(field: CreateField): string | undefined {
    if (field === 'name' || field === 'imageFile') {
      const typed = typedProblems.value[field]
      if (typed !== undefined) return text(`nameProblems.${typed.kind}`, { ...typed })
    }
    if (field === 'size' && sizeInvalid.value) return text('sizeProblems.invalid')
    return problems.sentence(planned.value.find((one) => one.field === field)?.error)
  }

  return {
    fields,
    base,
    imageNameEdited,
    live,
    request,
    problem,
    general: computed(() =>
      planned.value.filter(({ field }) => field === 'general').map(({ error }) => error),
    ),
    imageFileExists: computed(
      () =>
        fields.reuse ||
        planned.value.some(
          ({ error, field }) => field === 'imageFile' && error.code === 'file/exists',
        ),
    ),
  }
}
