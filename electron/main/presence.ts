import { basename } from 'node:path'
import { type BrowserWindow, Notification, app, powerSaveBlocker } from 'electron'
import type { JobSnapshot } from '../contract/jobs'
import { overallProgress, titleWith } from './jobs/overall-progress'
import type { Texts } from './texts'

const NO_PROGRESS = -1
/** Electron shows a bar without an end for what is above 1. */
const UNKNOWN_PROGRESS = 2

/**
 * What running jobs do outside of the window's page: its title, the taskbar, the computer's sleep,
 * notifications.
 */
export class Presence {
  private blocker: number | undefined

  constructor(
    private readonly window: () => BrowserWindow | undefined,
    private readonly texts: () => Texts,
    private readonly mayNotify: () => boolean,
  ) {}

  /** To be called with the jobs that have not ended, whenever one of them moves. */
  update(active: readonly JobSnapshot[]): void {
    const progress = overallProgress(active)
    const window = this.window()
    const bar = progress === undefined ? NO_PROGRESS : (progress.part ?? UNKNOWN_PROGRESS)
    window?.setProgressBar(bar, { mode: progress?.resting === true ? 'paused' : 'normal' })
    window?.setTitle(titleWith(app.getName(), progress, this.texts().paused))
    this.keepAwake(progress?.resting === false)
  }

  /** Tells of a job that ended while the person looks elsewhere, unless that is not wanted. */
  ended({ kind, status, path }: JobSnapshot): void {
    if (!this.mayNotify()) return
    const window = this.window()
    if (window?.isFocused() === true || !Notification.isSupported()) return
    if (status !== 'done' && status !== 'failed') return
    const say = this.texts().ended[status === 'done' ? kind : 'failed']
    const notification = new Notification({ title: say(basename(path)) })
    notification.on('click', () => window?.show())
    notification.show()
  }

  private keepAwake(wanted: boolean): void {
    if (wanted) {
      this.blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    } else if (this.blocker !== undefined) {
      powerSaveBlocker.stop(this.blocker)
      this.blocker = undefined
    }
  }
}
