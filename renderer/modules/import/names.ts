import { imageNameFor, OVERLAY_SUFFIX, stem } from '../create/names'

/** A name for the overlay of a qcow2 image whose files have no name that is taken already. */
export function overlayNameFor(sourceName: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const root = stem(sourceName) + (number === 1 ? '' : `-${number}`)
    const name = root + OVERLAY_SUFFIX
    if (!taken.has(name) && !taken.has(imageNameFor(name))) return name
  }
}
