import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { type ErrorData, toErrorData } from '../../../engine'
import type { AddResult, ImageId } from '../../contract/library'
import type { FoundFiles, ScannedImage } from '../../worker/calls'
import type { Library } from './library'
import type { ScanImage } from './scanner'

const SCANS_AT_A_TIME = 4
/** Images that are taken in before others get their turn: a folder may hold thousands. */
const ADDS_AT_A_TIME = 100

type FoundFile = FoundFiles['files'][number]

/** Adds what a person pointed at: files as they are, folders for the images in them. */
export class Adder {
  constructor(
    private readonly library: Library,
    private readonly find: (paths: readonly string[]) => Promise<FoundFiles>,
    private readonly scan: ScanImage,
  ) {}

  async add(paths: readonly string[]): Promise<AddResult> {
    const { files, refused } = await this.find(paths)
    const limit = pLimit(SCANS_AT_A_TIME)
    const looks = await Promise.all(files.map((file) => limit(() => this.look(file))))

    const dataFiles = new Set(looks.map((look) => ('found' in look ? look.found.imagePath : '')))
    const added: ImageId[] = []
    const known: ImageId[] = []
    const notImages: { path: string; error: ErrorData }[] = []
    for (const [index, look] of looks.entries()) {
      if (index % ADDS_AT_A_TIME === 0) await setImmediate()
      const { path, inFolder } = look.file
      // asked for again: it may have been added while others were looked at
      const id = this.library.idOf(path)
      if (id !== undefined) known.push(id)
      else if ('error' in look) notImages.push({ path, error: look.error })
      else if (!('found' in look)) continue
      else if (inFolder && (dataFiles.has(path) || this.library.isImageFile(path))) continue
      else added.push(this.library.add(path, look.found))
    }
    return { added, known, refused: [...refused, ...notImages] }
  }

  private async look(file: FoundFile): Promise<Look> {
    if (this.library.idOf(file.path) !== undefined) return { file }
    try {
      return { file, found: await this.scan(file.path) }
    } catch (error) {
      return { file, error: toErrorData(error) }
    }
  }
}

type Look =
  | { readonly file: FoundFile }
  | { readonly file: FoundFile; readonly found: ScannedImage }
  | { readonly file: FoundFile; readonly error: ErrorData }
