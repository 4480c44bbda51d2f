import { dirname } from 'node:path'
import { EngineError } from '../../../engine'
import type { AddResult } from '../../contract/library'
import type { Adder } from './adder'
import type { Library } from './library'

/** New files are taken in this long after the first of them was seen: most come in company. */
const LOOK_DELAY_MS = 2000
/** Images that the person took out of the list; what was taken out first may come back. */
const MAX_LEFT_OUT = 10_000

/** What is kept of the folders between two starts. */
export interface FoldersState {
  /** With all links followed. */
  readonly folders: readonly string[]
  /** Images in them that the person does not want in the list. */
  readonly leftOut: readonly string[]
}

export interface WatchedFoldersOptions {
  readonly stored: FoldersState
  readonly library: Library
  readonly adder: Adder
  readonly onChange: (state: FoldersState) => void
  /** A look that was nobody's wish has failed. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Folders whose images come to the list by themselves, each but once: what the person takes out of
 * the list stays out. Folders below are folders of their own.
 */
export class WatchedFolders {
  private readonly folders: Set<string>
  private readonly leftOut: Set<string>
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: WatchedFoldersOptions) {
    this.folders = new Set(options.stored.folders)
    this.leftOut = new Set(options.stored.leftOut)
  }

  get paths(): ReadonlySet<string> {
    return this.folders
  }

  /** Watches a folder that the person picked, and takes in what is there. */
  async add(folder: string): Promise<AddResult> {
    this.folders.add(folder)
    this.forgetLeftOut(folder)
    this.tell()
    return await this.options.adder.add([folder])
  }

  /** Its images stay in the list. `invalid-argument` for a folder that is not watched. */
  remove(folder: string): void {
    if (!this.folders.delete(folder)) {
      throw new EngineError('invalid-argument', `${folder} is not watched`, { path: folder })
    }
    this.forgetLeftOut(folder)
    this.tell()
  }

  /** The person takes these images out of the list: they are not to come back. */
  leaveOut(images: readonly string[]): void {
    const inside = images.filter((image) => this.folders.has(dirname(image)))
    if (inside.length === 0) return
    for (const image of inside) {
      const [oldest] = this.leftOut
      if (this.leftOut.size >= MAX_LEFT_OUT && oldest !== undefined) this.leftOut.delete(oldest)
      this.leftOut.add(image)
    }
    this.tell()
  }

  /** Is told of all that changed on disk, and looks where that may be a new image. */
  noticed(files: ReadonlySet<string>, directories: ReadonlySet<string>): void {
    const { library } = this.options
    const isNew = (file: string): boolean =>
      this.folders.has(dirname(file)) && library.using([file]).size === 0
    if ([...directories].some((one) => this.folders.has(one)) || [...files].some(isNew)) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined
        this.look().catch(this.options.onFailure)
      }, LOOK_DELAY_MS)
    }
  }

  /** Takes in what is new in all the folders. What is no image there is nobody's business. */
  async look(): Promise<void> {
    if (this.folders.size > 0) await this.options.adder.add([...this.folders], this.leftOut)
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private forgetLeftOut(folder: string): void {
    for (const image of this.leftOut) if (dirname(image) === folder) this.leftOut.delete(image)
  }

  private tell(): void {
    this.options.onChange({ folders: [...this.folders], leftOut: [...this.leftOut] })
  }
}
