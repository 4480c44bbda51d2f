import { computed, reactive, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { ImportRequest, PathGrant } from '../../../electron/contract/jobs'
import type { ImageId, ImageSummary } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import type { OverlayFormat } from '../../../engine/model/image'
import { useImageActions } from '../../composables/use-image-actions'
import { usePlan, type LivePlan } from '../../composables/use-plan'
import { useText } from '../../composables/use-text'
import { useLibrary } from '../../stores/library.store'
import { useSettings } from '../../stores/settings.store'
import { imageNameFor, nameProblem } from '../create/names'
import { fieldOf, type CreateField } from '../create/problem-fields'
import { usePlanProblems } from '../job/use-plan-problems'
import { overlayNameFor } from './names'

interface Fields {
  sourceId: ImageId | undefined
  name: string
  imageName: string
  folder: PathGrant | undefined
  format: OverlayFormat
  verify: boolean
}

type ImportField = Extract<CreateField, 'name' | 'imageFile' | 'folder'>

export interface ImportForm {
  readonly fields: Fields
  /** The qcow2 image. */
  readonly source: ComputedRef<ImageSummary | undefined>
  /** Where both files go. */
  readonly folder: ComputedRef<string>
  /** Makes the image file's name one's own: it no longer follows the name. */
  readonly imageNameEdited: Ref<boolean>
  readonly live: LivePlan
  readonly request: ComputedRef<ImportRequest | undefined>
  /** What stands below a field, if anything is wrong with it. */
  readonly problem: (field: ImportField) => string | undefined
  /** Problems of the plan that have no field. */
  readonly general: ComputedRef<readonly ErrorData[]>
}

/** The fields of an import, what is wrong with them, and what they would make. */
export function useImportForm(sourceId: ImageId | undefined): ImportForm {
  const library = useLibrary()
  const settings = useSettings()
  const actions = useImageActions()
  const text = useText()
  const problems = usePlanProblems()
  const fields = reactive<Fields>({
    sourceId: actions.reason('import-overlay', sourceId) === undefined ? sourceId : undefined,
    name: '',
    imageName: '',
    folder: undefined,
    format: 'add-cow',
    verify: settings.settings.verifyByDefault,
  })
  const source = computed(() => library.get(fields.sourceId))
  const folder = computed(() => fields.folder?.path ?? source.value?.directory ?? '')
  const nameEdited = ref(false)
  const imageNameEdited = ref(false)

  const proposed = computed(() => {
    if (source.value === undefined) return ''
    const there = [...library.images.values()].filter((one) => one.directory === folder.value)
    const taken = there.flatMap(({ name, imageName = '' }) => [name, imageName])
    return overlayNameFor(source.value.name, new Set(taken))
  })

  watch(
    proposed,
    (name) => {
      if (!nameEdited.value) fields.name = name
    },
    { immediate: true },
  )
  watch(
    () => fields.name,
    (name) => {
      nameEdited.value = name !== '' && name !== proposed.value
      if (!imageNameEdited.value) fields.imageName = imageNameFor(name)
    },
    { immediate: true },
  )

  const typedProblems = computed(() => ({
    name: nameProblem(fields.name),
    imageFile:
      nameProblem(fields.imageName) ??
      (fields.imageName === fields.name ? ({ kind: 'same' } as const) : undefined),
  }))

  const request = computed<ImportRequest | undefined>(() => {
    const { name: wrongName, imageFile: wrongImage } = typedProblems.value
    const { sourceId: imageId, name, imageName, format, verify } = fields
    if (imageId === undefined || wrongName !== undefined || wrongImage !== undefined) return
    return {
      ...{ kind: 'import-overlay', imageId, name, imageFileName: imageName, format, verify },
      ...(fields.folder === undefined ? {} : { folderGrant: fields.folder.id }),
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

  function problem(field: ImportField): string | undefined {
    const typed = field === 'folder' ? undefined : typedProblems.value[field]
    if (typed !== undefined) return text(`nameProblems.${typed.kind}`, { ...typed })
    return problems.sentence(planned.value.find((one) => one.field === field)?.error)
  }

  const withField: ReadonlySet<CreateField> = new Set<ImportField>(['name', 'imageFile', 'folder'])
  return {
    fields,
    source,
    folder,
    imageNameEdited,
    live,
    request,
    problem,
    general: computed(() =>
      planned.value.filter(({ field }) => !withField.has(field)).map(({ error }) => error),
    ),
  }
}
