import type { Host } from '../../engine'
import type { BaseMark, ScannedImage } from './calls'
import { scanImage } from './scan-image'
import { signatureOf } from './signature'

/** Far more than a person looks at one after the other; each is a few kilobytes. */
const MAX_KEPT = 256

/**
 * Scans of images. What the last one of each found is kept: who only wants to look at an image gets
 * it again for as long as no file of the chain changes, however many extents a scan would have to
 * go through.
 */
export class KeptScans {
  /** By path; the one used last stands last. */
  private readonly kept = new Map<string, ScannedImage>()

  /** Errors: those of scanImage. */
  async scan(host: Host, path: string, knownBase?: BaseMark): Promise<ScannedImage> {
    this.kept.delete(path)
    const found = await scanImage(host, path, knownBase)
    // a chain with a missing layer may be whole again without a change of what is there
    if (found.chain.problem === undefined) this.keep(path, found)
    return found
  }

  /** The last scan where it still holds, else a new one. */
  async look(host: Host, path: string, knownBase?: BaseMark): Promise<ScannedImage> {
    const known = this.kept.get(path)
    if (known === undefined || !(await stillHolds(path, known))) {
      return await this.scan(host, path, knownBase)
    }
    this.keep(path, known)
    return known
  }

  forget(): void {
    this.kept.clear()
  }

  private keep(path: string, found: ScannedImage): void {
    this.kept.delete(path)
    this.kept.set(path, found)
    const [oldest] = this.kept.keys()
    if (this.kept.size > MAX_KEPT && oldest !== undefined) this.kept.delete(oldest)
  }
}

async function stillHolds(path: string, found: ScannedImage): Promise<boolean> {
  const own = found.imagePath === undefined ? [path] : [path, found.imagePath]
  return (await signatureOf([...own, ...found.filesBelow])) === found.signature
}
