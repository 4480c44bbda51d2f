import type { ImageId } from '../../electron/contract/library'
import { invoke } from '../bridge'
import { FOR_MANY, type ImageAction } from '../modules/image/image-actions'
import { useDialogs } from '../stores/dialogs.store'
import { pathOf, useLibrary } from '../stores/library.store'
import { useNotices } from '../stores/notices.store'
import { useView } from '../stores/view.store'
import { useAttempt } from './use-attempt'
import { useCopy } from './use-copy'
import { useImageActions } from './use-image-actions'
import { useText } from './use-text'

type Ids = readonly ImageId[]

interface SelectionActions {
  /** Why the action cannot be done now, in words; undefined where it can. */
  readonly reason: (action: ImageAction, ids?: Ids) => string | undefined
  /** Does it, or opens its dialog. Of many images it leaves out those that it cannot be done on. */
  readonly run: (action: ImageAction, ids?: Ids) => void
}

/** What can be done with the images that are selected (or with `ids`), be it one or many. */
export function useSelectionActions(): SelectionActions {
  const single = useImageActions()
  const library = useLibrary()
  const dialogs = useDialogs()
  const notices = useNotices()
  const view = useView()
  const attempt = useAttempt()
  const copy = useCopy()
  const text = useText()

  function reason(action: ImageAction, ids: Ids = [...view.marked]): string | undefined {
    if (ids.length < 2) return single.reason(action, ids[0])
    // what is to be its base is asked for then
    if (action === 'new-overlay') return undefined
    if (!FOR_MANY.has(action)) return text('whyNot.only-one')
    if (action === 'compare') {
      if (ids.length > 2) return text('whyNot.only-two')
      return ids.map((id) => single.reason(action, id)).find((why) => why !== undefined)
    }
    const reasons = new Set<string>()
    for (const id of ids) {
      const found = single.reason(action, id)
      if (found === undefined) return undefined
      reasons.add(found)
    }
    const [first] = reasons
    return reasons.size === 1 ? first : text('whyNot.none-of-them')
  }

  function usable(action: ImageAction, ids: Ids): Ids {
    return ids.filter((id) => single.reason(action, id) === undefined)
  }

  async function forget(ids: Ids): Promise<void> {
    await attempt('forget', async () => {
      await invoke('library.forget', { ids })
      notices.add({ tone: 'info', text: text.plural('notices.forgottenMany', ids.length) })
    })
  }

  function runMany(action: ImageAction, ids: Ids): void {
    const [imageId, otherId] = ids
    switch (action) {
      case 'compare':
        if (imageId !== undefined && otherId !== undefined)
          dialogs.show({ kind: 'compare', imageId, otherId })
        break
      case 'check':
      case 'flatten':
        dialogs.show({ kind: 'many', action, imageIds: ids })
        break
      case 'rescan':
        void attempt('rescan', () => invoke('library.rescan', { ids }))
        break
      case 'copy-path':
        void copy(
          ids
            .flatMap((id) => library.get(id) ?? [])
            .map(pathOf)
            .join('\n'),
        )
        break
      case 'forget':
        void forget(usable(action, ids))
        break
      default:
        dialogs.show({ kind: 'new-overlay', baseId: undefined })
    }
  }

  function run(action: ImageAction, ids: Ids = [...view.marked]): void {
    const why = reason(action, ids)
    if (action === 'new-overlay' && why !== undefined) single.run(action, undefined)
    else if (ids.length < 2) single.run(action, ids[0])
    else if (why === undefined) runMany(action, ids)
  }

  return { reason, run }
}
