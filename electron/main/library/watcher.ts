import { basename, join } from 'node:path'
import type { Log } from '../log'

/** Changes are gathered this long before images are looked at again: programs write in bursts. */
const GATHER_MS = 400

/** As much of Node's FSWatcher as is used. */
export interface DirectoryWatch {
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): void
}

/** `rename` where something came or went; null where the system does not tell the name. */
export type OnDirectoryChange = (event: 'rename' | 'change', name: string | null) => void

export interface WatcherOptions {
  /** `fs.watch`: names are relative to the directory. */
  readonly watch: (directory: string, onChange: OnDirectoryChange) => DirectoryWatch
  /** Told of files that changed, came or went, and of directories where anything may have. */
  readonly onChange: (files: ReadonlySet<string>, directories: ReadonlySet<string>) => void
  readonly log: Log
}

/**
 * Watches directories for changes. One that cannot be watched, or no longer, is left out, and tried
 * again at the next `follow`; whoever relies on it must look for himself now and then. So he must
 * where a directory farther up is renamed: of that the system tells nothing.
 */
export class Watcher {
  private readonly watches = new Map<string, DirectoryWatch>()
  /** Wanted, but could not be watched when that was last tried. */
  private readonly lost = new Set<string>()
  private files = new Set<string>()
  private directories = new Set<string>()
  /** These may be gone or another directory by now: a watch stays with what it began with. */
  private doubtful = new Set<string>()
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: WatcherOptions) {}

  /**
   * Watches these directories from now on, and no others. What happened in one of them before is
   * not told, unless it was watched before and lost.
   */
  follow(directories: ReadonlySet<string>): void {
    for (const directory of [...this.watches.keys(), ...this.lost]) {
      if (!directories.has(directory)) this.drop(directory)
    }
    for (const directory of directories) {
      if (this.watches.has(directory)) continue
      const wasLost = this.lost.has(directory)
      if (this.open(directory) && wasLost) this.tellAll(directory)
    }
  }

  close(): void {
    this.follow(new Set())
    clearTimeout(this.timer)
  }

  private open(directory: string): boolean {
    try {
      const watch = this.options.watch(directory, (event, name) => {
        this.gather(directory, event, name)
      })
      watch.on('error', (error) => {
        this.lose(directory, error)
        this.tellAll(directory)
      })
      this.watches.set(directory, watch)
      this.lost.delete(directory)
      return true
    } catch (error) {
      this.lose(directory, error)
      return false
    }
  }

  private lose(directory: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (!this.lost.has(directory)) this.options.log.warn(`Cannot watch ${directory}: ${reason}`)
    this.drop(directory)
    this.lost.add(directory)
  }

  private drop(directory: string): void {
    this.watches.get(directory)?.close()
    this.watches.delete(directory)
    this.lost.delete(directory)
  }

  private gather(directory: string, event: 'rename' | 'change', name: string | null): void {
    if (event === 'rename' && name === basename(directory)) this.doubtful.add(directory)
    if (name === null) this.tellAll(directory)
    else this.files.add(join(directory, name))
    this.tellSoon()
  }

  private tellAll(directory: string): void {
    this.directories.add(directory)
    this.tellSoon()
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      this.renew()
      const { files, directories } = this
      this.files = new Set()
      this.directories = new Set()
      this.options.onChange(files, directories)
    }, GATHER_MS)
  }

  /** A directory that was removed or renamed tells its own name; so does a file of that name. */
  private renew(): void {
    const { doubtful } = this
    this.doubtful = new Set()
    for (const directory of doubtful) {
      if (!this.watches.has(directory)) continue
      this.drop(directory)
      this.open(directory)
      this.directories.add(directory)
    }
  }
}
