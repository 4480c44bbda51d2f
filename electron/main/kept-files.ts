import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { Settings } from '../contract/settings'
import type { StoredJob } from './jobs/job-queue'
import { JsonFile, type Loaded } from './json-file'
import type { ImageRecord } from './library/image-record'
import type { FoldersState } from './library/watched-folders'
import type { Log } from './log'
import {
  type StoredFolders,
  type StoredJobs,
  type StoredLibrary,
  type StoredNames,
  type WindowPlace,
  agreedNamesFile,
  foldersFile,
  jobsFile,
  libraryFile,
  settingsFile,
  windowFile,
} from './stored-data'

/** What was kept from the last start. */
export interface Remembered {
  readonly settings: Partial<Settings> | undefined
  readonly images: readonly ImageRecord[]
  readonly agreedNames: readonly string[]
  readonly folders: FoldersState
  readonly jobs: readonly StoredJob[]
  readonly place: WindowPlace | undefined
  /** Files that could not be used, and what they are called now. */
  readonly setAside: readonly { readonly path: string; readonly kept: string }[]
}

/** All that the application keeps between two starts, a file each in one folder. */
export class KeptFiles extends EventEmitter<{ saveFailed: [path: string, error: Error] }> {
  readonly settings: JsonFile<Partial<Settings>>
  readonly library: JsonFile<StoredLibrary>
  readonly agreedNames: JsonFile<StoredNames>
  readonly folders: JsonFile<StoredFolders>
  readonly jobs: JsonFile<StoredJobs>
  readonly window: JsonFile<WindowPlace>

  constructor(folder: string, log: Log) {
    super()
    const onSaveFailed = (path: string, error: Error): void => {
      this.emit('saveFailed', path, error)
    }
    const common = { log, onSaveFailed }
    const path = (name: string): string => join(folder, name)
    this.settings = new JsonFile({ path: path('settings.json'), schema: settingsFile, ...common })
    this.library = new JsonFile({ path: path('library.json'), schema: libraryFile, ...common })
    this.agreedNames = new JsonFile({
      ...{ path: path('agreed-names.json'), schema: agreedNamesFile },
      ...common,
    })
    this.folders = new JsonFile({ path: path('folders.json'), schema: foldersFile, ...common })
    this.jobs = new JsonFile({ path: path('jobs.json'), schema: jobsFile, ...common })
    this.window = new JsonFile({ path: path('window.json'), schema: windowFile, ...common })
  }

  async load(): Promise<Remembered> {
    const setAside: { path: string; kept: string }[] = []
    const valueOf = <Value>(file: JsonFile<Value>, loaded: Loaded<Value>): Value | undefined => {
      if (loaded.setAside !== undefined) setAside.push({ path: file.path, kept: loaded.setAside })
      return loaded.value
    }
    const folders = valueOf(this.folders, await this.folders.load())
    return {
      settings: valueOf(this.settings, await this.settings.load()),
      images: valueOf(this.library, await this.library.load())?.images ?? [],
      agreedNames: valueOf(this.agreedNames, await this.agreedNames.load())?.names ?? [],
      folders: { folders: folders?.folders ?? [], leftOut: folders?.leftOut ?? [] },
      jobs: valueOf(this.jobs, await this.jobs.load())?.jobs ?? [],
      place: valueOf(this.window, await this.window.load()),
      setAside,
    }
  }

  /** Resolves when all changes are in their files. */
  async save(): Promise<void> {
    const files = [
      ...[this.settings, this.library, this.agreedNames, this.folders],
      ...[this.jobs, this.window],
    ]
    await Promise.all(files.map((file) => file.flush()))
  }
}
