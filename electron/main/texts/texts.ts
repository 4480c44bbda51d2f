import type { JobKind } from '../../../engine'

type MenuText =
  | 'file'
  | 'newOverlay'
  | 'addFiles'
  | 'addFolder'
  | 'quit'
  | 'edit'
  | 'undo'
  | 'redo'
  | 'cut'
  | 'copy'
  | 'paste'
  | 'selectAll'
  | 'search'
  | 'image'
  | 'check'
  | 'resize'
  | 'flatten'
  | 'export'
  | 'exportOverlay'
  | 'importOverlay'
  | 'compare'
  | 'serve'
  | 'commit'
  | 'rebase'
  | 'move'
  | 'showInFolder'
  | 'copyPath'
  | 'rescanImage'
  | 'forget'
  | 'view'
  | 'images'
  | 'jobs'
  | 'exports'
  | 'rescan'
  | 'settings'
  | 'resetZoom'
  | 'zoomIn'
  | 'zoomOut'
  | 'fullScreen'
  | 'help'
  | 'shortcuts'
  | 'showLog'
  | 'about'

type PickText =
  | 'addFiles'
  | 'addFolder'
  | 'watchFolder'
  | 'add'
  | 'folder'
  | 'base'
  | 'choose'
  | 'exportTarget'
  | 'qcow2Target'
  | 'images'
  | 'rawFiles'
  | 'qcow2Files'
  | 'allFiles'

/**
 * What the main process says itself: in its menu, in the system's own dialogs, in notifications. An
 * `&` stands before the letter that opens a menu.
 */
export interface Texts {
  readonly menu: Readonly<Record<MenuText, string>>
  readonly pick: Readonly<Record<PickText, string>>
  readonly quit: {
    question(jobs: number): string
    readonly detail: string
    exports(count: number, clients: number): string
    exportsDetail(clients: number): string
    readonly stay: string
    readonly leave: string
    /** Where exports are among what ends. */
    readonly leaveAll: string
  }
  /** Stands before the application's name while all jobs are paused. */
  readonly paused: string
  readonly trouble: {
    setAside(path: string, kept: string): string
    notSaved(path: string, reason: string): string
  }
  readonly ended: Readonly<Record<JobKind | 'failed', (name: string) => string>>
}
