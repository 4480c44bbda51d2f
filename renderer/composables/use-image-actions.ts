import type { ImageId, ImageSummary } from '../../electron/contract/library'
import { invoke } from '../bridge'
import { obstacle, type ImageAction } from '../modules/image/image-actions'
import { useDialogs } from '../stores/dialogs.store'
import { useExports } from '../stores/exports.store'
import { useJobs } from '../stores/jobs.store'
import { pathOf, useLibrary } from '../stores/library.store'
import { useNotices } from '../stores/notices.store'
import { useView } from '../stores/view.store'
import { useAttempt } from './use-attempt'
import { useCopy } from './use-copy'
import { useText } from './use-text'

interface ImageActions {
  /** Why the action cannot be done on the image now, in words; undefined where it can. */
  readonly reason: (action: ImageAction, id: ImageId | undefined) => string | undefined
  /** Does it, or opens its dialog. Nothing happens where there is a reason against it. */
  readonly run: (action: ImageAction, id: ImageId | undefined) => void
}

/** What can be done with an image, from wherever it is asked for. */
export function useImageActions(): ImageActions {
  const library = useLibrary()
  const jobs = useJobs()
  const exports = useExports()
  const dialogs = useDialogs()
  const notices = useNotices()
  const view = useView()
  const attempt = useAttempt()
  const copy = useCopy()
  const text = useText()

  function reason(action: ImageAction, id: ImageId | undefined): string | undefined {
    const job = id === undefined ? undefined : jobs.byImage.get(id)
    const served = id === undefined ? undefined : exports.byImage.get(id)
    const how = served && (served.readOnly ? 'reading' : 'writing')
    const image = library.get(id)
    const found = obstacle(action, image, job, how, library.get(image?.baseId))
    return found && text(`whyNot.${found}`)
  }

  /** The layer whose base is missing may lie further down: it is that one that is to be mended. */
  function locate(image: ImageSummary): void {
    const path = image.problem?.details['path']
    const broken = typeof path === 'string' ? library.findByPath(path) : undefined
    const usable = broken !== undefined && obstacle('locate', broken, undefined) === undefined
    dialogs.show({ kind: 'locate', imageId: usable ? broken.id : image.id })
  }

  async function forget(id: ImageId, name: string): Promise<void> {
    await attempt('forget', async () => {
      await invoke('library.forget', { ids: [id] })
      notices.add({ tone: 'info', text: text('notices.forgotten', { name }) })
    })
  }

  function run(action: ImageAction, id: ImageId | undefined): void {
    const image = library.get(id)
    if (reason(action, id) !== undefined) return
    if (action === 'new-overlay') {
      dialogs.show({ kind: 'new-overlay', baseId: image?.id })
      return
    }
    if (image === undefined) return
    switch (action) {
      case 'check':
      case 'resize':
      case 'flatten':
      case 'export':
      case 'export-overlay':
      case 'import-overlay':
      case 'commit':
      case 'rebase':
      case 'move':
      case 'compare':
      case 'serve':
        dialogs.show({ kind: action, imageId: image.id })
        break
      case 'measure':
        // it is begun where its figures stand
        view.reveal(image.id)
        view.tab = 'overview'
        break
      case 'locate':
        locate(image)
        break
      case 'rescan':
        void attempt('rescan', () => invoke('library.rescan', { ids: [image.id] }), image.id)
        break
      case 'show-in-folder':
        void attempt('showInFolder', () => invoke('library.showInFolder', { id: image.id }))
        break
      case 'copy-path':
        void copy(pathOf(image))
        break
      case 'forget':
        void forget(image.id, image.name)
        break
    }
  }

  return { reason, run }
}
