import { basename } from 'node:path'
import { type BrowserWindow, Notification, powerSaveBlocker } from 'electron'
import type { JobSnapshot } from '../contract/jobs'
import type { Texts } from './texts'

const NO_PROGRESS = -1
/** Electron shows a bar without an end for what is above 1. */
const UNKNOWN_PROGRESS = 2

/** What running jobs do outside of the window: the taskbar, the computer's sleep, notifications. */
export class Presence {
  private blocker: number | undefined

  constructor(
    private readonly window: () => BrowserWindow | undefined,
    private readonly texts: () => Texts,
  ) {}

  /** To be called with the jobs that have not ended, whenever one of them moves. */
  update(active: readonly JobSnapshot[]): void {
    this.window()?.setProgressBar(overallProgress(active))
    if (active.length > 0) {
      this.blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    } else if (this.blocker !== undefined) {
      powerSaveBlocker.stop(this.blocker)
      this.blocker = undefined
    }
  }

  /** Tells of a job that ended while the person looks elsewhere. */
  ended({ kind, status, path }: JobSnapshot): void {
    const window = this.window()
    if (window?.isFocused() === true || !Notification.isSupported()) return
    if (status !== 'done' && status !== 'failed') return
    const say = this.texts().ended[status === 'done' ? kind : 'failed']
    const notification = new Notification({ title: say(basename(path)) })
    notification.on('click', () => window?.show())
    notification.show()
  }
}

function overallProgress(active: readonly JobSnapshot[]): number {
  if (active.length === 0) return NO_PROGRESS
  let current = 0
  let total = 0
  for (const { progress } of active) {
    current += progress?.current ?? 0
    total += progress?.total ?? 0
  }
  return total === 0 ? UNKNOWN_PROGRESS : current / total
}
