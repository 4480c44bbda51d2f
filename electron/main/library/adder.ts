import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { type ErrorData, toErrorData } from '../../../engine'
import type { AddResult, ImageId } from '../../contract/library'
import type { FoundFiles, ScannedImage } from '../../worker/calls'
import type { Library } from './library'
import { MultiMap } from './multi-map'
import type { ScanImage } from './scanner'

const SCANS_AT_A_TIME = 4
/** Images that are taken in before others get their turn: a folder may hold thousands. */
const ADDS_AT_A_TIME = 100

/** Files that call themselves raw disks. */
const RAW_BY_NAME = /\.raw$/i

export interface AdderOptions {
  readonly library: Library
  readonly find: (paths: readonly string[]) => Promise<FoundFiles>
  readonly scan: ScanImage
  readonly rescan: (ids: readonly ImageId[]) => void
}

const NONE: ReadonlySet<string> = new Set()

type FoundFile = FoundFiles['files'][number]

/** Files that wait for a yes; who pointed at more of them is asked to do so again. */
const MAX_WAITING = 1000

/** Adds what a person pointed at: files as they are, folders for the images in them. */
export class Adder {
  /** Files that were refused for want of a yes to a name. */
  private readonly waiting = new MultiMap<string, string>()

  constructor(private readonly options: AdderOptions) {}

  /** All but what is to be left out: files, with all links followed. */
  async add(paths: readonly string[], leftOut: ReadonlySet<string> = NONE): Promise<AddResult> {
    const { library, find, rescan } = this.options
    const { files: all, refused } = await find(paths)
    const files = all.filter(({ path }) => !leftOut.has(path))
    const limit = pLimit(SCANS_AT_A_TIME)
    const looks = await Promise.all(files.map((file) => limit(() => this.look(file))))

    const dataFiles = new Set(looks.map((look) => ('found' in look ? look.found.imagePath : '')))
    const added = new Map<string, ImageId>()
    const known: ImageId[] = []
    const notImages: { path: string; error: ErrorData }[] = []
    for (const [index, look] of looks.entries()) {
      if (index % ADDS_AT_A_TIME === 0) await setImmediate()
      const { path, inFolder } = look.file
      // asked for again: it may have been added while others were looked at
      const id = library.idOf(path)
      if (id !== undefined) known.push(id)
      else if ('error' in look) notImages.push(this.refuse(path, look.error))
      else if (!('found' in look)) continue
      else if (inFolder && (dataFiles.has(path) || library.isImageFile(path))) continue
      else added.set(path, library.add(path, look.found))
    }
    // who adds the base of an overlay has said yes to it
    rescan(library.waitingFor([...added.keys()]))
    return { added: [...added.values()], known, refused: [...refused, ...notImages] }
  }

  /** Adds, after a yes to a name, what was refused for want of it. */
  async addWaiting(name: string): Promise<void> {
    const paths = [...this.waiting.get(name)]
    for (const path of paths) this.waiting.delete(name, path)
    if (paths.length > 0) await this.add(paths)
  }

  private refuse(path: string, error: ErrorData): { path: string; error: ErrorData } {
    const { target } = error.details
    const asks = error.code === 'chain/needs-consent' && typeof target === 'string'
    if (asks && [...this.waiting.keys()].length < MAX_WAITING) this.waiting.add(target, path)
    return { path, error }
  }

  private async look(file: FoundFile): Promise<Look> {
    const { library, scan } = this.options
    const { path, inFolder } = file
    if (library.idOf(path) !== undefined || (inFolder && library.isImageFile(path))) return { file }
    try {
      const found = await scan(path)
      if (!RAW_BY_NAME.test(path) || found.chain.layers[0]?.format === 'raw') return { file, found }
      // a guest may have written the first bytes that say otherwise; what it is, the person says
      library.settle(path, 'raw')
      return { file, found: await scan(path) }
    } catch (error) {
      return { file, error: toErrorData(error) }
    }
  }
}

type Look =
  | { readonly file: FoundFile }
  | { readonly file: FoundFile; readonly found: ScannedImage }
  | { readonly file: FoundFile; readonly error: ErrorData }
