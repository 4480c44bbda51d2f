import { computed, reactive, ref, watch, type ComputedRef } from 'vue'
import type { MoveOverlayRequest, PathGrant } from '../../../electron/contract/jobs'
import type { ImageId, ImageSummary } from '../../../electron/contract/library'
import { usePlan, type LivePlan } from '../../composables/use-plan'
import { useText } from '../../composables/use-text'
import { useLibrary } from '../../stores/library.store'
import { nameProblem } from '../create/names'
import { copyNames, imageNameBeside, type FileNames } from './names'

interface Fields {
  copy: boolean
  names: MoveOverlayRequest['names']
  name: string
  imageName: string
  folder: PathGrant | undefined
}

export interface MoveForm {
  readonly fields: Fields
  readonly image: ComputedRef<ImageSummary | undefined>
  /** Where the overlay file goes. */
  readonly folder: ComputedRef<string>
  /** Whether no file goes anywhere: only the names that are stored change. */
  readonly namesOnly: ComputedRef<boolean>
  readonly live: LivePlan
  /** With nobody agreed to be broken yet; undefined while a name is wrong. */
  readonly request: ComputedRef<MoveOverlayRequest | undefined>
  /** What stands below a name, if anything is wrong with it. */
  readonly problem: (field: 'name' | 'imageName') => string | undefined
}

/** The fields of a move: a name follows what is proposed for it until it is typed in. */
export function useMoveForm(imageId: ImageId): MoveForm {
  const library = useLibrary()
  const text = useText()
  const image = computed(() => library.get(imageId))
  const present: FileNames = {
    name: image.value?.name ?? '',
    imageName: image.value?.imageName ?? '',
  }
  const directory = image.value?.directory ?? ''
  const fields = reactive<Fields>({
    ...{ copy: false, names: 'relative', folder: undefined },
    ...present,
  })
  const typed = ref(false)

  const folder = computed(() => fields.folder?.path ?? directory)
  const stays = computed(() => folder.value === directory)
  const proposed = computed<FileNames>(() => {
    if (!fields.copy || !stays.value) return present
    const taken = [...library.images.values()].flatMap(({ name, imageName = '' }) => [
      name,
      imageName,
    ])
    return copyNames(present, new Set(taken))
  })

  watch(proposed, (now) => {
    if (!typed.value) Object.assign(fields, now)
  })
  watch(
    () => fields.name,
    (name) => {
      if (name === proposed.value.name) return
      typed.value = true
      fields.imageName = imageNameBeside(name, present)
    },
  )

  const problems = computed(() => ({
    name: nameProblem(fields.name),
    imageName:
      nameProblem(fields.imageName) ??
      (fields.imageName === fields.name ? ({ kind: 'same' } as const) : undefined),
  }))

  const request = computed<MoveOverlayRequest | undefined>(() => {
    if (problems.value.name !== undefined || problems.value.imageName !== undefined) return
    const { copy, names, name, imageName } = fields
    return {
      ...{ kind: 'move', imageId, name, imageFileName: imageName, copy, names, accepted: [] },
      ...(fields.folder === undefined ? {} : { folderGrant: fields.folder.id }),
    }
  })

  return {
    fields,
    image,
    folder,
    namesOnly: computed(
      () =>
        !fields.copy &&
        stays.value &&
        fields.name === present.name &&
        fields.imageName === present.imageName,
    ),
    live: usePlan(() => request.value),
    request,
    problem: (field) => {
      const wrong = problems.value[field]
      return wrong && text(`nameProblems.${wrong.kind}`, { ...wrong })
    },
  }
}
