import pLimit from 'p-limit'
import { toErrorData } from '../../../engine'
import type { ImageId } from '../../contract/library'
import type { BaseMark, ScannedImage } from '../../worker/calls'
import { allFiles } from './image-record'
import type { Library } from './library'

/** Enough to keep the engine's thread busy while it waits for the disk. */
const SCANS_AT_A_TIME = 4

export type ScanImage = (path: string, knownBase?: BaseMark) => Promise<ScannedImage>

export interface ScannerOptions {
  readonly library: Library
  readonly scan: ScanImage
  /** See `signatures` among the calls of a worker. */
  readonly signatures: (lists: readonly (readonly string[])[]) => Promise<readonly string[]>
}

/** Looks at images again, a few at a time. An image that is asked for twice is looked at once. */
export class Scanner {
  private readonly limit = pLimit(SCANS_AT_A_TIME)
  private readonly waiting = new Map<ImageId, { baseIsOurs: boolean }>()

  constructor(private readonly options: ScannerOptions) {}

  /** `baseIsOurs`: a job of ours wrote to what lies below these images. See Library.scanned. */
  request(ids: Iterable<ImageId>, baseIsOurs = false): void {
    for (const id of ids) {
      const already = this.waiting.get(id)
      if (already !== undefined) {
        already.baseIsOurs ||= baseIsOurs
        continue
      }
      this.waiting.set(id, { baseIsOurs })
      void this.limit(() => this.scan(id))
    }
  }

  /**
   * Looks again at those of the images that have a file which is not as the last scan found it.
   * Those that were not looked at since the start have their turn anyway.
   */
  async requestChanged(ids: Iterable<ImageId>): Promise<void> {
    const { library, signatures } = this.options
    const scanned = [...ids].filter((id) => library.isScanned(id))
    if (scanned.length === 0) return
    const now = await signatures(scanned.map((id) => allFiles(library.record(id))))
    this.request(scanned.filter((id, index) => library.signature(id) !== now[index]))
  }

  private async scan(id: ImageId): Promise<void> {
    const { library, scan } = this.options
    const baseIsOurs = this.waiting.get(id)?.baseIsOurs ?? false
    // what changes from here on needs another look, even while this one is under way
    this.waiting.delete(id)
    if (!library.has(id)) return
    const record = library.record(id)
    // the job that writes to it asks for a scan at its end
    if (library.isHeld(record)) return
    try {
      const found = await scan(record.path, record.base)
      library.scanned(id, { found }, baseIsOurs)
    } catch (error) {
      library.scanned(id, { error: toErrorData(error) }, baseIsOurs)
    }
  }
}
