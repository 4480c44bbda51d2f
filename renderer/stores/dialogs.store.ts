import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ExportId } from '../../electron/contract/exports'
import type { JobSnapshot } from '../../electron/contract/jobs'
import type { AddResult, ImageId } from '../../electron/contract/library'
import type { ImageAction } from '../modules/image/image-actions'
import type { ErrorData } from '../../engine/base/errors'

/** A failure as the person should hear of it. */
export interface Failure {
  readonly error: ErrorData
  /** What was being done, as a heading: "Flattening vm.add-cow failed". */
  readonly title: string
  readonly imageId?: ImageId | undefined
  readonly retry?: (() => void) | undefined
}

/** Dialogs about one image, called as the action that opens them. */
export type ImageDialog = Extract<
  ImageAction,
  | 'check'
  | 'resize'
  | 'flatten'
  | 'export'
  | 'export-overlay'
  | 'import-overlay'
  | 'commit'
  | 'rebase'
  | 'locate'
  | 'move'
  | 'serve'
>

/** The dialogs. Those of an image keep its id, so a change of the selection does not move them. */
export type OpenDialog =
  | { readonly kind: 'new-overlay'; readonly baseId: ImageId | undefined }
  | { readonly kind: 'serve' | 'import-overlay'; readonly imageId: ImageId | undefined }
  | {
      readonly kind: 'export-snapshot' | 'export-grow' | 'export-stop'
      readonly exportId: ExportId
    }
  | {
      readonly kind: Exclude<ImageDialog, 'serve' | 'import-overlay'>
      readonly imageId: ImageId
    }
  | {
      readonly kind: 'compare'
      readonly imageId: ImageId
      /** What it is compared with, where that is known. */
      readonly otherId?: ImageId
      /** A comparison that was made, to be shown. */
      readonly shown?: JobSnapshot
    }
  | {
      readonly kind: 'many'
      readonly action: 'check' | 'flatten'
      readonly imageIds: readonly ImageId[]
    }
  | { readonly kind: 'shortcuts' | 'about' }
  | { readonly kind: 'refused'; readonly refused: AddResult['refused'] }

/** One dialog at a time; a failure may come on top of another dialog. */
export const useDialogs = defineStore('dialogs', () => {
  const open = shallowRef<OpenDialog>()
  const failure = shallowRef<Failure>()
  const any = computed(() => open.value !== undefined || failure.value !== undefined)

  function show(dialog: OpenDialog): void {
    open.value = dialog
  }

  function close(): void {
    open.value = undefined
  }

  function fail(next: Failure): void {
    failure.value = next
  }

  function closeFailure(): void {
    failure.value = undefined
  }

  return { open, failure, any, show, close, fail, closeFailure }
})
