import { join } from 'node:path'
import type { Log } from '../log'

/** Changes are gathered this long before images are looked at again: programs write in bursts. */
const GATHER_MS = 400

/** As much of Node's FSWatcher as is used. */
export interface DirectoryWatch {
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): void
}

export interface WatcherOptions {
  /** `fs.watch`: names are relative to the directory; null where the system does not tell. */
  readonly watch: (directory: string, onChange: (name: string | null) => void) => DirectoryWatch
  /** Told of files that changed, came or went, and of directories where anything may have. */
  readonly onChange: (files: ReadonlySet<string>, directories: ReadonlySet<string>) => void
  readonly log: Log
}

/**
 * Watches directories for changes. One that cannot be watched is left out, and tried again at the
 * next `follow`; whoever relies on it must look for himself now and then.
 */
export class Watcher {
  private readonly watches = new Map<string, DirectoryWatch>()
  private files = new Set<string>()
  private directories = new Set<string>()
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: WatcherOptions) {}

  /** Watches these directories from now on, and no others. */
  follow(directories: ReadonlySet<string>): void {
    for (const directory of this.watches.keys()) {
      if (!directories.has(directory)) this.drop(directory)
    }
    for (const directory of directories) {
      if (!this.watches.has(directory)) this.open(directory)
    }
  }

  close(): void {
    clearTimeout(this.timer)
    this.follow(new Set())
  }

  private open(directory: string): void {
    try {
      const watch = this.options.watch(directory, (name) => this.gather(directory, name))
      watch.on('error', (error) => this.fail(directory, error))
      this.watches.set(directory, watch)
    } catch (error) {
      this.fail(directory, error)
    }
  }

  private fail(directory: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.options.log.warn(`Cannot watch ${directory}: ${reason}`)
    this.drop(directory)
  }

  private drop(directory: string): void {
    this.watches.get(directory)?.close()
    this.watches.delete(directory)
  }

  private gather(directory: string, name: string | null): void {
    if (name === null) this.directories.add(directory)
    else this.files.add(join(directory, name))
    this.timer ??= setTimeout(() => {
      const { files, directories } = this
      this.timer = undefined
      this.files = new Set()
      this.directories = new Set()
      this.options.onChange(files, directories)
    }, GATHER_MS)
  }
}
