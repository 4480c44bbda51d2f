import { EventEmitter } from 'node:events'
import type { Settings } from '../contract/settings'

const DEFAULTS: Settings = {
  theme: 'system',
  language: 'system',
  units: 'binary',
  verifyByDefault: true,
  simultaneousJobs: 1,
  notify: true,
  cacheMiB: 4,
}

/** What the person has set. */
export class SettingsStore extends EventEmitter<{ change: [] }> {
  private settings: Settings

  constructor(stored: Partial<Settings> | undefined) {
    super()
    this.settings = { ...DEFAULTS, ...stored }
  }

  get current(): Settings {
    return this.settings
  }

  /** Memory for the bitmap of each overlay that is in use, in bytes. */
  get cacheBytes(): number {
    return this.settings.cacheMiB * 1024 * 1024
  }

  change(part: Partial<Settings>): Settings {
    this.settings = { ...this.settings, ...part }
    this.emit('change')
    return this.settings
  }
}
