import type { AddResult } from '../../electron/contract/library'
import { addDropped, invoke } from '../bridge'
import { isOverlay } from '../modules/image/image-actions'
import { useDialogs } from '../stores/dialogs.store'
import { useLibrary } from '../stores/library.store'
import { useNotices } from '../stores/notices.store'
import { useView } from '../stores/view.store'
import { useAttempt } from './use-attempt'
import { useText } from './use-text'

interface Add {
  /** Asks for files or a folder and adds them. */
  readonly pick: (what: 'files' | 'folder') => Promise<void>
  /** Adds dropped files, and offers an overlay where it was one that can be a base. */
  readonly drop: (files: readonly File[]) => Promise<void>
  /** Makes the sample disk and shows it. */
  readonly sample: () => Promise<void>
  /** Tells what came of adding, however it was asked for. */
  readonly report: (result: AddResult, offerOverlay?: boolean) => void
}

/** The ways in which images come into the list. */
export function useAdd(): Add {
  const attempt = useAttempt()
  const library = useLibrary()
  const view = useView()
  const notices = useNotices()
  const dialogs = useDialogs()
  const text = useText()

  function overlayOffer(result: AddResult): { label: string; run: () => void } | undefined {
    const ids = [...result.added, ...result.known]
    const image = ids.length === 1 ? library.get(ids[0]) : undefined
    if (image?.format === 'qcow2' && image.baseName !== undefined)
      return {
        label: text('notices.offerImport'),
        run: () => dialogs.show({ kind: 'import-overlay', imageId: image.id }),
      }
    if (image?.format === undefined || isOverlay(image)) return undefined
    return {
      label: text('notices.offerOverlay'),
      run: () => dialogs.show({ kind: 'new-overlay', baseId: image.id }),
    }
  }

  function report(result: AddResult, offerOverlay = false): void {
    const { added, known, refused } = result
    const first = added[0] ?? known[0]
    if (first !== undefined) view.reveal(first)
    if (refused.length > 0) dialogs.show({ kind: 'refused', refused })

    const knownText = known.length > 0 ? text.plural('notices.known', known.length) : undefined
    const action = offerOverlay ? overlayOffer(result) : undefined
    if (added.length > 0)
      notices.add({
        tone: 'ok',
        text: text.plural('notices.added', added.length),
        detail: knownText,
        action,
      })
    else if (knownText !== undefined) notices.add({ tone: 'info', text: knownText, action })
    else if (refused.length === 0) notices.add({ tone: 'info', text: text('notices.nothingFound') })
  }

  async function pick(what: 'files' | 'folder'): Promise<void> {
    const result = await attempt('add', () => invoke('library.add', { what }))
    if (result !== undefined) report(result)
  }

  async function drop(files: readonly File[]): Promise<void> {
    const result = await attempt('add', () => addDropped(files))
    if (result !== undefined) report(result, true)
  }

  async function sample(): Promise<void> {
    const result = await attempt('sample', () => invoke('library.createSample', undefined))
    if (result !== undefined) view.reveal(result.id)
  }

  return { pick, drop, sample, report }
}
